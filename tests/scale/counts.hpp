// How many of everything: full counts, or less where a sanitizer makes each one cost more.
#pragma once

#include "fiber/context.hpp"

namespace scale_test {

#if defined(CARDEA_ASAN) || defined(CARDEA_TSAN)
inline constexpr bool sanitized = true;
inline constexpr int concurrent_connections = 1'000;
inline constexpr int sequential_connections = 5'000;
#else
inline constexpr bool sanitized = false;
inline constexpr int concurrent_connections = 10'000;
inline constexpr int sequential_connections = 200'000;
#endif

}  // namespace scale_test
