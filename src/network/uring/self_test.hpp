// Does this kernel do what the network relies on? Tried, not guessed from version numbers; once per process.
#pragma once

#include "network/uring/buffer_pool.hpp"
#include "network/uring/ring.hpp"

namespace cardea::detail {

/// Throws std::system_error when a multishot receive into the pool does not work (before Linux 6.0).
void require_multishot_receive(ring& with, buffer_pool& pool);

}  // namespace cardea::detail
