// A world of two hosts with one link, an echo server on one and a client on the other.
#pragma once

#include <cardea/cardea.hpp>
#include <cardea/sim.hpp>
#include <cstddef>
#include <string>
#include <vector>

namespace cardea::sim::test {

inline std::vector<std::byte> numbered_bytes(std::size_t size) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 2654435761U) >> 24U);
    return bytes;
}

/// Sends `size` bytes to the echo server at `where` and reads them back at the same time.
inline std::vector<std::byte> echoed(const std::string& where, std::size_t size) {
    tcp_stream peer = tcp_stream::connect(where);
    const std::vector<std::byte> out = numbered_bytes(size);
    std::vector<std::byte> back(size);
    scope both;
    both.spawn([&] { peer.send_all(out); });
    both.spawn([&] { peer.recv_exactly(back); });
    both.join();
    return back;
}

inline void serve_echo() {
    tcp_listener door("*:7");
    scope handlers;
    for (;;) {
        handlers.spawn([peer = door.accept()]() mutable {
            std::vector<std::byte> buffer(4096);
            while (const std::size_t n = peer.recv(buffer)) peer.send_all({buffer.data(), n});
        });
    }
}

struct exchange {
    report what;
    std::vector<std::byte> back;
    /// On the client's clock.
    std::chrono::nanoseconds took{0};
};

inline exchange echo_over(const link_options& how, std::size_t size, seed s) {
    world w(s);
    sim::host& server = w.host("server");
    sim::host& client = w.host("client");
    w.link(server, client, how);
    exchange e;
    server.run(serve_echo);
    client.run([&] {
        const std::int64_t begin_ns = this_network().now_ns();
        e.back = echoed("server:7", size);
        e.took = std::chrono::nanoseconds(this_network().now_ns() - begin_ns);
    });
    e.what = w.run();
    return e;
}

}  // namespace cardea::sim::test
