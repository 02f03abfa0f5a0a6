// Multicast: the options of ip(7), ipv6(7) and RFC 3678 by which a UDP socket joins groups and chooses an interface.
// Interface 1 is the loopback, 2 the link.
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "stack_c/options_posix.hpp"

namespace cardea::stack_c {

namespace {

using stack::group_choice;
using stack::ip_address;

ip_address address_of(in_addr a) { return ip_address::v4(ntohl(a.s_addr)); }

ip_address address_of(in6_addr const& a) {
    std::array<std::uint8_t, 16> bytes;
    std::copy_n(a.s6_addr, bytes.size(), bytes.begin());
    return ip_address::v6(bytes);
}

/// `none` for what is no IP address.
ip_address address_of(sockaddr_storage const& a) {
    if (a.ss_family == AF_INET) {
        sockaddr_in in;
        std::memcpy(&in, &a, sizeof in);
        return address_of(in.sin_addr);
    }
    if (a.ss_family != AF_INET6) return {};
    sockaddr_in6 in;
    std::memcpy(&in, &a, sizeof in);
    return address_of(in.sin6_addr);
}

/// IPv4 names interfaces by one of their addresses; 0.0.0.0 leaves the choice to the stack. Empty: no such address.
std::optional<std::uint32_t> interface_with(in_addr address, stack::host_config const& c) {
    constexpr std::uint32_t loopback = 1, link = 2;
    auto const a = address_of(address);
    if (a.is_unspecified()) return 0;
    if (a.is_loopback()) return loopback;
    bool const ours =
        std::any_of(c.addresses.begin(), c.addresses.end(), [&](auto const& p) { return p.address == a; });
    return ours ? std::optional{link} : std::nullopt;
}

struct ip_membership {
    std::optional<std::uint32_t> interface;
    ip_address group;
    ip_address source;
};

/// struct ip_mreqn, or struct ip_mreq, which is its beginning.
std::optional<ip_membership> read_group(void const* value, socklen_t size, stack::host_config const& c) {
    if (auto const with_index = read_value<ip_mreqn>(value, size); with_index && with_index->imr_ifindex != 0)
        return ip_membership{
            static_cast<std::uint32_t>(with_index->imr_ifindex), address_of(with_index->imr_multiaddr), {}};
    auto const m = read_value<ip_mreq>(value, size);
    if (!m) return std::nullopt;
    return ip_membership{interface_with(m->imr_interface, c), address_of(m->imr_multiaddr), {}};
}

std::optional<ip_membership> read_membership(int level, int name, void const* value, socklen_t size,
                                             stack::host_config const& c) {
    switch (name) {
        case MCAST_JOIN_GROUP:
        case MCAST_LEAVE_GROUP: {
            auto const g = read_value<group_req>(value, size);
            if (!g) return std::nullopt;
            return ip_membership{g->gr_interface, address_of(g->gr_group), {}};
        }
        case MCAST_JOIN_SOURCE_GROUP:
        case MCAST_LEAVE_SOURCE_GROUP: {
            auto const g = read_value<group_source_req>(value, size);
            if (!g) return std::nullopt;
            return ip_membership{g->gsr_interface, address_of(g->gsr_group), address_of(g->gsr_source)};
        }
        default:
            break;
    }
    if (level == IPPROTO_IPV6) {
        auto const g = read_value<ipv6_mreq>(value, size);
        if (!g) return std::nullopt;
        return ip_membership{g->ipv6mr_interface, address_of(g->ipv6mr_multiaddr), {}};
    }
    if (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP) return read_group(value, size, c);
    auto const g = read_value<ip_mreq_source>(value, size);
    if (!g) return std::nullopt;
    return ip_membership{interface_with(g->imr_interface, c), address_of(g->imr_multiaddr),
                         address_of(g->imr_sourceaddr)};
}

enum class verb { none, join, leave };

verb verb_of(int level, int name) {
    switch (name) {
        case MCAST_JOIN_GROUP:
        case MCAST_JOIN_SOURCE_GROUP:
            return level == IPPROTO_IP || level == IPPROTO_IPV6 ? verb::join : verb::none;
        case MCAST_LEAVE_GROUP:
        case MCAST_LEAVE_SOURCE_GROUP:
            return level == IPPROTO_IP || level == IPPROTO_IPV6 ? verb::leave : verb::none;
        default:
            break;
    }
    if (level == IPPROTO_IP) {
        if (name == IP_ADD_MEMBERSHIP || name == IP_ADD_SOURCE_MEMBERSHIP) return verb::join;
        if (name == IP_DROP_MEMBERSHIP || name == IP_DROP_SOURCE_MEMBERSHIP) return verb::leave;
    } else if (level == IPPROTO_IPV6) {
        if (name == IPV6_JOIN_GROUP) return verb::join;
        if (name == IPV6_LEAVE_GROUP) return verb::leave;
    }
    return verb::none;
}

}  // namespace

std::optional<outcome> set_multicast(cardea_stack& s, descriptor& d, int level, int name, void const* value,
                                     socklen_t size) {
    auto const& config = s.host.config();
    if (level == IPPROTO_IP && name == IP_MULTICAST_IF) {
        auto chosen = std::optional<std::uint32_t>();
        if (auto const m = read_group(value, size, config))
            chosen = m->interface;
        else if (auto const a = read_value<in_addr>(value, size))
            chosen = interface_with(*a, config);
        else
            return outcome::failed(EINVAL);
        if (!chosen) return outcome::failed(EADDRNOTAVAIL);
        return outcome::of(d.socket->set_option(stack::socket_option::multicast_interface, *chosen, s.now));
    }
    auto const what = verb_of(level, name);
    if (what == verb::none) return std::nullopt;
    auto const m = read_membership(level, name, value, size, config);
    if (!m) return outcome::failed(EINVAL);
    if (!m->interface) return outcome::failed(ENODEV);
    bool const mapped = d.socket->family() == stack::ip_version::v6;
    group_choice const choice{mapped ? m->group.to_v4_mapped() : m->group, m->source, *m->interface};
    return outcome::of(what == verb::join ? d.socket->join_group(choice, s.now) : d.socket->leave_group(choice, s.now));
}

}  // namespace cardea::stack_c
