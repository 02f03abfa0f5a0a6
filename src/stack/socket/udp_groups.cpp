// The groups of a UDP socket: ip(7), ipv6(7) and RFC 3678, with Linux's errors and its defaults.
#include <algorithm>
#include <iterator>
#include <utility>

#include "stack/host_core.hpp"
#include "stack/socket/udp_socket.hpp"

namespace cardea::stack {

/// IP_MULTICAST_ALL and IPV6_MULTICAST_ALL are on, as they are unless a program says otherwise: a socket that is no
/// member itself hears what the host hears for others. One that is a member hears what it has asked for.
bool udp_socket::hears(ip::datagram const& d) const {
    if (!d.destination.is_multicast()) return true;
    auto const m = std::find_if(memberships_.begin(), memberships_.end(), [&d](membership const& one) {
        return one.group == d.destination && one.interface == d.interface;
    });
    if (m == memberships_.end() || m->from_anybody) return true;
    return std::find(m->sources.begin(), m->sources.end(), d.source) != m->sources.end();
}

/// Interface 0: the first of any.
udp_socket::memberships::iterator udp_socket::find_membership(ip_address const& group, std::uint32_t interface) {
    return std::find_if(memberships_.begin(), memberships_.end(), [&](membership const& m) {
        return m.group == group && (interface == 0 || m.interface == interface);
    });
}

/// Checks what was chosen, and makes it what the network knows.
error udp_socket::group_of(group_choice& c) const {
    endpoint e;
    if (auto const problem = inward({c.group, 0}, e); problem != error::ok)
        return problem == error::eafnosupport ? error::enoprotoopt : problem;
    c.group = e.address;
    c.source = c.source.unmapped();
    if (!c.group.is_multicast()) return error::einval;
    bool const has_source = c.source.version != ip_version::none;
    if (has_source && c.source.version != c.group.version) return error::einval;
    return c.interface != 0 && !core_->routes.has(c.interface) ? error::enodev : error::ok;
}

error udp_socket::may_join_one_more(ip_address const& group) const {
    auto const version = group.version;
    auto const n =
        static_cast<std::size_t>(std::count_if(memberships_.begin(), memberships_.end(),
                                               [version](membership const& m) { return m.group.version == version; }));
    if (group.is_v4() && n >= core_->config.max_memberships_v4) return error::enobufs;
    if (group.is_v6() && n >= core_->config.max_memberships_v6) return error::enomem;
    return core_->routes.groups().size() >= core_->config.max_groups ? error::enobufs : error::ok;
}

/// One that hears everybody and then names a source hears that one alone (Linux, ip_mc_source(): "allow mode switches
/// for empty-set filters").
error udp_socket::join_group(group_choice const& given, time_ns now) {
    if (core_ == nullptr) return error::ebadf;
    auto c = given;
    if (auto const problem = group_of(c); problem != error::ok) return problem;
    if (c.interface == 0) c.interface = core_->routes.usual_interface(c.group.version);
    bool const from_anybody = c.source.version == ip_version::none;
    auto m = find_membership(c.group, c.interface);
    bool const is_new = m == memberships_.end();
    auto const problem = is_new ? may_join_one_more(c.group) : may_add(*m, c.source);
    if (problem != error::ok) return problem;
    if (is_new) m = memberships_.insert(m, {c.group, c.interface, false, {}});
    try {
        if (!from_anybody) m->sources.reserve(m->sources.size() + 1);
        ip::group_change change{from_anybody ? 1 : m->from_anybody ? -1 : 0, {}, {}};
        if (!from_anybody) change.more.push_back(c.source);
        core_->groups.change({c.interface, c.group}, change, std::max(now, core_->now()));
    } catch (...) {
        if (is_new) memberships_.erase(m);
        throw;
    }
    m->from_anybody = from_anybody;
    if (!from_anybody) m->sources.push_back(c.source);
    core_->signal_output();
    return error::ok;
}

error udp_socket::may_add(membership const& to, ip_address const& source) const {
    if (source.version == ip_version::none) return error::eaddrinuse;
    if (std::find(to.sources.begin(), to.sources.end(), source) != to.sources.end()) return error::eaddrnotavail;
    return to.sources.size() >= core_->config.max_sources_of_membership ? error::enobufs : error::ok;
}

error udp_socket::leave_group(group_choice const& given, time_ns now) {
    if (core_ == nullptr) return error::ebadf;
    auto c = given;
    if (auto const problem = group_of(c); problem != error::ok) return problem;
    auto const m = find_membership(c.group, c.interface);
    bool const of_a_source = c.source.version != ip_version::none;
    if (m == memberships_.end())
        return of_a_source ? error::einval : error::eaddrnotavail;  // as Linux tells them apart
    now = std::max(now, core_->now());
    if (!of_a_source) {
        leave(m, now);
        return error::ok;
    }
    auto const source = std::find(m->sources.begin(), m->sources.end(), c.source);
    if (source == m->sources.end()) return error::eaddrnotavail;
    if (m->sources.size() == 1) {
        leave(m, now);
        return error::ok;
    }
    m->sources.erase(source);
    core_->groups.change({m->interface, m->group}, {0, {}, {c.source}}, now);
    core_->signal_output();
    return error::ok;
}

void udp_socket::leave(memberships::iterator m, time_ns now) {
    ip::group_change const change{m->from_anybody ? -1 : 0, {}, std::move(m->sources)};
    core_->groups.change({m->interface, m->group}, change, now);
    memberships_.erase(m);
    core_->signal_output();
}

void udp_socket::leave_every_group(time_ns now) {
    while (!memberships_.empty()) leave(std::prev(memberships_.end()), std::max(now, core_->now()));
}

error udp_socket::set_multicast_option(socket_option o, std::int64_t value) {
    switch (o) {
        case socket_option::multicast_loop:
            multicast_loop_ = value != 0;
            return error::ok;
        case socket_option::multicast_hops:
            if (value < -1 || value > 255) return error::einval;
            multicast_hops_ = value == -1 ? std::uint8_t{1} : static_cast<std::uint8_t>(value);
            return error::ok;
        default:
            break;
    }
    bool const known = value == 0 || (value > 0 && core_->routes.has(static_cast<std::uint32_t>(value)));
    if (!known) return family() == ip_version::v4 ? error::eaddrnotavail : error::enodev;
    multicast_interface_ = static_cast<std::uint32_t>(value);
    return error::ok;
}

}  // namespace cardea::stack
