// Datagrams with what goes along: where one was sent to, by which interface, hop limit, ECN, time of arrival, true
// length; and the same for those sent. The path's MTU. ip(7), ipv6(7), udp(7), RFC 3542.
//
//   door.set(option::metadata{metadata::destination | metadata::traffic_class});
//   const datagram_info came = recv_datagram(door, room);
//   send_datagram(door, answer, {.to = came.from, .source = came.to});
#pragma once

#include <cardea/message.hpp>
#include <cardea/socket_ref.hpp>

namespace cardea {

/// What to do about the path's MTU (IP_MTU_DISCOVER, IPV6_MTU_DISCOVER; RFC 1191, RFC 8201).
enum class mtu_discovery : std::uint8_t {
    never = 0,  ///< no don't-fragment bit: routers and this host fragment
    want = 1,   ///< fragment what does not fit the path, as far as it is known
    must = 2,   ///< never fragment: too big is std::errc::message_size
    probe = 3,  ///< as must, but the interface's MTU is the only limit: for those who search it themselves (RFC 8899)
};

namespace option {

/// Which facts recv_datagram() reports. Asking for more costs a little more per datagram. Not to be read.
struct metadata {
    cardea::metadata value = cardea::metadata::all;
    static constexpr option_id id = option_id::metadata;
};
/// IP_MTU_DISCOVER, IPV6_MTU_DISCOVER.
struct mtu_discovery {
    cardea::mtu_discovery value = cardea::mtu_discovery::want;
    static constexpr option_id id = option_id::mtu_discovery;
};
/// IP_MTU, IPV6_MTU: what is known of the path to the connected peer, in bytes with the IP header. Read only; not
/// connected: std::errc::not_connected.
struct path_mtu {
    int value = 0;
    static constexpr option_id id = option_id::path_mtu;
};
/// UDP_CORK (udp(7)): what is sent gathers into one datagram, which leaves when this is set to false. Where the pieces
/// are there at once, send_vectored() makes one of them in one call. Segmentation (UDP_SEGMENT, UDP_GRO) is no option
/// here: batch.hpp has it, for a plain receive could not tell a train from a datagram.
struct udp_cork {
    bool value = true;
    static constexpr option_id id = option_id::udp_cork;
};

}  // namespace option

/// recvmsg(2): one datagram, as much of it as `room` takes, and the facts about it that option::metadata has asked for.
/// Blocks as recv_from() does, for which see `socket`: deadlines and cancellation leave the datagram where it was.
datagram_info recv_datagram(socket_ref from, mutable_buffer room);
datagram_info recv_datagram(socket_ref from, mutable_buffer room, std::error_code& ec) noexcept;

/// sendmsg(2): one datagram, sent as `how` says. What the network cannot do: errc::not_supported, and nothing is sent.
/// Blocks as send_to() does. Too big: std::errc::message_size.
std::size_t send_datagram(socket_ref by, const_buffer datagram, const datagram_options& how = {});
std::size_t send_datagram(socket_ref by, const_buffer datagram, const datagram_options& how,
                          std::error_code& ec) noexcept;

/// The largest datagram that UDP takes from this socket: 65,507 bytes to IPv4, 65,527 to IPv6, the smaller of the two
/// where both may be meant. Never blocks, and never fails.
std::size_t largest_datagram(socket_ref of) noexcept;
/// The largest that reaches the connected peer in one piece, as far as the path is known now. It may shrink at any
/// time. Never blocks. Throws where option::path_mtu cannot be read: not connected (std::errc::not_connected).
std::size_t largest_unfragmented(socket_ref of);
std::size_t largest_unfragmented(socket_ref of, std::error_code& ec) noexcept;

}  // namespace cardea
