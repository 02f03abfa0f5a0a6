// Interfaces and their changes. A notice only says that it is time to look: what has changed is the difference between
// two lists, so that a notice that the kernel dropped is no different from one that came.
#include <algorithm>
#include <cardea/interfaces.hpp>
#include <utility>

#include "socket/route_linux.hpp"

namespace cardea {

namespace {

using kind = interface_change::kind;

[[noreturn]] void fail(std::error_code ec, const char* operation) {
    if (ec == errc::cancelled) throw cancelled();
    throw error(ec, operation, operation);
}

// As a packet socket: the networks wait for it in the same way, and know nothing else of a netlink socket.
socket open_here(bool notices, const char* operation) {
    std::error_code ec;
    descriptor made = detail::open_route_socket(notices, ec);
    if (ec) fail(ec, operation);
    native_socket as_packets;
    as_packets.descriptor = made.get();
    as_packets.family = family::packet;
    as_packets.type = type::datagram;
    std::unique_ptr<network_socket> opened;
    ec = this_network().adopt(std::move(as_packets), opened);
    if (ec == errc::wrong_network) ec = errc::not_supported;
    if (ec) fail(ec, operation);
    static_cast<void>(made.release());
    return socket(std::move(opened), family::packet, type::datagram);
}

// Changes carry the link alone: with thousands of addresses on one, thousands of copies of all would not fit.
network_interface link_of(const network_interface& whole) {
    network_interface link = whole;
    link.addresses.clear();
    return link;
}

void compare_addresses(const network_interface& before, const network_interface& now,
                       std::deque<interface_change>& out) {
    const auto lacks = [](const network_interface& i, const interface_address& a) {
        return std::find(i.addresses.begin(), i.addresses.end(), a) == i.addresses.end();
    };
    const network_interface link = link_of(now);
    for (const interface_address& a : before.addresses) {
        if (lacks(now, a)) out.push_back({kind::address_removed, link, a});
    }
    for (const interface_address& a : now.addresses) {
        if (lacks(before, a)) out.push_back({kind::address_added, link, a});
    }
}

void compare(const network_interface& before, const network_interface& now, std::deque<interface_change>& out) {
    if (before.usable() != now.usable()) {
        out.push_back({now.usable() ? kind::went_up : kind::went_down, link_of(now)});
    } else if (link_of(now) != link_of(before)) {
        out.push_back({kind::altered, link_of(now)});
    }
    if (before.addresses != now.addresses) compare_addresses(before, now, out);
}

// Both are sorted by number.
void compare(const std::vector<network_interface>& before, const std::vector<network_interface>& now,
             std::deque<interface_change>& out) {
    auto old = before.begin();
    for (const network_interface& i : now) {
        for (; old != before.end() && old->index < i.index; ++old) out.push_back({kind::disappeared, link_of(*old)});
        if (old != before.end() && old->index == i.index) {
            compare(*old++, i, out);
        } else {
            out.push_back({kind::appeared, link_of(i)});
            compare_addresses({}, i, out);
        }
    }
    for (; old != before.end(); ++old) out.push_back({kind::disappeared, link_of(*old)});
}

}  // namespace

std::vector<network_interface> interfaces() {
    const socket asking = open_here(false, "list the interfaces");
    std::error_code ec;
    std::vector<network_interface> all = detail::list_interfaces(asking.native_handle(), ec);
    if (ec) fail(ec, "list the interfaces");
    return all;
}

interface_watch::interface_watch() : notices_(open_here(true, "watch the interfaces")) {
    std::error_code ec;
    ask_ = detail::open_route_socket(false, ec);
    if (!ec) known_ = detail::list_interfaces(ask_.get(), ec);
    if (ec) fail(ec, "watch the interfaces");
}

void interface_watch::look() {
    detail::discard_notices(notices_.native_handle());
    std::error_code ec;
    std::vector<network_interface> now = detail::list_interfaces(ask_.get(), ec);
    if (ec) fail(ec, "watch the interfaces");
    compare(known_, now, untold_);
    known_ = std::move(now);
}

interface_change interface_watch::next() {
    while (untold_.empty()) {
        std::error_code ec;
        std::byte notice{};
        notices_.recv({&notice, 1}, ec);
        // A long notice is cut, and one that was dropped is told as ENOBUFS: both say that something has changed.
        if (ec && ec != std::errc::message_size && ec != std::errc::no_buffer_space) fail(ec, "watch the interfaces");
        look();
    }
    interface_change first = std::move(untold_.front());
    untold_.pop_front();
    return first;
}

}  // namespace cardea
