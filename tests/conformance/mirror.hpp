// A kernel that sends a TUN host's packets back to it, so that what the host says to itself crosses its device.
#pragma once

#include <cstdint>
#include <string>

namespace cardea::conformance {

/// In the network namespace of this thread, which must be new, its loopback down: packets from the device `name` for
/// 127/8, 10.97/16 and fd97::/64 are routed back into it. Throws std::system_error.
void make_mirror_of(const std::string& name);

/// What a device has carried (proc_pid_net(5), /proc/PID/net/dev), as its host sees it.
struct device_traffic {
    std::uint64_t packets_sent = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t packets_received = 0;
};
device_traffic traffic_of(const std::string& name);

}  // namespace cardea::conformance
