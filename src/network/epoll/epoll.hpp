// The network of a loop over epoll(7): where io_uring is blocked, and first class.
#pragma once

#include <cardea/network.hpp>
#include <memory>

#include "fiber/driver.hpp"
#include "network/kernel_socket.hpp"

namespace cardea::detail {

/// A network that drives the loop it is given to.
class epoll_network_base : public kernel_network, public driver {};

/// Throws std::system_error when the kernel refuses.
std::unique_ptr<epoll_network_base> make_epoll_network();

}  // namespace cardea::detail
