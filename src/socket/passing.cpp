// Descriptors and credentials through Unix sockets; pairs of connected sockets.
#include <cardea/passing.hpp>
#include <string>

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
    outgoing_message m{data};
    m.with_credentials = true;
    const bool elsewhere = message_calls::family_of(by.get()) != family::local;
    const io_result done = elsewhere ? io_result{0, errc::not_supported} : message_calls::send(by.get(), m);
    if (done.error) message_calls::fail(by.get(), done.error, "send", {}, done.bytes);
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

std::pair<socket, socket> over_the_loopback(family f, type t) {
    socket one(f, t);
    one.bind(endpoint::loopback(f, 0));
    socket other(f, t);
    if (t == type::stream) {
        one.listen(1);
        other.connect(one.local());
        for (;;) {
            accepted first = one.accept();
            // A stranger may have been quicker.
            if (first.client == other.local()) return {std::move(other), std::move(first.connection)};
        }
    }
    other.bind(endpoint::loopback(f, 0));
    one.connect(other.local());
    other.connect(one.local());
    return {std::move(one), std::move(other)};
}

}  // namespace

std::pair<socket, socket> socket_pair(family f, type t) {
    if ((f == family::inet || f == family::inet6) && (t == type::stream || t == type::datagram)) {
        return over_the_loopback(f, t);
    }
    std::unique_ptr<network_socket> one;
    std::unique_ptr<network_socket> other;
    if (const std::error_code ec = this_network().open_pair(f, t, 0, one, other))
        throw error(ec, "socketpair", "socketpair");
    return {socket(std::move(one), f, t), socket(std::move(other), f, t)};
}

}  // namespace cardea
