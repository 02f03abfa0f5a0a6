// The textbook's UDP server: each datagram goes back to where it came from, in capitals. No connections.
//     udp_server 127.0.0.1:2000
#include <array>
#include <cardea/cardea.hpp>
#include <cctype>
#include <iostream>

#include "anywhere.hpp"

int main(int argc, char** argv) {
    using namespace cardea;
    return run_anywhere("udp_server", [&] {
        socket door{family::inet6, type::datagram};  // takes IPv4 as well
        door.bind(argc > 1 ? argv[1] : "*:2000");
        std::cout << "The server is ready to receive at " << door.local().to_string() << std::endl;

        std::array<char, 2048> message;
        while (true) {
            auto [n, client] = door.recv_from(message);  // waits for a datagram; says whose it is
            for (char& c : message) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            door.send_to({message.data(), n}, client);
        }
    });
}
