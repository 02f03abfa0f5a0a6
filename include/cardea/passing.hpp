// Passing open descriptors and credentials between processes, through Unix sockets; pairs of connected sockets.
// unix(7), socketpair(2).
//
//   send_with(peer, "here it is", {file});
//   incoming_message came{.room = room, .max_descriptors = 1};
//   recv_with(peer, came);                       // came.descriptors[0] is ours, and closed with `came`
#pragma once

#include <cardea/message.hpp>
#include <cardea/socket_ref.hpp>
#include <initializer_list>
#include <span>
#include <system_error>
#include <utility>

namespace cardea {

namespace option {

/// SO_PASSCRED: each received message tells who sent it (incoming_message::sender).
struct pass_credentials {
    bool value = true;
    static constexpr option_id id = option_id::pass_credentials;
};

}  // namespace option

/// Sends `data`, at least one byte on a stream, and duplicates of `descriptors` with its first byte: at most 253. They
/// stay open here. Blocks as send does; fails before a byte has gone, or not for the descriptors' sake.
std::size_t send_with(socket_ref by, const_buffer data, std::span<const int> descriptors);
std::size_t send_with(socket_ref by, const_buffer data, std::initializer_list<int> descriptors);
std::size_t send_with(socket_ref by, const_buffer data, std::span<const int> descriptors, std::error_code& ec) noexcept;
/// Sends `data` with this process's credentials (SCM_CREDENTIALS), for a peer that has not connected (SO_PEERCRED tells
/// of one that has): at least one byte on a stream. Returns the bytes sent; blocks and fails as send does. Not a Unix
/// socket: errc::not_supported.
std::size_t send_credentials(socket_ref by, const_buffer data);
std::size_t send_credentials(socket_ref by, const_buffer data, std::error_code& ec) noexcept;

/// Receives into `message.room` and fills in the rest: bytes, descriptors (close-on-exec, owned by the message), and
/// the sender's credentials where option::pass_credentials is set. More than `max_descriptors` are closed at once, and
/// descriptors_lost says so. On a stream 0 bytes say that the peer has closed. A plain recv() closes what came along.
/// Blocks as recv does; a deadline or a cancellation leaves the message, with its descriptors, where it was.
std::size_t recv_with(socket_ref from, incoming_message& message);
std::size_t recv_with(socket_ref from, incoming_message& message, std::error_code& ec) noexcept;

/// SO_PEERCRED: who has connected, or listened, when the connection was made. Never blocks.
credentials peer_credentials(socket_ref of);
credentials peer_credentials(socket_ref of, std::error_code& ec) noexcept;

/// Two sockets connected to each other. Unix sockets by socketpair(2), of any type, without blocking; for inet and
/// inet6 a stream or datagram pair is connected over the loopback, on every network, which a deadline or a cancellation
/// can end. Throws cardea::error, with nothing left open: no descriptors left (EMFILE), Unix sockets on a network that
/// is not the kernel's (errc::not_supported).
std::pair<socket, socket> socket_pair(family f = family::local, type t = type::stream);
std::pair<socket, socket> socket_pair(family f, type t, std::error_code& ec) noexcept;

}  // namespace cardea
