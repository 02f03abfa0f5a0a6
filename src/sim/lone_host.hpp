// The network "sim" of a loop: one host alone in a world of its own, with virtual time and its loopback, which may
// be a link that leads back to it.
#pragma once

#include <cardea/network.hpp>
#include <memory>

#include "fiber/driver.hpp"
#include "network/stack/capture.hpp"
#include "stack/host_config.hpp"

namespace cardea::sim::detail {

struct lone_host {
    std::unique_ptr<network> net;
    cardea::detail::driver* drives = nullptr;  // lives as long as `net`
};

/// `capture` may be null. With `own_over_link` in the configuration the host's packets for itself cross a link with a
/// millisecond of delay.
lone_host make_lone_host(const stack::host_config& config = {},
                         std::shared_ptr<cardea::detail::capture_file> capture = {});

}  // namespace cardea::sim::detail
