// Time as every layer takes it: nanoseconds since an origin only the caller knows. Nothing here reads a clock.
#pragma once

#include <cstdint>
#include <limits>

namespace cardea::stack {

using time_ns = std::int64_t;
inline constexpr time_ns never = std::numeric_limits<time_ns>::max();

inline constexpr time_ns microseconds(std::int64_t n) { return n * 1'000; }
inline constexpr time_ns milliseconds(std::int64_t n) { return n * 1'000'000; }
inline constexpr time_ns seconds(std::int64_t n) { return n * 1'000'000'000; }

}  // namespace cardea::stack
