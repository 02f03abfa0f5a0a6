// Opens a server's listening sockets with the public calls: tcp_listener, unix_listener, udp_socket, SO_REUSEPORT.
#include "serve/listening.hpp"

#include <cardea/error.hpp>
#include <utility>

#include "socket/address_text.hpp"

namespace cardea::detail {

namespace {

// "*" was given: what was bound may be IPv4's wildcard. Else what was asked for, with the port that was given.
endpoint bound_as(const endpoint& asked, const endpoint& bound) noexcept {
    return asked.is_any() ? bound : asked.with_port(bound.port());
}

// The first loop's sockets bind (and listen) alone, so that an address somebody else serves is refused, be it shared
// there or not. Only then they are opened to the others: Linux looks at the flag of the sockets that are there whenever
// one more binds (inet_csk_bind_conflict, udp_lib_lport_inuse). There is no moment at which a second server gets in.
endpoint listen_tcp(const address& where, const endpoint& asked, int backlog, bool shared, doors& mine) {
    tcp_listener first(where, backlog);
    const endpoint bound = bound_as(asked, first.local());
    if (shared) first.set(option::reuse_port{true});
    mine.open.push_back({std::move(first), bound});
    return bound;
}

endpoint bind_udp(const address& where, const endpoint& asked, bool shared, doors& mine) {
    udp_socket first = udp_socket::bind(where);
    const endpoint bound = bound_as(asked, first.local());
    if (shared) first.set(option::reuse_port{true});
    mine.open.push_back({std::move(first), bound});
    return bound;
}

// The port that was free for TCP may be taken for UDP: then another is as good.
endpoint open_both(const std::string& text, const endpoint& asked, int backlog, bool shared, doors& mine) {
    constexpr int tries = 32;
    for (int i = 1;; ++i) {
        const endpoint where = listen_tcp(text, asked, backlog, shared, mine);
        try {
            bind_udp(asked.with_port(where.port()), asked, shared, mine);
            return where;
        } catch (const error& e) {
            if (asked.port() != 0 || e.code() != std::errc::address_in_use || i == tries) throw;
        }
        mine.open.pop_back();
    }
}

endpoint open_unix(const std::string& text, const endpoint& asked, served what, int backlog, doors& mine) {
    if (what == served::datagrams) {
        throw error(std::make_error_code(std::errc::operation_not_supported), "bind",
                    "bind " + text + " (a server of datagrams takes UDP addresses only)");
    }
    try {
        mine.open.push_back({unix_listener(text, backlog), asked});
    } catch (const error& e) {
        if (e.code() != errc::not_supported) throw;
        throw error(e.code(), "listen", "listen on " + text);
    }
    return asked;
}

endpoint open_first(const std::string& text, served what, int backlog, bool shared, doors& mine) {
    std::error_code ec;
    const endpoint asked = endpoint::parse(text, ec);
    if (ec) detail::throw_bad_address("serve", std::string_view(text));
    if (!asked.is_ip()) return open_unix(text, asked, what, backlog, mine);
    if (what == served::streams) return listen_tcp(text, asked, backlog, shared, mine);
    if (what == served::datagrams) return bind_udp(text, asked, shared, mine);
    return open_both(text, asked, backlog, shared, mine);
}

// A further socket on the address of one that shares it.
socket open_beside(const endpoint& where, type t) {
    socket s(where.family(), t);
    if (t == type::stream) s.set(option::reuse_address{true});
    s.set(option::reuse_port{true});
    s.bind(where);
    return s;
}

tcp_listener listen_beside(const endpoint& where, int backlog) {
    socket s = open_beside(where, type::stream);
    s.listen(backlog);
    return tcp_listener(std::move(s));
}

}  // namespace

stream listener::accept(std::error_code& ec) noexcept {
    if (auto* local = std::get_if<unix_listener>(&door)) return stream(std::move(local->accept(ec).handle()));
    return stream(std::move(std::get_if<tcp_listener>(&door)->accept(ec).handle()));
}

void listener::close() noexcept {
    if (auto* tcp = std::get_if<tcp_listener>(&door)) tcp->close();
    if (auto* local = std::get_if<unix_listener>(&door)) local->close();
    if (auto* udp = std::get_if<udp_socket>(&door)) udp->close();
}

doors listen_first(const std::vector<std::string>& addresses, served what, int backlog, bool shared) {
    if (addresses.empty()) throw error(errc::bad_address, "serve", "serve without an address");
    doors mine;
    for (const std::string& text : addresses) mine.where.push_back(open_first(text, what, backlog, shared, mine));
    return mine;
}

doors listen_beside(const std::vector<endpoint>& where, served what, int backlog) {
    doors mine{{}, where};
    for (const endpoint& e : where) {
        if (!e.is_ip()) continue;
        if (what != served::datagrams) mine.open.push_back({listen_beside(e, backlog), e});
        if (what != served::streams) mine.open.push_back({udp_socket(open_beside(e, type::datagram)), e});
    }
    return mine;
}

}  // namespace cardea::detail
