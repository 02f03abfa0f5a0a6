// The calls of messages as the socket sees them: they find its network, look at deadline and cancellation, and report
// to the call trace as every other call does.
#pragma once

#include <cardea/message.hpp>
#include <cardea/network.hpp>
#include <cardea/socket.hpp>
#include <span>

namespace cardea::detail {

struct message_calls {
    static io_result send(socket& s, const outgoing_message& m) noexcept;
    static io_result recv(socket& s, incoming_message& m) noexcept;
    static batch_result send_batch(socket& s, std::span<const outgoing_datagram> all) noexcept;
    static std::error_code recv_batch(socket& s, datagram_batch& into) noexcept;
    static std::error_code recv_error(socket& s, datagram_error& out) noexcept;
    static std::error_code set_membership(socket& s, const group_membership& of, bool member) noexcept;
    static std::error_code peer_credentials(socket& s, credentials& out) noexcept;
    static family family_of(const socket& s) noexcept { return s.family_; }
    static type type_of(const socket& s) noexcept { return s.type_; }
    [[noreturn]] static void fail(const socket& s, std::error_code ec, const char* operation, const endpoint& peer = {},
                                  std::size_t bytes_done = 0);
};

}  // namespace cardea::detail
