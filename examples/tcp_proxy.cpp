// A TCP proxy: what comes to one address goes to another and back, both ways at once.
//     tcp_proxy 127.0.0.1:8080 example.org:80            then: curl -H 'Host: example.org' http://127.0.0.1:8080/
//     tcp_proxy 127.0.0.1:8080 127.0.0.1:8000 60         each connection is over after a minute, whatever it does
// The end of one way is passed on while the other goes on (half-close). A reader that is slow slows its sender down:
// nothing piles up in between.
#include <cardea/cardea.hpp>
#include <chrono>
#include <iostream>
#include <string>

#include "server.hpp"

using namespace cardea;

namespace {

constexpr std::chrono::seconds to_connect{10};
constexpr std::chrono::hours unless_told{1};

// One string and one call: other threads print as well.
void report(const endpoint& client, const copied_both_ways& went, std::error_code ec) {
    std::cout << client.to_string() + ": " + std::to_string(went.forth.bytes) + " bytes forth, " +
                     std::to_string(went.back.bytes) + " back" + (ec ? ": " + ec.message() : "") + "\n"
              << std::flush;
}

tcp_stream connect_in_time(const std::string& server) {
    const deadline within(to_connect);
    return tcp_stream::connect(server);
}

void pass_on(tcp_stream client, const std::string& to, std::chrono::nanoseconds longest) {
    tcp_stream server = connect_in_time(to);
    const deadline within(longest);
    std::error_code ec;
    const copied_both_ways went = copy_both(client, server, ec);
    report(client.peer(), went, ec);
    if (ec) {  // cut short is not ended: both shall know
        client.reset();
        server.reset();
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3 || argc > 4) {
        std::cerr << "usage: tcp_proxy ADDRESS SERVER:PORT [SECONDS]\n";
        return 2;
    }
    const std::string server = argv[2];
    const std::chrono::nanoseconds longest = argc > 3 ? std::chrono::seconds(std::stol(argv[3])) : unless_told;
    return serve_anywhere("tcp_proxy", argv[1],
                          [&](tcp_stream client) { pass_on(std::move(client), server, longest); });
}
