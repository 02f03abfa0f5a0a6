// See sim_network.hpp.
#include "sim/sim_network.hpp"

#include <new>

#include "sim/simulation.hpp"

namespace cardea::sim::detail {

std::int64_t sim_network::now_ns() const noexcept { return in_.clock_ns(); }

std::int64_t sim_network::wall_clock_ns() const noexcept {
    constexpr std::int64_t begin_ns = 1'000'000'000'000'000'000;
    return begin_ns + in_.clock_ns();
}

std::error_code sim_network::resolve(const std::string& host, const std::string& service,
                                     std::vector<endpoint>& out) noexcept {
    const auto known = names_.find(host);
    if (known == names_.end()) return stack_network::resolve(host, service, out);
    try {
        out.clear();
        for (const endpoint& e : known->second) out.push_back(e.with_port(cardea::detail::port_of(service)));
        return {};
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
}

void sim_network::poke() noexcept { in_.wake_up(); }

}  // namespace cardea::sim::detail
