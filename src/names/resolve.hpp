// From what a user wrote to the endpoints to try, asking the network's resolver when it is a host name.
#pragma once

#include <cardea/endpoint.hpp>
#include <system_error>
#include <vector>

namespace cardea::detail {

/// Blocks for host names only. In the order to try them; not empty unless `ec` is set.
std::vector<endpoint> addresses_of(address where, std::error_code& ec);

}  // namespace cardea::detail
