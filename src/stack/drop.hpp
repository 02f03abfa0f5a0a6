// Why a packet was not delivered: the vocabulary of counters, traces and capture comments. Uses nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cardea::stack {

enum class drop_reason : std::uint8_t {
    none,
    truncated,             ///< shorter than its own headers say
    bad_version,           ///< neither IPv4 nor IPv6
    bad_header,            ///< a header field no sender may emit
    bad_checksum,          ///< IP, ICMP, UDP or TCP checksum
    bad_options,           ///< malformed IPv4 option or IPv6 extension header
    source_routed,         ///< loose or strict source route, never accepted
    martian,               ///< an impossible source address, or loopback from outside
    not_for_us,            ///< the destination is not an address of this host (a host does not forward)
    fragment_overlap,      ///< RFC 5722
    fragment_limit,        ///< reassembly memory is full
    fragment_timeout,      ///< not all fragments came
    fragment_ecn,          ///< not-ECT and CE fragments mixed (RFC 3168 section 5.3)
    no_protocol,           ///< no such transport here
    no_socket,             ///< no socket for the port
    bad_transport_header,  ///< malformed TCP, UDP or ICMP header
    receive_queue_full,    ///< the socket's buffer bound
    output_queue_full,     ///< the host's own output bound
    icmp_unmatched,        ///< an ICMP error whose quoted packet no socket of ours can have sent
    icmp_ignored,          ///< an ICMP message a host need not act on
    tcp_unacceptable,      ///< refused by the connection's sequence checks
    out_of_memory,         ///< taking it in needed memory that there was not
    count_,
};

inline constexpr std::size_t drop_reason_count = static_cast<std::size_t>(drop_reason::count_);

/// "fragment overlap" and so on, for people.
char const* name(drop_reason r);

}  // namespace cardea::stack
