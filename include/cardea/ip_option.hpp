// The options of IP, version 4 and 6 alike (ip(7), ipv6(7)): `s.set(option::hop_limit{1})`. On a dual-stack socket they
// hold for IPv4 peers as well.
#pragma once

#include <cardea/option.hpp>

namespace cardea {

namespace option {

/// IP_TTL, IPV6_UNICAST_HOPS: how many routers a packet may pass, 1 to 255.
struct hop_limit {
    int value = 64;
    static constexpr option_id id = option_id::hop_limit;
};
/// IP_MINTTL, IPV6_MINHOPCOUNT: packets with a smaller hop limit are dropped; 255 takes only neighbours' (RFC 5082).
struct min_hop_limit {
    int value = 0;
    static constexpr option_id id = option_id::min_hop_limit;
};
/// IP_TOS, IPV6_TCLASS: the differentiated services code point in the upper six bits (RFC 2474); the lower two, ECN,
/// are TCP's own on a stream.
struct traffic_class {
    int value = 0;
    static constexpr option_id id = option_id::traffic_class;
};
/// IP_TRANSPARENT, IPV6_TRANSPARENT: bind to addresses that are not this host's, for transparent proxies. Needs
/// CAP_NET_ADMIN or CAP_NET_RAW.
struct transparent {
    bool value = true;
    static constexpr option_id id = option_id::transparent;
};
/// IP_FREEBIND, IPV6_FREEBIND: bind to an address that this host does not have yet.
struct free_bind {
    bool value = true;
    static constexpr option_id id = option_id::free_bind;
};
/// IP_BIND_ADDRESS_NO_PORT: bind() with port 0 leaves the choice of the port to connect(), which can then share it
/// among connections to different peers.
struct bind_address_no_port {
    bool value = true;
    static constexpr option_id id = option_id::bind_address_no_port;
};
/// IP_LOCAL_PORT_RANGE (Linux 6.3): where this socket's ephemeral port comes from; 0 and 0: the system's range.
struct local_port_range {
    port_range value;
    static constexpr option_id id = option_id::local_port_range;
};
/// IP_UNICAST_IF, IPV6_UNICAST_IF: the interface (interface_of(), multicast.hpp) by which what this socket sends
/// leaves; 0: as the routing table says. It may still receive by every other, unlike with bind_to_device. Of datagrams:
/// TCP does not heed it.
struct unicast_interface {
    std::uint32_t value = 0;
    static constexpr option_id id = option_id::unicast_interface;
};
/// SO_ORIGINAL_DST, IP6T_SO_ORIGINAL_DST: of a TCP connection that the packet filter has redirected here, whom its
/// client meant to reach, for transparent proxies (nft(8): redirect, dnat). One that nobody redirected: local(), or
/// std::errc::no_such_file_or_directory where the filter does not track it. With TPROXY it is local() that tells.
/// Read only.
struct original_destination {
    endpoint value = {};
    static constexpr option_id id = option_id::original_destination;
};

}  // namespace option
}  // namespace cardea
