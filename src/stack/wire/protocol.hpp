// Numbers assigned by IANA that more than one layer needs.
#pragma once

#include <cstdint>

namespace cardea::stack::wire::protocol {

inline constexpr std::uint8_t hop_by_hop = 0;
inline constexpr std::uint8_t icmp = 1;
inline constexpr std::uint8_t igmp = 2;
inline constexpr std::uint8_t tcp = 6;
inline constexpr std::uint8_t udp = 17;
inline constexpr std::uint8_t routing = 43;
inline constexpr std::uint8_t fragment = 44;
inline constexpr std::uint8_t icmpv6 = 58;
inline constexpr std::uint8_t no_next_header = 59;
inline constexpr std::uint8_t destination_options = 60;

}  // namespace cardea::stack::wire::protocol

namespace cardea::stack::wire::ecn {

// RFC 3168 section 5: the low two bits of the TOS or traffic class octet.
inline constexpr std::uint8_t mask = 3;
inline constexpr std::uint8_t not_ect = 0;
inline constexpr std::uint8_t ect1 = 1;
inline constexpr std::uint8_t ect0 = 2;
inline constexpr std::uint8_t ce = 3;

}  // namespace cardea::stack::wire::ecn
