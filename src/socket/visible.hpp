// Text from outside (a user, a peer, the file system) made fit for a message. Uses the standard library only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cardea::detail {

/// At most about `limit` bytes of `text`, then "..."; control bytes, terminal escapes and what is no UTF-8 as \xNN.
/// Applied to its own result it changes nothing that fits the limit.
std::string visible(std::string_view text, std::size_t limit);

}  // namespace cardea::detail
