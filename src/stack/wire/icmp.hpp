// ICMP (RFC 792) and ICMPv6 (RFC 4443): the eight octets both have in common, type and code numbers, and what an error
// means to a socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/address.hpp"
#include "stack/error.hpp"
#include "stack/wire/bytes.hpp"

namespace cardea::stack::wire {

struct icmp_header {
    static constexpr std::size_t size = 8;

    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint16_t checksum = 0;
    std::uint32_t rest = 0;  ///< identifier and sequence, next-hop MTU, or pointer
};

inline icmp_header parse_icmp(std::span<std::byte const> b) {
    return {get8(b, 0), get8(b, 1), get16(b, 2), get32(b, 4)};
}

inline void emit_icmp(icmp_header const& h, std::span<std::byte> out) {
    put8(out, 0, h.type);
    put8(out, 1, h.code);
    put16(out, 2, h.checksum);
    put32(out, 4, h.rest);
}

namespace icmpv4 {
inline constexpr std::uint8_t echo_reply = 0;
inline constexpr std::uint8_t unreachable = 3;
inline constexpr std::uint8_t source_quench = 4;
inline constexpr std::uint8_t redirect = 5;
inline constexpr std::uint8_t echo_request = 8;
inline constexpr std::uint8_t time_exceeded = 11;
inline constexpr std::uint8_t parameter_problem = 12;
inline constexpr std::uint8_t code_protocol = 2;
inline constexpr std::uint8_t code_port = 3;
inline constexpr std::uint8_t code_fragmentation_needed = 4;
inline constexpr std::uint8_t code_reassembly = 1;
}  // namespace icmpv4

namespace icmpv6 {
inline constexpr std::uint8_t unreachable = 1;
inline constexpr std::uint8_t packet_too_big = 2;
inline constexpr std::uint8_t time_exceeded = 3;
inline constexpr std::uint8_t parameter_problem = 4;
inline constexpr std::uint8_t last_error = 127;
inline constexpr std::uint8_t echo_request = 128;
inline constexpr std::uint8_t echo_reply = 129;
inline constexpr std::uint8_t code_port = 4;
inline constexpr std::uint8_t code_reassembly = 1;
inline constexpr std::uint8_t code_next_header = 1;
}  // namespace icmpv6

/// True for the messages that report an error, about which no error may be sent (RFC 1122 section 3.2.2).
bool is_icmp_error(ip_version version, std::uint8_t type);

struct icmp_meaning {
    error what = error::ok;  ///< ok: nothing a socket should hear of
    bool hard =
        false;  ///< a connected socket fails with it; a soft error is only remembered (RFC 1122 section 4.2.3.9)
    bool packet_too_big = false;
};

icmp_meaning meaning_of(ip_version version, icmp_header const& h);

}  // namespace cardea::stack::wire
