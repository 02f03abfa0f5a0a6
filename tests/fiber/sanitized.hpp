// Whether this program is instrumented: then counts are smaller and some deaths have another face.
#pragma once

#include "fiber/context.hpp"

#if defined(CARDEA_ASAN) || defined(CARDEA_TSAN)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#ifdef CARDEA_ASAN
inline constexpr bool under_asan = true;
#else
inline constexpr bool under_asan = false;
#endif
