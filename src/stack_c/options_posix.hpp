// What the files of setsockopt share.
#pragma once

#include <cstring>
#include <optional>

#include "stack_c/handle.hpp"

namespace cardea::stack_c {

/// Empty: the value is absent, or shorter than its type.
template <typename T>
std::optional<T> read_value(void const* value, socklen_t size) {
    T v;
    if (value == nullptr || size < sizeof v) return std::nullopt;
    std::memcpy(&v, value, sizeof v);
    return v;
}

/// Joins or leaves a group, or chooses the interface of IPv4's. Empty: the option is none of these.
std::optional<outcome> set_multicast(cardea_stack& s, descriptor& d, int level, int name, void const* value,
                                     socklen_t size);

}  // namespace cardea::stack_c
