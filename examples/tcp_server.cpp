// The textbook's TCP server: each client sends a sentence and gets it back in capitals. One client at a time.
//     tcp_server 127.0.0.1:2000
#include <array>
#include <cardea/cardea.hpp>
#include <cctype>
#include <iostream>

#include "anywhere.hpp"

int main(int argc, char** argv) {
    using namespace cardea;
    return run_anywhere("tcp_server", [&] {
        socket welcome{family::inet6, type::stream};  // takes IPv4 as well
        welcome.set(option::reuse_address{});
        welcome.bind(argc > 1 ? argv[1] : "*:2000");
        welcome.listen(5);
        std::cout << "The server is ready to receive at " << welcome.local().to_string() << std::endl;

        while (true) {
            auto [connection, client] = welcome.accept();  // waits for a client; makes a new socket for it
            std::cout << "serving " << client.to_string() << std::endl;
            std::array<char, 1024> sentence;
            while (auto n = connection.recv(sentence)) {  // 0: the client has closed
                for (char& c : sentence) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
                connection.send({sentence.data(), n});
            }
            connection.close();
        }
    });
}
