// See lone_host.hpp.
#include "sim/lone_host.hpp"

#include "sim/simulation.hpp"

namespace cardea::sim::detail {

namespace {

// Bases are made in their order and unmade in the other: the world lives longer than its host.
struct private_world {
    simulation alone;
    directory names;
};

class lone_network final : private private_world, public sim_network {
  public:
    lone_network() : sim_network(alone, stack::host_config{}, names) { alone.add(*this, {}); }
    void call_done() noexcept override { alone.settle(); }
    [[nodiscard]] cardea::detail::driver& drives() noexcept { return alone; }
};

}  // namespace

lone_host make_lone_host(std::shared_ptr<cardea::detail::capture_file> capture) {
    auto made = std::make_unique<lone_network>();
    if (capture) made->capture(std::move(capture), "localhost");
    cardea::detail::driver& drives = made->drives();
    return {std::move(made), &drives};
}

}  // namespace cardea::sim::detail
