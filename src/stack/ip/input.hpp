// The way in through IP: validation (RFC 791, RFC 1122, RFC 8200), reassembly, and the datagram handed up.
#pragma once

#include "stack/host_config.hpp"
#include "stack/ip/datagram.hpp"
#include "stack/ip/reassembly.hpp"
#include "stack/ip/routes.hpp"
#include "stack/time.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/ipv6.hpp"

namespace cardea::stack::ip {

class input {
  public:
    input(host_config const& config, routes const& r, input_handler& up)
        : routes_{r}, own_over_link_{config.own_over_link}, up_{up}, reassembler_{config} {}

    /// `looped`: the packet comes from this host itself.
    void receive(bytes_view packet, packet_meta const& meta, bool looped, time_ns now);

    time_ns next_deadline() const { return reassembler_.next_deadline(); }
    /// Gives up datagrams whose fragments did not all come: ICMP time exceeded to those whose first one did.
    void on_deadline(time_ns now);

    reassembler const& pending() const { return reassembler_; }

  private:
    void receive_v4(bytes_view packet, packet_meta const& meta, bool looped, time_ns now, bool reassembled);
    void receive_v6(bytes_view packet, packet_meta const& meta, bool looped, time_ns now, bool reassembled);
    void reassemble_v4(wire::ipv4_header const& h, bytes_view packet, packet_meta const& meta, bool looped,
                       time_ns now);
    void reassemble_v6(wire::ipv6_parse_result const& r, bytes_view packet, packet_meta const& meta, bool looped,
                       time_ns now);
    drop_reason check_addresses(ip_address const& source, ip_address const& destination, bool looped,
                                std::uint32_t interface) const;

    routes const& routes_;
    bool const own_over_link_;
    input_handler& up_;
    reassembler reassembler_;
};

}  // namespace cardea::stack::ip
