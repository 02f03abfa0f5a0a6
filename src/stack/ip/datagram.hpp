// A whole IP datagram on its way up, and who receives it. Views live for the call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "stack/address.hpp"
#include "stack/drop.hpp"
#include "stack/packet.hpp"

namespace cardea::stack::ip {

struct datagram {
    ip_address source;
    ip_address destination;
    std::uint8_t protocol = 0;
    std::uint8_t hop_limit = 0;
    std::uint8_t traffic_class = 0;
    bool to_group = false;           ///< multicast or broadcast
    std::uint32_t interface = 0;     ///< by which it came (interface_number)
    bool later_fragment = false;     ///< not the first
    std::size_t protocol_field = 0;  ///< where in `whole` the octet lies that names the protocol
    bytes_view payload;              ///< transport header and data
    bytes_view whole;                ///< from the IP header on, to be quoted in errors
    packet_meta meta;
};

/// An ICMP or ICMPv6 error that the receiver of a datagram owes its sender.
struct icmp_complaint {
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t rest = 0;
    bool even_if_group = false;  ///< RFC 4443 section 2.4 (e.3): two messages may answer multicast
};

class input_handler {
  public:
    virtual ~input_handler() = default;
    virtual void deliver(datagram const& d) = 0;
    virtual void dropped(bytes_view packet, drop_reason why) = 0;
    virtual void complain(datagram const& about, icmp_complaint const& what) = 0;
};

}  // namespace cardea::stack::ip
