// Which networks there are, and which one to take: the one place that knows them all.
#pragma once

#include <cardea/network.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "fiber/driver.hpp"

namespace cardea::detail {

/// A network, and what drives the loop that runs on it.
struct loop_network {
    std::unique_ptr<network> net;
    driver* drives = nullptr;  // lives as long as `net`
};

/// Makes the network of that name for this thread's loop; an empty name: CARDEA_NETWORK from the environment, else
/// io_uring, else epoll. Throws std::system_error when it cannot be made, std::invalid_argument for an unknown name.
loop_network make_loop_network(std::string_view name);

/// True: a loop on the network of that name (as above) is a host of its own, whose sockets and addresses no other loop
/// has; false: all loops are this machine.
bool is_one_host(std::string_view name) noexcept;

}  // namespace cardea::detail
