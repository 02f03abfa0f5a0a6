// The textbook's UDP client: sends a sentence as one datagram, prints the one that comes back.
//     udp_client 127.0.0.1:2000
#include <array>
#include <cardea/cardea.hpp>
#include <iostream>
#include <string>

#include "anywhere.hpp"

int main(int argc, char** argv) {
    using namespace cardea;
    using namespace std::chrono_literals;
    return run_anywhere("udp_client", [&] {
        socket door{family::inet6, type::datagram};

        std::cout << "Input lowercase sentence: " << std::flush;
        std::string message;
        std::getline(std::cin, message);
        door.send_to(message, argc > 1 ? argv[1] : "127.0.0.1:2000");

        deadline within{2s};  // UDP promises nothing: the answer may never come
        std::array<char, 2048> modified;
        auto [n, server] = door.recv_from(modified);
        std::cout << "From server: " << std::string_view(modified.data(), n) << std::endl;
        door.close();
    });
}
