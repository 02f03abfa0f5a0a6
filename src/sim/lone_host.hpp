// The network "sim" of a loop: one host alone in a world of its own, with virtual time and its loopback.
#pragma once

#include <cardea/network.hpp>
#include <memory>

#include "fiber/driver.hpp"
#include "network/stack/capture.hpp"

namespace cardea::sim::detail {

struct lone_host {
    std::unique_ptr<network> net;
    cardea::detail::driver* drives = nullptr;  // lives as long as `net`
};

/// `capture` may be null.
lone_host make_lone_host(std::shared_ptr<cardea::detail::capture_file> capture = {});

}  // namespace cardea::sim::detail
