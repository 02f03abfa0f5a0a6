// One IP host without I/O: packets and time go in, packets and wake-ups come out; sockets are opened on it. No clock,
// no randomness but the seed's, no threads. Two hosts with equal configuration and equal calls emit equal bytes.
//
// Drive it so: ingress() for every packet that arrives; after any call, on a socket too, poll() until it has emitted
// everything; again when next_deadline() comes. host_observer::output_ready() says when a poll is due.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "stack/address.hpp"
#include "stack/drop.hpp"
#include "stack/error.hpp"
#include "stack/host_config.hpp"
#include "stack/packet.hpp"
#include "stack/socket/socket.hpp"
#include "stack/time.hpp"

namespace cardea::stack {

struct host_counters {
    std::uint64_t packets_in = 0;
    std::uint64_t packets_out = 0;
    std::array<std::uint64_t, drop_reason_count> dropped{};
    std::uint64_t icmp_errors_suppressed = 0;  ///< by the rate limit
    std::size_t sockets = 0;
    std::size_t connections = 0;  ///< TCP, TIME-WAIT and unaccepted ones included
    std::size_t reassembly_bytes = 0;
    std::size_t tcp_memory = 0;  ///< bytes of buffers
    std::size_t udp_memory = 0;  ///< bytes of receive queues

    std::uint64_t drops(drop_reason r) const { return dropped[static_cast<std::size_t>(r)]; }
};

class host {
  public:
    explicit host(host_config const& config);
    /// Sockets that still exist are dead at once, as after a crash: nothing is sent; their calls say EBADF.
    ~host();
    host(host const&) = delete;
    host& operator=(host const&) = delete;

    /// Takes in one packet, from its IP header on. `now` is when it arrived.
    void ingress(bytes_view packet, packet_meta const& meta, time_ns now);
    /// Runs what is due and emits everything there is to emit.
    void poll(time_ns now, packet_sink& sink);
    /// When poll() is wanted at the latest: something past when there is output already, `never` when nothing is due.
    time_ns next_deadline() const;

    /// Null when the bound on sockets is reached. An IPv6 socket takes IPv4 too unless v6_only is set.
    std::unique_ptr<socket> open_tcp(ip_version family);
    std::unique_ptr<socket> open_udp(ip_version family);

    /// Group membership of the host. On its one link no router needs to be told.
    void join_group(ip_address const& group);
    void leave_group(ip_address const& group);

    host_config const& config() const;
    host_counters counters() const;

  private:
    std::unique_ptr<host_core> core_;
};

}  // namespace cardea::stack
