// See scenes.hpp.
#include "scenes.hpp"

#include <unistd.h>

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <thread>

#include "mirror.hpp"

namespace cardea::conformance {

two_streams connected_pair(bool small_buffers) {
    constexpr int small = 4096;
    socket listening(family::inet, type::stream);
    if (small_buffers) listening.set(option::receive_buffer{small});  // before listen: TCP's window scale depends on it
    listening.bind("127.0.0.1:0");
    listening.listen(16);
    tcp_listener door(std::move(listening));
    two_streams both;
    both.client = tcp_stream::connect(door.local());
    both.server = door.accept();
    if (this_network().name() == std::string_view("tun")) {
        EXPECT_GE(traffic_of("cardea").packets_sent, 3U) << "the handshake has crossed the device";
    }
    if (small_buffers) {
        both.client.set(option::send_buffer{small});
        both.server.set(option::send_buffer{small});
    }
    return both;
}

std::byte pattern(std::uint64_t position) noexcept {
    // A multiplicative hash of the position (Knuth): neighbours differ, and so do stretches 2^n apart.
    const std::uint64_t mixed = (position + 1) * 0x9E3779B97F4A7C15ULL;
    return static_cast<std::byte>(mixed >> 56U);
}

std::vector<std::byte> pattern_bytes(std::uint64_t position, std::size_t size) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = pattern(position + i);
    return bytes;
}

std::size_t matching_bytes(const_buffer data, std::uint64_t position) noexcept {
    std::size_t n = 0;
    while (n < data.size() && data.data()[n] == pattern(position + n)) ++n;
    return n;
}

std::error_code send_until_it_fails(stream& to) {
    std::error_code ec;
    for (to.send("x", ec); !ec; to.send("x", ec)) cardea::sleep(1ms);
    return ec;
}

std::size_t fill(stream& to) {
    const std::vector<std::byte> piece(64 * 1024);
    std::size_t total = 0;
    std::error_code ec;
    while (!ec) {
        const deadline soon(50ms);
        total += to.send_all(piece, ec);
    }
    return total;
}

nobody::nobody(type kind, family f) : holder_(f, kind) {
    constexpr std::uint16_t discard = 9;
    holder_.bind(endpoint::loopback(f, 0));
    if (kind == type::datagram) holder_.connect(endpoint::loopback(f, discard));
}

tcp_stream fill_queue(const tcp_listener& door) {
    tcp_stream one = tcp_stream::connect(door.local());
    // The client is connected a little before the server has seen the end of the handshake. A byte that is acknowledged
    // has come after it.
    const std::uint64_t before = one.info().bytes_acknowledged;
    one.send_all("x");
    while (one.info().bytes_acknowledged == before) sleep(1ms);
    return one;
}

void child_mark::here() noexcept { thread_.store(::gettid()); }

void child_mark::let_wait() const {
    if (this_fiber::on_loop()) {
        constexpr int several_turns = 1024;
        for (int i = 0; i < several_turns; ++i) yield();
        return;
    }
    while (thread_.load() == 0) yield();
    const std::string path = "/proc/self/task/" + std::to_string(thread_.load()) + "/stat";
    for (;;) {
        // "TID (NAME) STATE ...", proc(5); the name may hold anything.
        std::string line;
        std::getline(std::ifstream(path), line);
        const std::size_t closing = line.rfind(')');
        if (closing == std::string::npos || line.compare(closing + 2, 1, "S") == 0) return;
        yield();
    }
}

}  // namespace cardea::conformance
