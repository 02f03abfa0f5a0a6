// What became of datagrams that did not arrive: which one, to whom, who said so, and the ICMP message's own words
// (ip(7) and ipv6(7), IP_RECVERR).
//
//   door.set(option::receive_errors{true});
//   const datagram_error lost = recv_error(door);   // "192.0.2.9:53 port unreachable, says 192.0.2.9"
#pragma once

#include <cardea/message.hpp>
#include <cardea/socket_ref.hpp>
#include <optional>

namespace cardea {

namespace option {

/// IP_RECVERR, IPV6_RECVERR: keep the errors that come back for what this socket sends, for recv_error(). The newest 64
/// are kept (16 on Cardea's own stack). On an unconnected socket they are told there only: no send or receive fails
/// because of another datagram's misfortune. A connected socket's next call fails as well, as it always does.
struct receive_errors {
    bool value = true;
    static constexpr option_id id = option_id::receive_errors;
};

}  // namespace option

/// Waits for an error that came back. Deadlines and cancellation end the wait and leave the errors where they are.
/// Without option::receive_errors: errc::not_supported.
datagram_error recv_error(socket_ref of);
datagram_error recv_error(socket_ref of, std::error_code& ec) noexcept;

/// "Port unreachable", "Time exceeded in transit", ...: the message's type and code in words. A string literal.
[[nodiscard]] const char* describe(const datagram_error& e) noexcept;

}  // namespace cardea
