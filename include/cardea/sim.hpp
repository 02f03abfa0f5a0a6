// A simulated world: hosts with Cardea's own TCP/IP stack, joined by links with delay and loss, in virtual time. The
// same programs run on it, and the same seed gives the same run, packet for packet.
#pragma once

#include <cardea/endpoint.hpp>
#include <cardea/names.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::sim {

/// What a run depends on, beside the programs.
struct seed {
    std::uint64_t value = 0;
};

/// A link, the same in both directions.
struct link_options {
    std::chrono::nanoseconds delay = std::chrono::milliseconds(1);  ///< one way
    /// The share of packets that are lost, 0 to 1.
    double loss = 0;
};

/// How long after the question the answers about a name come: the addresses of each family by themselves, as servers of
/// names give them.
struct answer_times {
    /// The answer never comes.
    static constexpr std::chrono::nanoseconds never = std::chrono::nanoseconds::max();
    std::chrono::nanoseconds inet6{0};
    std::chrono::nanoseconds inet{0};
};

/// What happened in a run.
struct report {
    /// Virtual time from the beginning until the last program had ended.
    std::chrono::nanoseconds elapsed{0};
    /// Of every packet with its time and its fate: equal runs have equal digests.
    std::uint64_t digest = 0;
    std::uint64_t packets_sent = 0;
    std::uint64_t packets_lost = 0;
    /// Programs that waited for what could not happen any more, as servers do, and were cancelled.
    std::size_t programs_stopped = 0;
};

namespace detail {
struct host_state;
struct world_state;
}  // namespace detail

/// A host of a world. Its name resolves to its addresses on every host. Lives as long as the world.
class host {
  public:
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    [[nodiscard]] const std::string& name() const noexcept;  ///< As given to world::host().
    /// Its address of a family (inet or inet6) with a port.
    [[nodiscard]] endpoint address(family f, std::uint16_t port) const noexcept;
    /// Has world::run() start `program` as a fiber of this host. What it spawns runs on this host too.
    void run(std::function<void()> program);

  private:
    friend class world;
    explicit host(detail::host_state& state) noexcept : state_(state) {}
    detail::host_state& state_;
};

/// A world and its clock, which moves only when every fiber waits. Belongs to one thread at a time.
class world {
  public:
    explicit world(seed s = {});  ///< Without hosts.
    ~world();
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    /// The host of that name, made when it is first asked for. At most 250.
    sim::host& host(std::string_view name);
    /// Joins two hosts, each to at most one link of the pair. Hosts without a link cannot reach each other. What a host
    /// sends to a multicast group or broadcasts goes to every host it is joined to, each copy by its own link.
    void link(sim::host& a, sim::host& b, const link_options& how = {});

    /// Has run() write what every host sends and receives to a file: pcapng, for tshark and Wireshark, with an
    /// interface for each host, virtual time in nanoseconds, and in comments what was lost or dropped, and why. Throws
    /// cardea::error when the file cannot be made. Hosts that are made later are in it too.
    void capture(const std::string& path);

    /// Gives a name addresses, best first, and a service its servers ("_http._tcp.example.org"), for every host to
    /// find. The ports of the addresses do not matter. A host's own name may be given others. Before run().
    void name(std::string_view name, std::vector<endpoint> addresses);
    void name(std::string_view name, std::vector<endpoint> addresses, const answer_times& after);
    void service(std::string_view name, std::vector<service_record> servers);

    /// Runs every program to its end, in virtual time. When nothing can happen any more, those that still wait are
    /// cancelled. Rethrows the first failure of a program, having cancelled the rest. Once; not inside another run().
    report run();

  private:
    std::unique_ptr<detail::world_state> state_;
};

}  // namespace cardea::sim
