// Descriptors and credentials through Unix sockets; pairs of connected sockets.
#include <cardea/passing.hpp>

#include "socket/message_calls.hpp"

namespace cardea {

using detail::message_calls;

std::size_t send_with(socket_ref by, const_buffer data, std::span<const int> descriptors) {
    std::error_code ec;
    const std::size_t n = send_with(by, data, descriptors, ec);
    if (ec) message_calls::fail(by.get(), ec, "send", {}, n);
    return n;
}

std::size_t send_with(socket_ref by, const_buffer data, std::initializer_list<int> descriptors) {
    return send_with(by, data, std::span<const int>(descriptors.begin(), descriptors.size()));
}

std::size_t send_with(socket_ref by, const_buffer data, std::span<const int> descriptors,
                      std::error_code& ec) noexcept {
    // A stream carries nothing without a byte (unix(7)).
    const bool nothing = message_calls::type_of(by.get()) == type::stream && data.empty() && !descriptors.empty();
    const bool elsewhere = message_calls::family_of(by.get()) != family::local;
    ec = nothing                             ? std::make_error_code(std::errc::invalid_argument)
         : elsewhere && !descriptors.empty() ? std::error_code(errc::not_supported)
                                             : std::error_code();
    if (ec) return 0;
    outgoing_message m{data};
    m.descriptors = descriptors;
    const io_result done = message_calls::send(by.get(), m);
    ec = done.error;
    return done.bytes;
}

std::size_t send_credentials(socket_ref by, const_buffer data) {
    std::error_code ec;
    const std::size_t n = send_credentials(by, data, ec);
    if (ec) message_calls::fail(by.get(), ec, "send", {}, n);
    return n;
}

std::size_t send_credentials(socket_ref by, const_buffer data, std::error_code& ec) noexcept {
    outgoing_message m{data};
    m.with_credentials = true;
    const bool elsewhere = message_calls::family_of(by.get()) != family::local;
    const io_result done = elsewhere ? io_result{0, errc::not_supported} : message_calls::send(by.get(), m);
    ec = done.error;
    return done.bytes;
}

std::size_t recv_with(socket_ref from, incoming_message& message) {
    std::error_code ec;
    const std::size_t n = recv_with(from, message, ec);
    if (ec) message_calls::fail(from.get(), ec, "recv", {}, n);
    return n;
}

std::size_t recv_with(socket_ref from, incoming_message& message, std::error_code& ec) noexcept {
    const io_result done = message_calls::recv(from.get(), message);
    ec = done.error;
    return done.bytes;
}

credentials peer_credentials(socket_ref of) {
    std::error_code ec;
    const credentials who = peer_credentials(of, ec);
    if (ec) message_calls::fail(of.get(), ec, "peer credentials");
    return who;
}

credentials peer_credentials(socket_ref of, std::error_code& ec) noexcept {
    credentials who;
    ec = message_calls::peer_credentials(of.get(), who);
    return who;
}

namespace {

using two_sockets = std::pair<socket, socket>;

// `other` becomes the connection's other end in place of the listener.
void connect_streams(socket& one, socket& other, std::error_code& ec) noexcept {
    other.listen(1, ec);
    if (!ec) one.connect(other.local(ec), ec);
    while (!ec) {
        accepted first = other.accept(ec);
        if (ec || first.client != one.local(ec)) continue;  // a stranger may have been quicker
        other = std::move(first.connection);
        return;
    }
}

void connect_datagrams(socket& one, socket& other, std::error_code& ec) noexcept {
    one.bind(endpoint::loopback(message_calls::family_of(one), 0), ec);
    if (!ec) one.connect(other.local(ec), ec);
    if (!ec) other.connect(one.local(ec), ec);
}

two_sockets over_the_loopback(family f, type t, std::error_code& ec) noexcept {
    socket one(f, t, 0, ec);
    if (ec) return {};
    socket other(f, t, 0, ec);
    if (!ec) other.bind(endpoint::loopback(f, 0), ec);
    if (!ec && t == type::stream) connect_streams(one, other, ec);
    if (!ec && t == type::datagram) connect_datagrams(one, other, ec);
    return ec ? two_sockets() : two_sockets(std::move(one), std::move(other));
}

}  // namespace

std::pair<socket, socket> socket_pair(family f, type t) {
    std::error_code ec;
    two_sockets made = socket_pair(f, t, ec);
    if (ec == errc::cancelled) throw cancelled();
    if (ec) throw error(ec, "socketpair", "socketpair");
    return made;
}

std::pair<socket, socket> socket_pair(family f, type t, std::error_code& ec) noexcept {
    if ((f == family::inet || f == family::inet6) && (t == type::stream || t == type::datagram)) {
        return over_the_loopback(f, t, ec);
    }
    std::unique_ptr<network_socket> one;
    std::unique_ptr<network_socket> other;
    ec = this_network().open_pair(f, t, 0, one, other);
    if (ec) return {};
    return {socket(std::move(one), f, t), socket(std::move(other), f, t)};
}

}  // namespace cardea
