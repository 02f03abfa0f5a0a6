// ICMP and ICMPv6 of a host: answers echo requests, sends the errors it owes and no others, and reads those it gets
// into what they mean and which packet of ours they are about.
#pragma once

#include <cstdint>
#include <optional>

#include "stack/host_config.hpp"
#include "stack/ip/datagram.hpp"
#include "stack/ip/output.hpp"
#include "stack/ip/rate_limit.hpp"
#include "stack/ip/routes.hpp"
#include "stack/wire/icmp.hpp"

namespace cardea::stack::ip {

/// An ICMP error that quotes a packet of this host. Not yet matched to a socket.
struct icmp_report {
    wire::icmp_meaning meaning;
    wire::icmp_header message;
    ip_address offender;             ///< who sent it
    std::uint8_t protocol = 0;       ///< of the quoted packet
    endpoint local;                  ///< the quoted source
    endpoint remote;                 ///< the quoted destination
    std::uint32_t sequence = 0;      ///< of a quoted TCP segment
    std::uint32_t reported_mtu = 0;  ///< when meaning.packet_too_big; 0: not said
    std::uint32_t tried_size = 0;    ///< the quoted packet's own length
    bytes_view quoted_data;          ///< of a quoted UDP datagram: what follows its header; for the call
};

class icmp {
  public:
    icmp(host_config const& config, routes const& r, output& out)
        : config_{config}, routes_{r}, out_{out}, limit_{config.icmp_errors_per_second, config.icmp_error_burst} {}

    /// Answers what is to be answered. An error that is about a packet of ours is returned for the transports.
    /// `refused` says why a message went no further.
    std::optional<icmp_report> receive(datagram const& d, drop_reason& refused);

    /// Sends an error about `d` unless RFC 1122 section 3.2.2 or RFC 4443 section 2.4 (e, f) forbid it.
    void complain(datagram const& d, icmp_complaint const& what, time_ns now);

    std::uint64_t errors_suppressed() const { return suppressed_; }

  private:
    bool may_complain(datagram const& d, icmp_complaint const& what) const;
    void echo(datagram const& d, std::uint8_t reply_type);
    error send(send_fields const& f, wire::icmp_header const& h, bytes_view body);
    std::optional<icmp_report> read_error(datagram const& d, wire::icmp_header const& h) const;

    host_config const& config_;
    routes const& routes_;
    output& out_;
    token_bucket limit_;
    std::uint64_t suppressed_ = 0;
};

}  // namespace cardea::stack::ip
