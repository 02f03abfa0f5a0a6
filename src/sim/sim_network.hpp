// A simulated host as a network of the seam: the stack, with the time of its simulation and the names of its world.
#pragma once

#include <cardea/endpoint.hpp>
#include <cardea/names.hpp>
#include <cardea/sim.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "network/stack/stack_network.hpp"

namespace cardea::sim::detail {

class simulation;

struct named_host {
    std::vector<endpoint> addresses;
    std::optional<answer_times> after;  // none: all at once, and at once
};

/// What names mean in a world.
struct directory {
    std::map<std::string, named_host, std::less<>> hosts;
    std::map<std::string, std::vector<service_record>, std::less<>> services;
};

class sim_network : public cardea::detail::stack_network {
  public:
    sim_network(simulation& in, const stack::host_config& config, const directory& names)
        : stack_network(config, "link"), in_(in), names_(names) {}

    [[nodiscard]] const char* name() const noexcept override { return "sim"; }
    [[nodiscard]] std::int64_t now_ns() const noexcept override;
    /// The world begins on 9 September 2001, 01:46:40 UTC: second 10^9.
    [[nodiscard]] std::int64_t wall_clock_ns() const noexcept override;
    std::error_code resolve(const std::string& host, const std::string& service,
                            std::vector<endpoint>& out) noexcept override;
    std::error_code begin_resolve(const std::string& host, const std::string& service, family only,
                                  std::unique_ptr<address_look_up>& out) noexcept override;
    std::error_code resolve_srv(const std::string& name, std::vector<service_record>& out) noexcept override;
    std::error_code reverse(const endpoint& of, std::string& name) noexcept override;

    /// Its turn begins.
    void tidy() noexcept { collect_abandoned(); }
    /// The calling thread drives it from now on.
    void move_here() noexcept { settle_here(); }

  private:
    void poke() noexcept override;

    simulation& in_;
    const directory& names_;
};

}  // namespace cardea::sim::detail
