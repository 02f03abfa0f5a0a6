// Messages: datagram.hpp, batch.hpp, error_queue.hpp.
#include <cardea/batch.hpp>
#include <cardea/datagram.hpp>
#include <cardea/error_queue.hpp>

#include "socket/message_calls.hpp"
#include "socket/observed.hpp"

namespace cardea {

namespace detail {

void message_calls::fail(const socket& s, std::error_code ec, const char* operation, const endpoint& peer,
                         std::size_t bytes_done) {
    s.fail(ec, operation, peer, bytes_done);
}

io_result message_calls::send(socket& s, const outgoing_message& m) noexcept {
    const bool to_peer = m.how.to == endpoint();
    const endpoint* peer = to_peer ? &s.peer_ : &m.how.to;
    return s.observed(to_peer ? call_kind::send : call_kind::send_to, m.data.size(), peer, nullptr, [&]() -> io_result {
        std::error_code failed;
        network_socket* impl = s.here_to_block(failed);
        return impl != nullptr ? impl->send_message(m) : io_result{0, failed};
    });
}

io_result message_calls::recv(socket& s, incoming_message& m) noexcept {
    const endpoint* peer = s.type_ == type::stream ? &s.peer_ : &m.info.from;
    return s.observed(call_kind::recv_from, m.room.size(), peer, nullptr, [&]() -> io_result {
        std::error_code failed;
        network_socket* impl = s.here_to_block(failed);
        if (impl == nullptr) return {0, failed};
        const io_result done = impl->recv_message(m);
        m.info.from = m.info.from.unmapped();
        m.info.to = m.info.to.unmapped();
        return done;
    });
}

batch_result message_calls::send_batch(socket& s, std::span<const outgoing_datagram> all) noexcept {
    batch_result result;
    const endpoint* peer = all.empty() || all.front().to == nullptr ? &s.peer_ : all.front().to;
    s.observed(call_kind::send_to, all.size(), peer, nullptr, [&]() -> io_result {
        network_socket* impl = s.here_to_block(result.error);
        if (impl != nullptr) result = impl->send_batch(all);
        return {result.bytes, result.error};
    });
    return result;
}

std::error_code message_calls::recv_batch(socket& s, datagram_batch& into) noexcept {
    return s
        .observed(call_kind::recv_from, 0, &s.peer_, nullptr,
                  [&]() -> io_result {
                      std::error_code failed;
                      network_socket* impl = s.here_to_block(failed);
                      if (impl != nullptr) failed = impl->recv_batch(into);
                      return {0, failed};
                  })
        .error;
}

std::error_code message_calls::recv_error(socket& s, datagram_error& out) noexcept {
    std::error_code failed;
    network_socket* impl = s.here_to_block(failed);
    return impl != nullptr ? impl->recv_error(out) : failed;
}

std::error_code message_calls::set_membership(socket& s, const group_membership& of, bool member) noexcept {
    if (!of.group.is_multicast() || (of.source != endpoint() && !of.source.is_ip())) return errc::bad_address;
    std::error_code failed;
    network_socket* impl = s.here(failed);
    return impl != nullptr ? impl->set_membership(of, member) : failed;
}

std::error_code message_calls::peer_credentials(socket& s, credentials& out) noexcept {
    std::error_code failed;
    const network_socket* impl = s.here(failed);
    return impl != nullptr ? impl->peer_credentials(out) : failed;
}

}  // namespace detail

using detail::message_calls;

// --- datagram.hpp ---------------------------------------------------------------------------------------------------

datagram_info recv_datagram(socket_ref from, mutable_buffer room) {
    std::error_code ec;
    datagram_info info = recv_datagram(from, room, ec);
    if (ec) message_calls::fail(from.get(), ec, "recv");
    return info;
}

datagram_info recv_datagram(socket_ref from, mutable_buffer room, std::error_code& ec) noexcept {
    incoming_message m{room};
    ec = message_calls::recv(from.get(), m).error;
    return m.info;
}

std::size_t send_datagram(socket_ref by, const_buffer datagram, const datagram_options& how) {
    std::error_code ec;
    const std::size_t n = send_datagram(by, datagram, how, ec);
    if (ec) message_calls::fail(by.get(), ec, "send", how.to, n);
    return n;
}

std::size_t send_datagram(socket_ref by, const_buffer datagram, const datagram_options& how,
                          std::error_code& ec) noexcept {
    const io_result done = message_calls::send(by.get(), {datagram, how});
    ec = done.error;
    return done.bytes;
}

namespace {

constexpr std::size_t udp_header = 8;  // RFC 768

// The version of IP by which it reaches its peer; unspecified: either.
family reached_by(socket& s) noexcept {
    if (message_calls::family_of(s) != family::inet6) return family::inet;
    std::error_code not_connected;
    const endpoint peer = s.peer(not_connected);
    if (!not_connected) return peer.unmapped().family();
    const bool v6_only = s.get_option(option_id::v6_only, not_connected) != 0;
    return v6_only && !not_connected ? family::inet6 : family::unspecified;
}

}  // namespace

std::size_t largest_datagram(socket_ref of) noexcept {
    constexpr std::size_t longest = 65'535;
    constexpr std::size_t ipv4_header = 20;
    // IPv6 does not count its header (RFC 8200 section 3).
    return longest - udp_header - (reached_by(of.get()) == family::inet6 ? 0 : ipv4_header);
}

std::size_t largest_unfragmented(socket_ref of) {
    std::error_code ec;
    const std::size_t size = largest_unfragmented(of, ec);
    if (ec) message_calls::fail(of.get(), ec, "path MTU");
    return size;
}

std::size_t largest_unfragmented(socket_ref of, std::error_code& ec) noexcept {
    const auto mtu = static_cast<std::size_t>(of.get().get_option(option_id::path_mtu, ec));
    if (ec) return 0;
    const std::size_t headers = udp_header + (reached_by(of.get()) == family::inet6 ? 40U : 20U);
    return std::min(mtu > headers ? mtu - headers : 0, largest_datagram(of));
}

// --- batch.hpp ------------------------------------------------------------------------------------------------------

std::size_t send_batch(socket_ref by, std::span<const outgoing_datagram> datagrams) {
    std::error_code ec;
    const std::size_t n = send_batch(by, datagrams, ec);
    if (ec == errc::cancelled) throw cancelled();
    if (ec && n == 0) {
        message_calls::fail(by.get(), ec, "send", datagrams.front().to != nullptr ? *datagrams.front().to : endpoint());
    }
    return n;
}

std::size_t send_batch(socket_ref by, std::span<const outgoing_datagram> datagrams, std::error_code& ec) noexcept {
    ec.clear();
    if (datagrams.empty()) return 0;
    const batch_result done = message_calls::send_batch(by.get(), datagrams);
    ec = done.error;
    return done.datagrams;
}

std::size_t recv_batch(socket_ref from, datagram_batch& into) {
    std::error_code ec;
    const std::size_t n = recv_batch(from, into, ec);
    if (ec) message_calls::fail(from.get(), ec, "recv");
    return n;
}

std::size_t recv_batch(socket_ref from, datagram_batch& into, std::error_code& ec) noexcept {
    ec = message_calls::recv_batch(from.get(), into);
    return into.size();
}

// --- error_queue.hpp ------------------------------------------------------------------------------------------------

datagram_error recv_error(socket_ref of) {
    std::error_code ec;
    datagram_error e = recv_error(of, ec);
    if (ec == errc::not_supported) {
        std::error_code ignored;
        throw error(ec, "recv error", of.get().local(ignored), {}, 0, "option::receive_errors is not set");
    }
    if (ec) message_calls::fail(of.get(), ec, "recv error");
    return e;
}

datagram_error recv_error(socket_ref of, std::error_code& ec) noexcept {
    datagram_error e;
    ec = message_calls::recv_error(of.get(), e);
    return e;
}

namespace {

// RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1.
const char* describe_icmp(unsigned kind, unsigned code) noexcept {
    constexpr unsigned unreachable = 3;
    constexpr unsigned time_exceeded = 11;
    constexpr unsigned parameter_problem = 12;
    if (kind == time_exceeded) return code == 0 ? "time to live exceeded in transit" : "reassembly time exceeded";
    if (kind == parameter_problem) return "parameter problem";
    if (kind != unreachable) return "ICMP error";
    switch (code) {
        case 0:
            return "network unreachable";
        case 1:
            return "host unreachable";
        case 2:
            return "protocol unreachable";
        case 3:
            return "port unreachable";
        case 4:
            return "too big for the path";
        case 5:
            return "source route failed";
        case 9:
        case 10:
        case 13:
            return "administratively prohibited";
        default:
            return "destination unreachable";
    }
}

// RFC 4443 section 3.
const char* describe_icmpv6(unsigned kind, unsigned code) noexcept {
    constexpr unsigned unreachable = 1;
    constexpr unsigned too_big = 2;
    constexpr unsigned time_exceeded = 3;
    constexpr unsigned parameter_problem = 4;
    if (kind == too_big) return "too big for the path";
    if (kind == time_exceeded) return code == 0 ? "hop limit exceeded in transit" : "reassembly time exceeded";
    if (kind == parameter_problem) return "parameter problem";
    if (kind != unreachable) return "ICMPv6 error";
    switch (code) {
        case 0:
            return "no route to the destination";
        case 1:
            return "administratively prohibited";
        case 3:
            return "address unreachable";
        case 4:
            return "port unreachable";
        case 5:
            return "source address failed policy";
        case 6:
            return "route to the destination rejected";
        default:
            return "destination unreachable";
    }
}

}  // namespace

const char* describe(const datagram_error& e) noexcept {
    switch (e.by) {
        case datagram_error::origin::icmp:
            return describe_icmp(e.icmp_type, e.icmp_code);
        case datagram_error::origin::icmpv6:
            return describe_icmpv6(e.icmp_type, e.icmp_code);
        case datagram_error::origin::local:
            break;
    }
    return e.what == std::errc::message_size ? "too big for the path" : "not sent by this host";
}

}  // namespace cardea
