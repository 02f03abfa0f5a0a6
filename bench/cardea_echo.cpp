// Cardea's echo server for the benchmark, as a user would write it: one loop, a fiber per connection.
// CARDEA_NETWORK chooses the network. The contract of every peer is in bench/README.md.
#include <array>
#include <cardea/cardea.hpp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

// Messages have their room on the fiber's stack; bulk asks for more than a stack should hold.
constexpr std::size_t on_stack = 4096;

void echo(cardea::tcp_stream& peer, cardea::mutable_buffer room) {
    std::error_code ec;
    while (const std::size_t n = peer.recv(room, ec)) {
        peer.send_all({room.data(), n}, ec);
        if (ec) break;
    }
}

// In functions of their own, so that each has the stack that it needs and no more.
[[gnu::noinline]] void echo_leases(cardea::tcp_stream& peer) {
    std::error_code ec;
    while (const cardea::lease bytes = peer.recv_lease(ec)) {
        peer.send_all(bytes, ec);
        if (ec) break;
    }
}

[[gnu::noinline]] void echo_on_stack(cardea::tcp_stream& peer) {
    std::array<std::byte, on_stack> room;
    echo(peer, room);
}

// No buffer at all: what arrived is borrowed.
void serve_one(cardea::tcp_stream peer, std::size_t buffer_bytes) {
    if (buffer_bytes == 0) {
        echo_leases(peer);
    } else if (buffer_bytes <= on_stack) {
        echo_on_stack(peer);
    } else {
        const auto room = std::make_unique_for_overwrite<std::byte[]>(buffer_bytes);
        echo(peer, {room.get(), buffer_bytes});
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string port = argc > 1 ? argv[1] : "0";
    const std::size_t buffer_bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : on_stack;
    cardea::serve("127.0.0.1:" + port,
                  [buffer_bytes](cardea::tcp_stream peer) { serve_one(std::move(peer), buffer_bytes); },
                  {.threads = 1, .drain = std::chrono::seconds(0), .on_ready = [](const auto& where) {
                       std::printf("ready %u\n", static_cast<unsigned>(where.front().port()));
                       std::fflush(stdout);
                   }});
}
