// Two TCP connections over a small link in virtual time: every segment is written to bytes and parsed back, may be
// lost, doubled, delayed or marked by a seeded choice, and the invariants of TCP are asserted after every step.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stack/tcp/connection.hpp"
#include "stack/tcp/isn.hpp"

namespace cardea::stack::tcp::test {

/// splitmix64: small, and the same everywhere.
class random_stream {
  public:
    explicit random_stream(std::uint64_t seed) : state_{seed} {}
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }
    std::uint64_t below(std::uint64_t n) { return next() % n; }
    bool per_mille(std::uint32_t p) { return below(1000) < p; }

  private:
    std::uint64_t state_;
};

/// The byte at a position of either end's stream.
inline std::byte pattern(bool from_a, std::uint64_t at) {
    return static_cast<std::byte>((at * 131 + (at >> 8) * 7 + (from_a ? 17 : 91)) & 0xff);
}

struct link_options {
    time_ns delay = 10 * milliseconds;
    std::uint32_t loss = 0, duplicate = 0, reorder = 0, mark = 0;  ///< per mille
    time_ns reorder_delay = 15 * milliseconds;
    bool split = true;      ///< a device cuts large segments to their gso_size, as TSO does
    bool coalesce = false;  ///< and the receiver sees neighbours as one, as GRO does
};

struct in_transit {
    bool from_a = false;
    std::vector<std::byte> bytes;
    ecn_codepoint ecn = ecn_codepoint::not_ect;
    std::uint16_t gso_size = 0;
};

/// What a test wants done with a segment.
enum class fate { pass, drop, twice, late };

class connection_pair {
  public:
    explicit connection_pair(std::uint64_t seed, link_options const& link = {}, connection_config const& a = {},
                             connection_config const& b = {});

    /// The client sends its SYN; the server is made when it arrives.
    void open();
    /// Steps until `done` or `limit`; false when the limit came first or nothing is left to happen.
    bool run(std::function<bool()> const& done, time_ns limit);
    /// Steps for a time.
    void pass_time(time_ns duration);
    /// Opens and steps until both ends are established.
    void establish();

    /// Keeps an end's stream flowing: sends pattern bytes up to `total`, and reads what the other sends.
    struct flow {
        std::uint64_t to_send = 0, sent = 0, received = 0;
        std::size_t chunk = 65536;
        bool close_after = false, closed = false, reading = true;
    };
    flow& flow_of(bool a) { return a ? flow_a_ : flow_b_; }

    connection& a() { return *a_; }
    connection& b() { return *b_; }
    bool has_b() const { return b_ != nullptr; }
    time_ns now() const { return now_; }

    std::function<fate(bool from_a, segment const&)> filter;
    std::function<void(bool from_a, segment const&)> tap;
    observer* watcher = nullptr;
    link_options link;
    std::uint64_t steps = 0, segments = 0, lost = 0;
    std::uint32_t wire_mtu = 0;  ///< larger packets are dropped; 0: no bound

  private:
    void start_b(segment const& syn);
    void pump(bool a);
    void emit_all();
    void drain(bool a);
    void put(bool from_a, segment const& s);
    void check_emitted(bool from_a, segment const& s);
    void put_one(bool from_a, segment const& s);
    void enqueue(in_transit const& p, time_ns at);
    void deliver(in_transit const& p);
    bool step(time_ns limit);
    void check(bool a);

    open_parameters parameters(bool a) const;

    random_stream random_;
    connection_config config_a_, config_b_;
    std::unique_ptr<connection> a_, b_;
    flow flow_a_, flow_b_;
    time_ns now_ = 1 * seconds;
    std::uint64_t order_ = 0;
    std::map<std::pair<time_ns, std::uint64_t>, in_transit> queue_;
    /// What each end has put on the wire so far.
    struct emitted {
        bool any = false;
        sequence end;   ///< after the highest sequence number
        sequence edge;  ///< the highest right edge of a window announced
    };
    emitted emitted_a_, emitted_b_;
};

}  // namespace cardea::stack::tcp::test
