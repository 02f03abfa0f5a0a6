// Opens a server's listening sockets with the public calls: tcp_listener, unix_listener, udp_socket, SO_REUSEPORT.
#include "serve/listening.hpp"

#include <cardea/error.hpp>
#include <utility>

namespace cardea::detail {

namespace {

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

// "*" was given: what was bound may be IPv4's wildcard. Else what was asked for, with the port that was given.
endpoint bound_as(const endpoint& asked, const endpoint& bound) noexcept {
    return asked.is_any() ? bound : asked.with_port(bound.port());
}

// The first loop's socket binds (and listens) alone, so that an address somebody else serves is refused, be it shared
// there or not. Only then it is opened to the others: Linux looks at the flag of the sockets that are there whenever
// one more binds (inet_csk_bind_conflict, udp_lib_lport_inuse). There is no moment at which a second server gets in.
void serve_tcp(const std::string& text, const endpoint& asked, int backlog, std::vector<doors>& all) {
    tcp_listener first(text, backlog);
    const endpoint where = bound_as(asked, first.local());
    if (all.size() > 1) first.set(option::reuse_port{true});
    all.front().push_back({std::move(first), where});
    for (std::size_t i = 1; i < all.size(); ++i) all[i].push_back({listen_beside(where, backlog), where});
}

void serve_udp(const std::string& text, const endpoint& asked, std::vector<doors>& all) {
    udp_socket first = udp_socket::bind(text);
    const endpoint where = bound_as(asked, first.local());
    if (all.size() > 1) first.set(option::reuse_port{true});
    all.front().push_back({std::move(first), where});
    for (std::size_t i = 1; i < all.size(); ++i) {
        all[i].push_back({udp_socket(open_beside(where, type::datagram)), where});
    }
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

std::vector<doors> listen_on_all(const std::vector<std::string>& addresses, served what, int backlog, unsigned loops) {
    if (addresses.empty()) throw error(errc::bad_address, "serve", "serve without an address");
    std::vector<doors> all(loops);
    for (const std::string& text : addresses) {
        const endpoint asked = endpoint::parse(text);
        if (asked.is_ip() && what == served::streams) {
            serve_tcp(text, asked, backlog, all);
        } else if (asked.is_ip()) {
            serve_udp(text, asked, all);
        } else if (what == served::streams) {
            all.front().push_back({unix_listener(text, backlog), asked});
        } else {
            throw error(std::make_error_code(std::errc::operation_not_supported), "bind",
                        "bind " + text + " (a server of datagrams takes UDP addresses only)");
        }
    }
    return all;
}

}  // namespace cardea::detail
