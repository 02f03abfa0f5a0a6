// Several connects that one plain thread has under way at once. See network::await_connect().
#pragma once

#include <cardea/network.hpp>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <vector>

namespace cardea::detail {

std::error_code await_first_connect(const std::vector<network_socket*>& begun, std::int64_t until_ns,
                                    std::size_t& which, std::error_code& outcome) noexcept;

}  // namespace cardea::detail
