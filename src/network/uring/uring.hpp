// The network of a loop over io_uring(7): one ring per thread.
#pragma once

#include <cardea/network.hpp>
#include <memory>
#include <string>

#include "fiber/driver.hpp"
#include "network/kernel_socket.hpp"

namespace cardea::detail {

/// A network that drives the loop it is given to.
class uring_network_base : public kernel_network, public driver {};

/// Throws std::system_error when the kernel refuses.
std::unique_ptr<uring_network_base> make_uring_network();

/// For people: the ring's sizes and the features in use.
std::string describe_uring(const network& made);

}  // namespace cardea::detail
