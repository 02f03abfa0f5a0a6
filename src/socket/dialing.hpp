// Making one connection to the first of several addresses that answers: raced as RFC 8305 says, by fibers in a loop, by
// connects that do not block on a plain thread.
#pragma once

#include <cardea/tcp.hpp>
#include <cstddef>
#include <string>
#include <system_error>
#include <vector>

namespace cardea::detail {

class answers;

/// More addresses than this are not tried: at RFC 8305's delay that is a quarter of a minute of attempts.
inline constexpr std::size_t most_attempts = 64;

bool is_wanted(const endpoint& server, const connect_options& how) noexcept;

/// A look-up that goes on while there is a race already, and the name it is of.
struct look_up_beside {
    answers* more = nullptr;
    std::string host;
};

/// Tries the servers of `attempts` in their order, with those that are found meanwhile, and fills in how each ended;
/// `begun` of them, the first ones, were tried. No error: `out` is connected. Whatever else was opened is closed.
/// Throws nothing but std::bad_alloc and what starting a fiber does, leaving nothing open either.
std::error_code dial(std::vector<connect_attempt>& attempts, const look_up_beside& beside, const connect_options& how,
                     socket& out, std::size_t& begun);

}  // namespace cardea::detail
