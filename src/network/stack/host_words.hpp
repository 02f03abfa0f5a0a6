// The words KEY=VALUE in the name of a network of the stack (docs/tun.md): what its host is to do otherwise than usual.
#pragma once

#include <string_view>

#include "stack/host_config.hpp"

namespace cardea::detail {

/// True where `word` is one of them, which the configuration then has. Another value than the key may have throws
/// std::invalid_argument.
bool take_host_word(std::string_view word, ::cardea::stack::host_config& config);

}  // namespace cardea::detail
