// The numbers of TCP options (IANA) that this stack knows, and of TCP itself.
#pragma once

#include <cstdint>

namespace cardea::stack::tcp {

inline constexpr std::uint8_t protocol_number = 6;

namespace option {
inline constexpr std::uint8_t end = 0;
inline constexpr std::uint8_t nop = 1;
inline constexpr std::uint8_t mss = 2;
inline constexpr std::uint8_t window_scale = 3;
inline constexpr std::uint8_t sack_permitted = 4;
inline constexpr std::uint8_t sack = 5;
inline constexpr std::uint8_t timestamps = 8;
}  // namespace option

}  // namespace cardea::stack::tcp
