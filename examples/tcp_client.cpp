// The textbook's TCP client: sends a sentence, prints it as the server gives it back.
//     tcp_client 127.0.0.1:2000
#include <array>
#include <cardea/cardea.hpp>
#include <iostream>
#include <string>

#include "anywhere.hpp"

int main(int argc, char** argv) {
    using namespace cardea;
    return run_anywhere("tcp_client", [&] {
        socket connection{family::inet6, type::stream};
        connection.connect(argc > 1 ? argv[1] : "127.0.0.1:2000");  // TCP's three-way handshake

        std::cout << "Input lowercase sentence: " << std::flush;
        std::string sentence;
        std::getline(std::cin, sentence);
        connection.send(sentence);
        connection.shutdown(direction::send);  // that was all

        std::array<char, 1024> modified;
        std::cout << "From server: ";
        while (auto n = connection.recv(modified)) {  // a stream: it may come in pieces
            std::cout.write(modified.data(), static_cast<std::streamsize>(n));
        }
        std::cout << std::endl;
        connection.close();
    });
}
