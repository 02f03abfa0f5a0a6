// The engine: virtual time, hosts, packets under way. It drives the loop that runs every host's fibers; its clock moves
// only when none of them is ready. Events are ordered by time, then by their making.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fiber/driver.hpp"
#include "sim/draw.hpp"
#include "sim/flights.hpp"
#include "sim/sim_network.hpp"
#include "stack/host.hpp"

namespace cardea::sim::detail {

/// One direction of a link.
struct wire {
    std::size_t to = 0;  ///< index of the host
    std::int64_t delay_ns = 0;
    double loss = 0;
    draws luck;
};

class simulation final : public cardea::detail::driver {
  public:
    /// A host whose packets go out on `wires`, each to the host that has the packet's destination, or to all. Its
    /// address is the caller's to keep alive. The result names it in connect().
    std::size_t add(sim_network& host, std::vector<stack::ip_address> addresses);
    void connect(std::size_t from, wire&& w);
    /// Called when nothing can happen any more, instead of waiting for another thread; false: wait after all.
    void on_standstill(std::function<bool()> act) { standstill_ = std::move(act); }
    /// What can happen at this very moment.
    void settle() noexcept { step(); }
    /// Goes on, without fibers, until nothing is under way, or for that long.
    void drain(std::int64_t longest_ns) noexcept;

    [[nodiscard]] std::int64_t clock_ns() const noexcept override { return now_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool is_virtual() const noexcept override { return true; }
    void wait(std::int64_t timeout_ns) noexcept override;
    void wake_up() noexcept override;
    [[nodiscard]] std::size_t open_sockets() const noexcept override;

    [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }
    [[nodiscard]] std::uint64_t packets_sent() const noexcept { return sent_; }
    [[nodiscard]] std::uint64_t packets_lost() const noexcept { return lost_; }

  private:
    struct member {
        sim_network* host;
        std::vector<stack::ip_address> addresses;
        std::vector<wire> wires;
    };
    enum class fate : std::uint8_t { sent, lost, unroutable, arrived };
    class outlet;

    bool step();
    [[nodiscard]] std::int64_t next_event() const noexcept;
    void emitted(std::size_t from, const stack::packet_view& what);
    void carry(std::size_t from, wire* on, flights::place at, const stack::packet_view& what);
    static stack::ip_address destination_of(const stack::packet& what) noexcept;
    /// Goes to a group, or is a broadcast.
    [[nodiscard]] bool is_for_all(std::size_t from, const stack::ip_address& destination) const;
    wire* way(std::size_t from, const stack::ip_address& destination) noexcept;
    void note(fate f, std::size_t host, std::uint64_t hash) noexcept;
    bool take_wake() noexcept;
    void sleep_until_woken() noexcept;

    void advance_to(std::int64_t ns) noexcept {
        if (ns > clock_ns()) now_.store(ns, std::memory_order_relaxed);
    }

    /// Its own thread moves it; others read it, as whoever moves a deadline of one of its fibers.
    std::atomic<std::int64_t> now_{0};
    std::vector<member> hosts_;
    flights under_way_;
    std::uint64_t digest_ = 0xcbf29ce484222325U;
    std::uint64_t sent_ = 0;
    std::uint64_t lost_ = 0;
    std::function<bool()> standstill_;
    std::mutex guard_;
    std::condition_variable changed_;
    bool woken_ = false;  // guarded by guard_
};

}  // namespace cardea::sim::detail
