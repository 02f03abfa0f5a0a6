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
    explicit lone_network(const stack::host_config& config) : sim_network(alone, config, names) {
        constexpr std::int64_t delay_ns = 1'000'000;
        const std::size_t self = alone.add(*this, {});
        if (config.own_over_link) alone.connect(self, {self, delay_ns, 0, draws(config.seed, "link")});
    }
    void call_done() noexcept override { alone.settle(); }
    [[nodiscard]] cardea::detail::driver& drives() noexcept { return alone; }
};

}  // namespace

lone_host make_lone_host(const stack::host_config& config, std::shared_ptr<cardea::detail::capture_file> capture) {
    auto made = std::make_unique<lone_network>(config);
    if (capture) made->capture(std::move(capture), "localhost");
    cardea::detail::driver& drives = made->drives();
    return {std::move(made), &drives};
}

}  // namespace cardea::sim::detail
