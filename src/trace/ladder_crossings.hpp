// What went from one side to the other, read from the calls of both: bytes by their place in the stream, datagrams by
// their endpoints, ends of streams by the recv that saw them, handshakes by the connect that made them.
#pragma once

#include <cstddef>
#include <vector>

#include "trace/ladder_model.hpp"
#include "trace/ladder_sockets.hpp"

namespace cardea::trace {

/// When a call began and ended, as indices of moments.
struct call_moments {
    std::size_t begin = never;
    std::size_t end = never;
};

/// `when` holds the moments of each of `records`, which are in the order they began.
std::vector<crossing> find_crossings(const std::vector<call_record>& records, const std::vector<call_moments>& when,
                                     const known_sockets& sockets);

}  // namespace cardea::trace
