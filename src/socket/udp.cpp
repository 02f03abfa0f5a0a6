// udp_socket.
#include <cardea/names.hpp>
#include <cardea/udp.hpp>
#include <string>

#include "socket/address_text.hpp"

namespace cardea {

namespace {

std::error_code bind_one(const endpoint& where, socket& out) noexcept {
    std::error_code ec;
    socket s(where.family(), type::datagram, 0, ec);
    if (!ec) s.bind(where, ec);
    if (!ec) out = std::move(s);
    return ec;
}

std::error_code bind_at(address where, socket& out) noexcept {
    std::error_code ec;
    const endpoint e = where.numeric(ec);
    if (ec) return ec;
    if (!e.is_ip()) return errc::bad_address;
    ec = bind_one(e, out);
    // "*" on a host without IPv6.
    const bool lacks_ipv6 = ec == std::errc::address_family_not_supported || ec == std::errc::address_not_available;
    if (lacks_ipv6 && e == endpoint::any(family::inet6, e.port())) {
        ec = bind_one(endpoint::any(family::inet, e.port()), out);
    }
    return ec;
}

}  // namespace

udp_socket udp_socket::open() {
    std::error_code ec;
    udp_socket s = open(ec);
    if (ec) throw error(ec, "socket", "socket");
    return s;
}

udp_socket udp_socket::open(std::error_code& ec) noexcept {
    socket s(family::inet6, type::datagram, 0, ec);
    if (ec == std::errc::address_family_not_supported) s = socket(family::inet, type::datagram, 0, ec);
    return udp_socket(std::move(s));
}

udp_socket udp_socket::bind(address where) {
    socket s;
    const std::error_code ec = bind_at(where, s);
    if (ec == errc::bad_address) detail::throw_bad_address("bind", where);
    if (ec) throw error(ec, "bind", "bind " + where.to_string());
    return udp_socket(std::move(s));
}

udp_socket udp_socket::bind(address where, std::error_code& ec) noexcept {
    socket s;
    ec = bind_at(where, s);
    return udp_socket(std::move(s));
}

udp_socket udp_socket::connect(address peer, std::error_code& ec) noexcept {
    const std::vector<endpoint> found = resolve(peer, ec);
    if (!ec && !found.front().is_ip()) ec = errc::bad_address;
    if (ec) return {};
    for (const endpoint& e : found) {
        socket s(e.family(), type::datagram, 0, ec);
        if (!ec) s.connect(e, ec);
        if (!ec) return udp_socket(std::move(s));
    }
    return {};
}

udp_socket udp_socket::connect(address peer) {
    std::error_code ec;
    udp_socket s = connect(peer, ec);
    if (!ec) return s;
    if (ec == errc::bad_address) detail::throw_bad_address("connect", peer);
    if (ec == errc::cancelled) throw cancelled();
    throw error(ec, "connect", "connect to " + peer.to_string());
}

}  // namespace cardea
