// A DNS forwarder over UDP: the questions of many clients go to one server, its answers back to who asked.
//     dns_forwarder 127.0.0.1:5300 9.9.9.9:53            then: dig @127.0.0.1 -p 5300 +notcp example.org
// Each question is a fiber with a socket of its own. Its identifier and its port are drawn anew, and the socket is
// connected: an answer counts only if it comes from the server asked, to that port, with that identifier and that
// question (RFC 5452 section 9). No answer in time: the client is told SERVFAIL.
#include <array>
#include <cardea/cardea.hpp>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>

#include "server.hpp"

using namespace cardea;

namespace {

constexpr std::size_t most_pending = 512;  // questions of one thread; more are not taken, and their clients ask again
constexpr std::chrono::seconds patience{3};
constexpr std::size_t header_size = 12;  // RFC 1035 section 4.1.1
constexpr std::size_t longest_name = 255;

// The one question of a message, name, type and class, as bytes; nullopt: it is no message with one question.
std::optional<std::string_view> question_of(std::string_view message) {
    if (message.size() < header_size || message.substr(4, 2) != std::string_view("\0\1", 2)) return std::nullopt;
    std::size_t at = header_size;
    while (at < message.size() && message[at] != 0) {
        const auto label = static_cast<unsigned char>(message[at]);
        if (label > 63 || at - header_size > longest_name) return std::nullopt;  // no compression in a question
        at += 1U + label;
    }
    at += 1 + 4;
    if (at > message.size()) return std::nullopt;
    return message.substr(header_size, at - header_size);
}

bool is_answer(std::string_view message) { return (static_cast<unsigned char>(message[2]) & 0x80U) != 0; }

// The question back, with "server failure" (RFC 1035 section 4.1.1: QR, and RCODE 2).
std::string failure_for(std::string_view asked, std::size_t question_size) {
    std::string message(asked.substr(0, header_size + question_size));
    message[2] = static_cast<char>(static_cast<unsigned char>(message[2]) | 0x80U);
    message[3] = static_cast<char>(0x82);  // recursion available
    message.replace(6, 6, 6, '\0');        // no answers, no authority, nothing additional
    return message;
}

// Asks the server, under another identifier; the answer comes back with the client's.
std::string answer_from(const endpoint& server, std::string asked, std::string_view question) {
    const std::string id_of_client = asked.substr(0, 2);
    const std::uint64_t drawn = this_network().random();
    asked[0] = static_cast<char>(drawn & 0xffU);
    asked[1] = static_cast<char>((drawn >> 8U) & 0xffU);
    udp_socket door = udp_socket::connect(server);
    door.send(asked);
    std::string room(65535, '\0');
    const deadline within(patience);
    for (;;) {
        const std::size_t n = door.recv(room);
        const std::string_view answer = std::string_view(room).substr(0, n);
        if (question_of(answer) == question && is_answer(answer) && answer.substr(0, 2) == asked.substr(0, 2)) {
            return id_of_client + std::string(answer.substr(2));
        }
    }
}

void forward(udp_socket& door, const std::string& asked, const endpoint& client, const endpoint& server) {
    const auto question = question_of(asked);
    if (!question || is_answer(asked)) return;
    std::string answer;
    try {
        answer = answer_from(server, asked, *question);
    } catch (const std::exception& e) {
        std::cerr << "for " + client.to_string() + ": " + e.what() + "\n";
        answer = failure_for(asked, question->size());
    }
    std::error_code client_gone;
    door.send_to(answer, client, client_gone);
}

}  // namespace

int main(int argc, char** argv) {
    std::error_code ec;
    const endpoint server = endpoint::parse(argc == 3 ? argv[2] : "", ec);
    if (ec) {
        std::cerr << "usage: dns_forwarder ADDRESS SERVER:PORT   (numbers: names are what it is there for)\n";
        return 2;
    }
    const auto take = [&server](udp_socket& door, const_buffer datagram, const endpoint& client) {
        thread_local std::size_t pending = 0;
        if (pending == most_pending) return;
        spawn([&, asked = std::string(datagram.text()), client] {
            ++pending;
            forward(door, asked, client, server);
            --pending;
        });
    };
    return serve_anywhere("dns_forwarder", argv[1], take);
}
