// Making one connection to the first of several addresses that answers: raced as RFC 8305 says, by fibers in a loop, by
// connects that do not block on a plain thread.
#pragma once

#include <cardea/tcp.hpp>
#include <cstddef>
#include <system_error>
#include <vector>

namespace cardea::detail {

/// Tries the servers of `attempts` in their order and fills in how each ended; `begun` of them, the first ones, were
/// tried. No error: `out` is connected. Whatever else was opened is closed. Throws nothing but std::bad_alloc and what
/// starting a fiber does, leaving nothing open either.
std::error_code dial(std::vector<connect_attempt>& attempts, const connect_options& how, socket& out,
                     std::size_t& begun);

}  // namespace cardea::detail
