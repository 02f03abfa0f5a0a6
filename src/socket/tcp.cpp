// tcp_listener, and how a tcp_stream comes from one.
#include <cardea/tcp.hpp>
#include <string>

#include "socket/address_text.hpp"

namespace cardea {

namespace {

bool lacks_family(std::error_code ec) noexcept {
    return ec == std::errc::address_family_not_supported || ec == std::errc::address_not_available;
}

std::error_code listen_on(const endpoint& where, int backlog, socket& out) noexcept {
    std::error_code ec;
    socket s(where.family(), type::stream, 0, ec);
    if (ec) return ec;
    s.set(option::reuse_address{true}, ec);
    if (!ec) s.bind(where, ec);
    if (!ec) s.listen(backlog, ec);
    if (!ec) out = std::move(s);
    return ec;
}

std::error_code listen_at(address where, int backlog, socket& out) noexcept {
    std::error_code ec;
    const endpoint e = where.numeric(ec);
    if (ec) return ec;
    if (!e.is_ip()) return errc::bad_address;
    ec = listen_on(e, backlog, out);
    // "*" on a host without IPv6.
    if (lacks_family(ec) && e == endpoint::any(family::inet6, e.port())) {
        ec = listen_on(endpoint::any(family::inet, e.port()), backlog, out);
    }
    return ec;
}

tcp_stream without_delay(accepted&& a, endpoint& client) noexcept {
    client = a.client;
    std::error_code ignored;  // only a connection that is gone already refuses
    a.connection.set(option::nodelay{true}, ignored);
    return tcp_stream(std::move(a.connection));
}

}  // namespace

tcp_listener::tcp_listener(address where, int backlog) {
    const std::error_code ec = listen_at(where, backlog, socket_);
    if (ec == errc::bad_address) detail::throw_bad_address("listen", where);
    if (ec) throw error(ec, "listen", "listen on " + where.to_string());
}

tcp_listener::tcp_listener(address where, int backlog, std::error_code& ec) noexcept {
    ec = listen_at(where, backlog, socket_);
}

tcp_stream tcp_listener::accept() {
    endpoint client;
    return accept(client);
}

tcp_stream tcp_listener::accept(endpoint& client) { return without_delay(socket_.accept(), client); }

tcp_stream tcp_listener::accept(std::error_code& ec) noexcept {
    endpoint client;
    return accept(client, ec);
}

tcp_stream tcp_listener::accept(endpoint& client, std::error_code& ec) noexcept {
    accepted a = socket_.accept(ec);
    return ec ? tcp_stream() : without_delay(std::move(a), client);
}

}  // namespace cardea
