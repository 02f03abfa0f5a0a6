// The TCP/IP stack on a TUN device: this process is a host of its own, which the kernel's programs talk to.
#pragma once

#include <cardea/network.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "fiber/driver.hpp"
#include "network/stack/capture.hpp"

namespace cardea::detail {

struct tun_made {
    std::unique_ptr<network> net;
    driver* drives = nullptr;  // the same object
};

/// `spec`: "NAME,ADDRESS/PREFIX", with as many ",ADDRESS/PREFIX" more as there are addresses, and words
/// (host_words.hpp). They are the addresses of this host; the kernel's end of the device has others, and whoever set it
/// up has given it those. `capture` may be null. Throws std::system_error when the device cannot be had,
/// std::invalid_argument when `spec` makes no sense.
tun_made make_tun_network(std::string_view spec, std::shared_ptr<capture_file> capture = {});

/// Whether this process may have a TUN device, and why, for people to read.
struct tun_outlook {
    bool usable = false;
    std::string why;
};
tun_outlook look_for_tun();

}  // namespace cardea::detail
