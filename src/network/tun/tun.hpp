// The TCP/IP stack on a TUN device: this process is a host of its own, which the kernel's programs talk to.
#pragma once

#include <cardea/network.hpp>
#include <memory>
#include <string_view>

#include "fiber/driver.hpp"

namespace cardea::detail {

struct tun_made {
    std::unique_ptr<network> net;
    driver* drives = nullptr;  // the same object
};

/// `spec`: "NAME,ADDRESS/PREFIX", with as many ",ADDRESS/PREFIX" more as there are addresses. They are the addresses
/// of this host; the kernel's end of the device has others, and whoever set it up has given it those. Throws
/// std::system_error when the device cannot be had, std::invalid_argument when `spec` makes no sense.
tun_made make_tun_network(std::string_view spec);

}  // namespace cardea::detail
