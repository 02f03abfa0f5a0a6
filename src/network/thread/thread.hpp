// The network of plain threads: each call blocks its thread.
#pragma once

#include <cardea/network.hpp>
#include <memory>

namespace cardea::detail {

std::unique_ptr<network> make_thread_network();

}  // namespace cardea::detail
