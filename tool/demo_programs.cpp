// The upper-case service of the textbook: the client sends a line, the server sends it back in capitals.
#include "demo_programs.hpp"

#include <array>
#include <cardea/socket.hpp>
#include <string_view>

namespace cardea_tool {

namespace {

using cardea::family;
using cardea::type;

constexpr std::string_view sentence = "open the door";
constexpr std::string_view any_free_port = "127.0.0.1:0";

void to_upper(char* text, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        if (text[i] >= 'a' && text[i] <= 'z') text[i] = static_cast<char>(text[i] - 'a' + 'A');
    }
}

}  // namespace

void tcp_server(meeting_point& meet) {
    cardea::socket door(family::inet, type::stream);
    door.bind(any_free_port);
    door.listen(5);
    meet.server = door.local();
    auto [connection, client] = door.accept();
    std::array<char, 64> line{};
    while (const auto n = connection.recv(line)) {
        to_upper(line.data(), n);
        connection.send({line.data(), n});
    }
    connection.close();
    door.close();
}

void tcp_client(meeting_point& meet) {
    cardea::socket s(family::inet, type::stream);
    s.connect(meet.server);
    s.send(sentence);
    std::array<char, 64> answer{};
    s.recv_exactly({answer.data(), sentence.size()});
    s.close();
}

void udp_server(meeting_point& meet) {
    cardea::socket door(family::inet, type::datagram);
    door.bind(any_free_port);
    meet.server = door.local();
    std::array<char, 512> line{};
    const auto [n, client] = door.recv_from(line);
    to_upper(line.data(), n);
    door.send_to({line.data(), n}, client);
    door.close();
}

void udp_client(meeting_point& meet) {
    cardea::socket s(family::inet, type::datagram);
    s.send_to(sentence, meet.server);
    std::array<char, 512> answer{};
    s.recv_from(answer);
    s.close();
}

}  // namespace cardea_tool
