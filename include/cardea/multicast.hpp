// Multicast: joining and leaving groups, any-source (RFC 1112, RFC 2710) and source-specific (RFC 4607), IPv4 and IPv6;
// ip(7), ipv6(7), RFC 3678. A receiver binds to the group's port and joins; a sender just sends.
//
//   auto door = udp_socket::bind("*:5353");
//   join(door, {.group = endpoint::parse("224.0.0.251:0")});
#pragma once

#include <cardea/message.hpp>
#include <cardea/socket_ref.hpp>

namespace cardea {

namespace option {

/// IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP: whether what this socket sends to a group reaches receivers on this host.
/// On unless set.
struct multicast_loop {
    bool value = true;
    static constexpr option_id id = option_id::multicast_loop;
};
/// IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS: how many routers what is sent to a group may pass; 1, the default, is none:
/// the link.
struct multicast_hops {
    int value = 1;
    static constexpr option_id id = option_id::multicast_hops;
};
/// IP_MULTICAST_IF, IPV6_MULTICAST_IF: the interface by which what is sent to a group leaves; 0: as the routing table
/// says. An IPv4 socket's cannot be read.
struct multicast_interface {
    std::uint32_t value = 0;
    static constexpr option_id id = option_id::multicast_interface;
};

/// IP_MULTICAST_ALL, IPV6_MULTICAST_ALL (Linux 4.20): a socket bound to a port of any address hears the groups that
/// anybody on this host has joined, as it is unless set to false: then those that it has joined itself.
struct multicast_all {
    bool value = true;
    static constexpr option_id id = option_id::multicast_all;
};

}  // namespace option

/// Receives what is sent to the group from now on, or only what the named source sends to it. An IPv6 socket can join
/// IPv4 groups unless it is IPv6 only. Never blocks. Throws cardea::error: `group` is no group's address, or `source`
/// no address (errc::bad_address); joined already (std::errc::address_in_use); there is no such interface, or none
/// that the routing table has for it (std::errc::no_such_device); more groups than the host allows
/// (std::errc::no_buffer_space; Linux: net.ipv4.igmp_max_memberships); a network without multicast
/// (errc::not_supported).
void join(socket_ref receiver, const group_membership& group);
void join(socket_ref receiver, const group_membership& group, std::error_code& ec) noexcept;
/// Undoes a join(), which must have named the same source and interface, else
/// std::errc::address_not_available. Closing the socket leaves every group. Never blocks.
void leave(socket_ref receiver, const group_membership& group);
void leave(socket_ref receiver, const group_membership& group, std::error_code& ec) noexcept;

/// The number of an interface by its name (if_nametoindex(3)). There is none: std::errc::no_such_device. Never blocks.
std::uint32_t interface_of(const std::string& name);
std::uint32_t interface_of(const std::string& name, std::error_code& ec) noexcept;

}  // namespace cardea
