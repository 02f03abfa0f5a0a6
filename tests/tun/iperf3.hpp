// What iperf3 and its peers say to each other, for the server and the client of the tests. iperf3 has no published
// protocol; what it does is this:
//   The client opens a control connection and sends a cookie of 37 bytes. From then on the server says what comes next,
//   in one byte; JSON goes over it behind a length of four bytes. Each stream is a connection of its own to the same
//   port that begins with the cookie again, or, for UDP, a datagram that is answered. When the client says that the
//   test is over, both sides exchange what they have counted.
#pragma once

#include <array>
#include <cardea/cardea.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace cardea::iperf3 {

using nlohmann::json;
using clock_type = std::chrono::steady_clock;

enum class state : std::uint8_t {
    test_start = 1,
    test_running = 2,
    test_end = 4,
    parameters = 9,
    create_streams = 10,
    client_terminates = 12,
    exchange_results = 13,
    display_results = 14,
    done = 16,
    denied = 0xff,
};

using cookie = std::array<std::byte, 37>;
constexpr std::size_t largest_json = 1024 * 1024;
constexpr auto patience = std::chrono::seconds(60);

inline double seconds(clock_type::duration d) { return std::chrono::duration<double>(d).count(); }

template <class Number>
void put_big_endian(std::byte* at, Number value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        at[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * (size - 1 - i)));
    }
}
inline std::uint64_t big_endian(const std::byte* at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8U | std::to_integer<std::uint64_t>(at[i]);
    return value;
}

/// The control connection's messages.
class control_connection {
  public:
    /// The server's: what it has accepted begins with the cookie.
    explicit control_connection(tcp_stream peer) : peer_(std::move(peer)) { peer_.recv_exactly(id_); }
    /// The client's: it chooses the cookie.
    control_connection(tcp_stream peer, const cookie& id) : peer_(std::move(peer)), id_(id) { peer_.send_all(id_); }

    void say(state s) {
        const auto byte = static_cast<std::byte>(s);
        peer_.send_all({&byte, 1});
    }
    state hear() {
        std::uint8_t byte = 0;
        peer_.recv_exactly({&byte, 1});
        return static_cast<state>(byte);
    }
    void say(const json& j) {
        const std::string text = j.dump();
        std::array<std::byte, 4> size;
        put_big_endian(size.data(), text.size(), size.size());
        peer_.send_all(size);
        peer_.send_all(text);
    }
    json hear_json() {
        std::array<std::byte, 4> size;
        peer_.recv_exactly(size);
        const std::uint64_t n = big_endian(size.data(), size.size());
        if (n > largest_json) throw std::runtime_error("the peer's JSON is too long");
        std::string text(n, '\0');
        peer_.recv_exactly(text);
        return json::parse(text);
    }
    [[nodiscard]] const cookie& id() const { return id_; }
    void close() { peer_.close(); }

  private:
    tcp_stream peer_;
    cookie id_{};
};

struct stream_of_test {
    bool sends = false;
    tcp_stream tcp;
    endpoint udp_peer;
    std::uint64_t bytes = 0;
    std::uint64_t packets = 0;
    std::uint64_t lost = 0;
    double jitter = 0;
    std::optional<double> last_transit;
};

/// TCP's streams, until the test is called off or the peer is done.
inline void receive(stream_of_test& s) {
    std::vector<std::byte> room(256 * 1024);
    std::error_code ended;  // a peer that is done may reset
    while (const std::size_t n = s.tcp.recv(room, ended)) s.bytes += n;
}

/// A line for each stream.
inline void print(const std::deque<stream_of_test>& streams) {
    for (const auto& s : streams) {
        std::printf("%s bytes %llu packets %llu lost %llu\n", s.sends ? "sent" : "received",
                    static_cast<unsigned long long>(s.bytes), static_cast<unsigned long long>(s.packets),
                    static_cast<unsigned long long>(s.lost));
    }
    std::fflush(stdout);
}

inline json results(const std::deque<stream_of_test>& streams, double length) {
    json of_streams = json::array();
    int id = 1;
    for (const auto& s : streams) {
        of_streams.push_back({{"id", id},
                              {"bytes", s.bytes},
                              {"retransmits", -1},
                              {"jitter", s.jitter},
                              {"errors", s.lost},
                              {"packets", s.packets},
                              {"start_time", 0},
                              {"end_time", length}});
        id = id == 1 ? 3 : id + 1;  // so iperf3 counts
    }
    return {{"cpu_util_total", 0},
            {"cpu_util_user", 0},
            {"cpu_util_system", 0},
            {"sender_has_retransmits", -1},
            {"streams", of_streams}};
}

}  // namespace cardea::iperf3
