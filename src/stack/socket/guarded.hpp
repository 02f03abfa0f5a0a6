// Where a call of a socket meets an allocation that failed: it reports so, and nothing has changed.
#pragma once

#include <new>
#include <type_traits>

#include "stack/error.hpp"

namespace cardea::stack {

/// What `f` returns (an error, or a result with one), or ENOMEM.
template <typename F>
auto guarded(F&& f) -> decltype(f()) {
    try {
        return f();
    } catch (std::bad_alloc const&) {
        if constexpr (std::is_same_v<decltype(f()), error>) {
            return error::enomem;
        } else {
            decltype(f()) failed;
            failed.problem = error::enomem;
            return failed;
        }
    }
}

}  // namespace cardea::stack
