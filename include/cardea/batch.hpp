// Many datagrams in one call. The kernel gets equal datagrams to one peer as one train that the device cuts up (GSO),
// and hands trains of them back (GRO); what does not allow that goes one by one in few system calls. udp(7).
//
//   datagram_batch batch;                       // once
//   recv_batch(door, batch);
//   for (const auto& one : batch) answer(one.data, one.from());
#pragma once

#include <cardea/message.hpp>
#include <cardea/socket_ref.hpp>
#include <span>

namespace cardea {

/// Sends `datagrams` in order. Returns how many went: fewer than all where one failed, whose error the next call, which
/// begins with it, throws. Equal sizes in a row to one peer are cheapest, neighbours in memory cheaper still. Blocks
/// where the socket's buffer is full; a deadline or a cancellation leaves a beginning sent, and the rest not.
std::size_t send_batch(socket_ref by, std::span<const outgoing_datagram> datagrams);
/// The same, with the error that stopped it beside the number that went before it.
std::size_t send_batch(socket_ref by, std::span<const outgoing_datagram> datagrams, std::error_code& ec) noexcept;

/// Waits for a datagram, and takes all that are there and fit. Returns their number, at least 1. From the first call on
/// the kernel glues datagrams together for this socket; recv_from() and recv_datagram() still give one at a time. A
/// deadline or a cancellation leaves `into` empty.
std::size_t recv_batch(socket_ref from, datagram_batch& into);
std::size_t recv_batch(socket_ref from, datagram_batch& into, std::error_code& ec) noexcept;

}  // namespace cardea
