// Finding a delimiter among received bytes. Standard library only.
#pragma once

#include <cardea/buffer.hpp>
#include <cstddef>
#include <string_view>

namespace cardea::detail {

inline constexpr std::size_t not_found = static_cast<std::size_t>(-1);

/// Where `what` (not empty) first begins in `in`. By memchr(3), which string_view::find uses, so that long stretches
/// without its first byte cost little.
inline std::size_t find(const_buffer in, const_buffer what) noexcept {
    const std::size_t at = in.text().find(what.text());
    return at == std::string_view::npos ? not_found : at;
}

}  // namespace cardea::detail
