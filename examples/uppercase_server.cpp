// The textbook's TCP server as one would write it today: any number of clients at once, on every core, until SIGTERM.
//     uppercase_server 127.0.0.1:2000
#include <array>
#include <cardea/cardea.hpp>
#include <cctype>
#include <iostream>

void capitals(cardea::tcp_stream client) {
    std::array<char, 1024> sentence;
    while (auto n = client.recv(sentence)) {  // parks this fiber; its thread serves the others meanwhile
        for (char& c : sentence) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        client.send_all({sentence.data(), n});
    }
}

int main(int argc, char** argv) {
    try {
        cardea::serve_options options;
        options.on_ready = [](const auto& where) {
            std::cout << "The server is ready to receive at " << where.front().to_string() << std::endl;
        };
        cardea::serve(argc > 1 ? argv[1] : "*:2000", capitals, options);
        return 0;
    } catch (const std::exception& e) {
        std::cerr << "uppercase_server: " << e.what() << '\n';
        return 1;
    }
}
