// What a host is told when it is made, and whom it tells: addresses, bounds, offloads, observers. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "stack/address.hpp"
#include "stack/drop.hpp"
#include "stack/packet.hpp"
#include "stack/tcp/config.hpp"
#include "stack/time.hpp"

namespace cardea::stack {

namespace tcp {
class observer;
}

/// Where poll() puts packets. The view lives for the call only.
class packet_sink {
  public:
    virtual ~packet_sink() = default;
    virtual void emit(packet_view const& packet) = 0;
};

/// Who drives a host and watches it. Must not call into the host from here.
class host_observer {
  public:
    virtual ~host_observer() = default;
    /// There is something to poll() for now, and there was not before.
    virtual void output_ready() {}
    /// An incoming packet (or one that reassembly gave up) was not delivered.
    virtual void dropped(packet_view const&, drop_reason) {}
    /// A packet from the host to itself, which no link sees.
    virtual void looped(packet_view const&) {}
    /// A connection has resent R1 times without an answer: who chooses among routers should doubt the way to this
    /// destination (RFC 9293 MUST-20, RFC 1122 section 3.3.1.4). Again only after an answer has come.
    virtual void path_in_doubt(ip_address const&) {}
};

/// What the device below does for outgoing packets. For incoming ones each packet says it (packet_meta).
struct offload_config {
    bool checksum = false;  ///< completes a partial transport checksum
    bool tso = false;       ///< splits large TCP segments (needs checksum)
    bool uso = false;       ///< splits large UDP datagrams (needs checksum)
    std::uint32_t max_tso_payload = 65'000;
};

struct host_config {
    // The one link
    std::vector<ip_prefix> addresses;
    bool default_route_v4 = true;  ///< destinations outside the prefixes go to the link as well
    bool default_route_v6 = true;
    std::uint32_t mtu = 1500;
    std::uint32_t loopback_mtu = 65'535;
    /// For tests and measuring: packets for the host's own addresses and 127/8 go out on the link, whose other end is
    /// to send them back, instead of round within the host. ::1 stays inside: nobody forwards it (RFC 4291
    /// section 2.5.3).
    bool own_over_link = false;
    offload_config offload;

    std::uint64_t seed = 0;
    std::uint8_t hop_limit = 64;
    std::uint16_t first_ephemeral_port = 49'152;
    std::uint16_t last_ephemeral_port = 65'535;

    // Bounds
    std::size_t reassembly_bytes = 4 * 1024 * 1024;
    std::size_t reassembly_datagrams = 1024;
    time_ns reassembly_timeout = seconds(60);  ///< RFC 8200 section 4.5; RFC 1122 section 3.3.2: 60 to 120 s
    std::size_t path_mtu_entries = 1024;
    time_ns path_mtu_lifetime = seconds(600);  ///< RFC 1191 section 6.3
    std::uint32_t min_path_mtu_v4 = 552;       ///< below it packets go out without DF, as Linux does
    std::uint32_t icmp_errors_per_second = 1000;
    std::uint32_t icmp_error_burst = 50;
    std::size_t output_packets = 4096;    ///< queued by UDP and ICMP until poll()
    std::size_t loopback_packets = 4096;  ///< on the way from the host to itself
    /// Buffers of all TCP connections together, both ways, as Linux's tcp_mem. At three quarters of it they cease to
    /// grow: windows are announced for what is there, senders wait. At seven eighths data beyond a gap is given up, and
    /// is sent again. Beyond it 2 KiB each way remain to every connection, so that none stands still.
    std::size_t tcp_memory = std::size_t{512} * 1024 * 1024;
    /// Received datagrams of all UDP sockets together, as udp_mem: past it what arrives is dropped, but for what the
    /// first 4 KiB of a socket hold.
    std::size_t udp_memory = std::size_t{128} * 1024 * 1024;
    std::size_t output_bytes = std::size_t{64} * 1024 * 1024;  ///< of output_packets, and of loopback_packets
    std::size_t max_sockets = 1 << 20;
    std::size_t max_connections = 1 << 20;       ///< past it the oldest in TIME-WAIT gives way
    std::size_t max_groups = 4096;               ///< that the sockets of the host are members of, together
    std::size_t max_memberships_v4 = 20;         ///< of a socket: net.ipv4.igmp_max_memberships
    std::size_t max_memberships_v6 = 256;        ///< of a socket; Linux bounds their memory (net.core.optmem_max)
    std::size_t max_sources_of_membership = 10;  ///< net.ipv4.igmp_max_msf

    bool answer_echo = true;

    // Transports' defaults
    std::uint32_t udp_receive_buffer = 212'992;
    tcp::connection_config tcp;  ///< mtu, path_mtu and max_send_burst are set per connection
    std::uint32_t syn_backlog = 256;
    bool syn_cookies = true;  ///< when the SYN queue is full

    host_observer* observer = nullptr;      ///< may be null; outlives the host
    tcp::observer* tcp_observer = nullptr;  ///< may be null; outlives the host
};

}  // namespace cardea::stack
