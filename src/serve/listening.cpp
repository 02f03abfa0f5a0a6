// Opens a server's listening sockets with the public calls: tcp_listener, unix_listener, udp_socket, SO_REUSEPORT; or
// takes over those that an earlier server had.
#include "serve/listening.hpp"

#include <cardea/error.hpp>
#include <optional>
#include <utility>

#include "socket/address_text.hpp"

namespace cardea::detail {

namespace {

/// What is opened for one loop, and how; `mine.where` has the addresses that are done.
struct opening {
    served what;
    int backlog;
    bool shared;  ///< with other loops
    std::vector<heirloom> inherited;
    doors mine = {};

    template <class Door>
    void add(Door&& door, const endpoint& where) {
        mine.open.push_back({std::forward<Door>(door), where, mine.where.size()});
    }
};

// "*" was given: what was bound may be IPv4's wildcard. Else what was asked for, with the port that was given.
endpoint bound_as(const endpoint& asked, const endpoint& bound) noexcept {
    return asked.is_any() ? bound : asked.with_port(bound.port());
}

socket adopt(descriptor&& d) {
    socket s = socket::adopt(d.get());
    static_cast<void>(d.release());
    return s;
}

// What an earlier server had for the address at hand, all of it: else who waits in one's queue waits for ever. Nothing:
// it is to be opened.
std::optional<endpoint> inherit(opening& o, const endpoint& asked, type kind) {
    std::optional<endpoint> bound;
    for (heirloom& h : o.inherited) {
        if (h.address != o.mine.where.size() || h.kind != kind || !h.socket) continue;
        socket s = adopt(std::move(h.socket));
        bound = asked.is_ip() ? bound_as(asked, s.local()) : asked;
        if (asked.is_ip() && o.shared) s.set(option::reuse_port{true});
        if (kind == type::stream) s.listen(o.backlog);  // listen(2) again: this server's backlog
        if (kind == type::datagram) {
            o.add(udp_socket(std::move(s)), *bound);
        } else if (asked.is_ip()) {
            o.add(tcp_listener(std::move(s)), *bound);
        } else {
            o.add(unix_listener(std::move(s)), *bound);
        }
    }
    return bound;
}

// The first loop's sockets bind (and listen) alone, so that an address somebody else serves is refused, be it shared
// there or not. Only then they are opened to the others: Linux looks at the flag of the sockets that are there whenever
// one more binds (inet_csk_bind_conflict, udp_lib_lport_inuse). There is no moment at which a second server gets in.
endpoint listen_tcp(opening& o, const address& where, const endpoint& asked) {
    tcp_listener first(where, o.backlog);
    const endpoint bound = bound_as(asked, first.local());
    if (o.shared) first.set(option::reuse_port{true});
    o.add(std::move(first), bound);
    return bound;
}

endpoint bind_udp(opening& o, const address& where, const endpoint& asked) {
    udp_socket first = udp_socket::bind(where);
    const endpoint bound = bound_as(asked, first.local());
    if (o.shared) first.set(option::reuse_port{true});
    o.add(std::move(first), bound);
    return bound;
}

// The port that was free for TCP may be taken for UDP: then another is as good.
endpoint open_both(opening& o, const std::string& text, const endpoint& asked) {
    constexpr int tries = 32;
    for (int i = 1;; ++i) {
        const endpoint where = listen_tcp(o, text, asked);
        try {
            bind_udp(o, asked.with_port(where.port()), asked);
            return where;
        } catch (const error& e) {
            if (asked.port() != 0 || e.code() != std::errc::address_in_use || i == tries) throw;
        }
        o.mine.open.pop_back();
    }
}

endpoint open_unix(opening& o, const std::string& text, const endpoint& asked) {
    if (o.what == served::datagrams) {
        throw error(std::make_error_code(std::errc::operation_not_supported), "bind",
                    "bind " + text + " (a server of datagrams takes UDP addresses only)");
    }
    if (inherit(o, asked, type::stream)) return asked;
    try {
        o.add(unix_listener(text, o.backlog), asked);
    } catch (const error& e) {
        if (e.code() != errc::not_supported) throw;
        throw error(e.code(), "listen", "listen on " + text);
    }
    return asked;
}

endpoint open_ip(opening& o, const std::string& text, const endpoint& asked) {
    const bool streams = o.what != served::datagrams, datagrams = o.what != served::streams;
    const auto tcp = streams ? inherit(o, asked, type::stream) : std::nullopt;
    const auto udp = datagrams ? inherit(o, asked, type::datagram) : std::nullopt;
    if (streams && datagrams && !tcp && !udp) return open_both(o, text, asked);
    if (streams && !tcp) {
        return udp ? listen_tcp(o, asked.with_port(udp->port()), asked) : listen_tcp(o, text, asked);
    }
    if (datagrams && !udp) return tcp ? bind_udp(o, asked.with_port(tcp->port()), asked) : bind_udp(o, text, asked);
    return tcp ? *tcp : *udp;
}

// A further socket on the address of one that shares it.
socket bind_beside(const endpoint& where, type t) {
    socket s(where.family(), t);
    if (t == type::stream) s.set(option::reuse_address{true});
    s.set(option::reuse_port{true});
    s.bind(where);
    return s;
}

tcp_listener listen_beside(const endpoint& where, int backlog) {
    socket s = bind_beside(where, type::stream);
    s.listen(backlog);
    return tcp_listener(std::move(s));
}

}  // namespace

stream listener::accept(std::error_code& ec) noexcept {
    if (auto* local = std::get_if<unix_listener>(&door)) return stream(std::move(local->accept(ec).handle()));
    return stream(std::move(std::get_if<tcp_listener>(&door)->accept(ec).handle()));
}

socket& listener::handle() noexcept {
    if (auto* tcp = std::get_if<tcp_listener>(&door)) return tcp->handle();
    if (auto* local = std::get_if<unix_listener>(&door)) return local->handle();
    return std::get_if<udp_socket>(&door)->handle();
}

void listener::close() noexcept {
    if (auto* local = std::get_if<unix_listener>(&door)) local->close();  // and its path
    handle().close();
}

doors listen_first(const std::vector<std::string>& addresses, served what, int backlog, bool shared,
                   std::vector<heirloom> inherited) {
    if (addresses.empty()) throw error(errc::bad_address, "serve", "serve without an address");
    opening o{what, backlog, shared, std::move(inherited)};
    for (const std::string& text : addresses) {
        std::error_code ec;
        const endpoint asked = endpoint::parse(text, ec);
        if (ec) detail::throw_bad_address("serve", std::string_view(text));
        o.mine.where.push_back(asked.is_ip() ? open_ip(o, text, asked) : open_unix(o, text, asked));
    }
    return std::move(o.mine);
}

doors listen_beside(const std::vector<endpoint>& where, served what, int backlog, std::vector<heirloom> inherited) {
    opening o{what, backlog, true, std::move(inherited)};
    for (const endpoint& e : where) {
        if (e.is_ip() && what != served::datagrams && !inherit(o, e, type::stream)) {
            o.add(listen_beside(e, backlog), e);
        }
        if (e.is_ip() && what != served::streams && !inherit(o, e, type::datagram)) {
            o.add(udp_socket(bind_beside(e, type::datagram)), e);
        }
        o.mine.where.push_back(e);
    }
    return std::move(o.mine);
}

}  // namespace cardea::detail
