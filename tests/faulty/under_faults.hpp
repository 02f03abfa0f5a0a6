// What the tests under faults share: an injected error, and a body on a wrapper that leaves no socket behind.
#pragma once

#include <array>
#include <cardea/cardea.hpp>
#include <cardea/faulty.hpp>
#include <string>
#include <utility>
#include <vector>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {

inline const std::error_code injected = std::make_error_code(std::errc::no_buffer_space);

/// `body`, to be run on a wrapper that has these faults.
template <class Body>
auto with(std::vector<fault> what, Body body) {
    return [what = std::move(what), body] {
        faulty_network net;
        for (const fault& one : what) net.add(one);
        net.run([&] { body(net); });
        EXPECT_EQ(net.open_sockets(), 0U);
    };
}

}  // namespace cardea::conformance
