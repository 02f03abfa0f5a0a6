// The network of a loop over io_uring(7): one ring per thread.
#pragma once

#include <cardea/network.hpp>
#include <cstdint>
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

/// How often the ring and its buffers were too small.
struct uring_pressure {
    std::uint64_t overflows = 0;    ///< system calls after which completions waited for room in their queue
    std::uint64_t full_queues = 0;  ///< requests that found the submission queue full
    std::uint64_t shortages = 0;    ///< multishots that ended, or were not armed, for want of buffers
};
/// Of a network that make_uring_network() has made; on its thread.
uring_pressure pressure_on_uring(const network& made) noexcept;

}  // namespace cardea::detail
