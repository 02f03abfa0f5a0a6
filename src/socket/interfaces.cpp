// Interfaces and their changes. A notice only says that it is time to look: what has changed is the difference between
// two lists, so that a notice that the kernel dropped is no different from one that came.
#include <algorithm>
#include <cardea/interfaces.hpp>
#include <new>
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
socket open_here(bool notices, std::error_code& ec) noexcept {
    descriptor made = detail::open_route_socket(notices, ec);
    if (ec) return {};
    native_socket as_packets;
    as_packets.descriptor = made.get();
    as_packets.family = family::packet;
    as_packets.type = type::datagram;
    std::unique_ptr<network_socket> opened;
    ec = this_network().adopt(std::move(as_packets), opened);
    if (ec == errc::wrong_network) ec = errc::not_supported;
    if (ec) return {};
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

std::vector<network_interface> interfaces(std::error_code& ec) noexcept try {
    std::vector<network_interface> its_own;
    ec = this_network().list_interfaces(its_own);
    if (ec != errc::not_supported) return its_own;
    ec.clear();
    const socket asking = open_here(false, ec);
    return ec ? std::vector<network_interface>() : detail::list_interfaces(asking.native_handle(), ec);
} catch (const std::bad_alloc&) {
    ec = std::make_error_code(std::errc::not_enough_memory);
    return {};
}

std::vector<network_interface> interfaces() {
    std::error_code ec;
    std::vector<network_interface> all = interfaces(ec);
    if (ec) fail(ec, "list the interfaces");
    return all;
}

interface_watch::interface_watch() {
    std::error_code ec;
    interface_watch made(ec);
    if (ec) fail(ec, "watch the interfaces");
    *this = std::move(made);
}

interface_watch::interface_watch(std::error_code& ec) noexcept {
    try {
        ec = this_network().list_interfaces(known_);
        if (ec != errc::not_supported) return;
        ec.clear();
        notices_ = open_here(true, ec);
        if (!ec) ask_ = detail::open_route_socket(false, ec);
        if (!ec) known_ = detail::list_interfaces(ask_.get(), ec);
    } catch (const std::bad_alloc&) {
        ec = std::make_error_code(std::errc::not_enough_memory);
    }
}

void interface_watch::look(std::error_code& ec) {
    std::vector<network_interface> now;
    if (ask_) {
        detail::discard_notices(notices_.native_handle());
        now = detail::list_interfaces(ask_.get(), ec);
    } else {
        ec = this_network().list_interfaces(now);
    }
    if (ec) return;
    compare(known_, now, untold_);
    known_ = std::move(now);
}

void interface_watch::await_notice(std::error_code& ec) noexcept {
    if (!ask_) {
        ec = this_network().await_interfaces(seen_);
        return;
    }
    std::byte notice{};
    notices_.recv({&notice, 1}, ec);
    // A long notice is cut, and one that was dropped is told as ENOBUFS: both say that something has changed.
    if (ec == std::errc::message_size || ec == std::errc::no_buffer_space) ec.clear();
}

interface_change interface_watch::next() {
    std::error_code ec;
    interface_change first = next(ec);
    if (ec) fail(ec, "watch the interfaces");
    return first;
}

interface_change interface_watch::next(std::error_code& ec) noexcept try {
    ec.clear();
    while (untold_.empty()) {
        await_notice(ec);
        if (ec) return {};
        look(ec);
        if (ec) return {};
    }
    interface_change first = std::move(untold_.front());
    untold_.pop_front();
    return first;
} catch (const std::bad_alloc&) {
    ec = std::make_error_code(std::errc::not_enough_memory);
    return {};
}

}  // namespace cardea
