// Metrics: what this process does with sockets, in numbers. Always counted, by each thread for itself; reading them is
// what adds up.
#pragma once

#include <array>
#include <cardea/trace.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace cardea {

/// One kind of call of sockets. A call counts when it has ended; a batch of datagrams is one call.
struct call_metrics {
    std::uint64_t calls = 0;  ///< ended, failed ones included
    std::uint64_t bytes = 0;  ///< moved by them
};

/// One kind of failure: of which call, by what. Time-outs and cancellations are failures of a kind, too.
struct failure_metrics {
    call_kind kind = call_kind::socket;  ///< of which call
    std::error_code error;               ///< by what
    std::uint64_t count = 0;             ///< how often
};

/// How long something took, as a histogram.
struct duration_metrics {
    /// How many took less than bound(i), and not less than bound(i - 1); the last one has all that took longer.
    std::array<std::uint64_t, 22> counts{};
    std::chrono::nanoseconds sum{0};      ///< of all of them
    std::chrono::nanoseconds longest{0};  ///< the longest of them

    /// 1.024 us, doubled from class to class.
    [[nodiscard]] static constexpr std::chrono::nanoseconds bound(std::size_t i) noexcept {
        return std::chrono::nanoseconds(std::int64_t{1024} << i);
    }
    [[nodiscard]] std::uint64_t count() const noexcept;  ///< All of them.
};

/// A loop that runs now, as it was when it last looked at its network.
struct loop_metrics {
    std::uint64_t number = 0;    ///< counts the loops that the process has had, from 1 on
    std::string network;         ///< "uring", "epoll", ...
    std::uint64_t fibers = 0;    ///< alive
    std::uint64_t sockets = 0;   ///< open
    std::uint64_t switches = 0;  ///< of fibers, so far
    std::uint64_t waits = 0;     ///< looks at the network, so far
    duration_metrics turns;      ///< see metrics::turns
};

/// What read_metrics() gives. All but `open_sockets` and `loops` only grows.
struct metrics {
    std::array<call_metrics, call_kinds> calls{};  ///< by kind: see of()
    std::vector<failure_metrics> failures;         ///< most frequent first
    /// Failures of further kinds, where a thread has seen more than 64 of them.
    std::uint64_t other_failures = 0;
    std::uint64_t bytes_sent = 0;      ///< by all calls, payload only
    std::uint64_t bytes_received = 0;  ///< likewise; what was peeked at does not count, what was put back counts twice
    std::uint64_t sockets_opened = 0;  ///< accepted and adopted ones included
    std::uint64_t open_sockets = 0;    ///< now, on all networks
    std::uint64_t accept_pauses = 0;   ///< times that servers paused for want of descriptors or memory (serve.hpp)
    std::vector<loop_metrics> loops;   ///< those that run now
    std::uint64_t loop_switches = 0;   ///< fiber switches of all loops, ended ones included
    std::uint64_t loop_waits = 0;      ///< looks at the network of all loops, likewise
    /// The latency of loops: how long their fibers ran from one look at the network to the next, on all loops, ended
    /// ones included. Whoever became ready had to wait that long for its turn, at most. In simulated worlds 0: their
    /// time stands still meanwhile.
    duration_metrics turns;

    [[nodiscard]] const call_metrics& of(call_kind kind) const noexcept {  ///< One kind's.
        return calls[static_cast<std::size_t>(kind)];
    }
};

/// Reads them all. Any thread; blocks nobody, and nobody waits for it but loops that begin or end meanwhile. Numbers
/// of different threads are not of one instant. Throws std::bad_alloc.
metrics read_metrics();

/// The same as text for Prometheus (its exposition format, version 0.0.4; content type "text/plain; version=0.0.4"):
/// counters and gauges named cardea_..., the loops' latency as a histogram in seconds. examples/metrics_server.cpp
/// serves it. Throws std::bad_alloc.
std::string to_prometheus(const metrics& of);

}  // namespace cardea
