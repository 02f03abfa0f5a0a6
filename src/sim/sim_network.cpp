// See sim_network.hpp.
#include "sim/sim_network.hpp"

#include <algorithm>
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
    const auto known = names_.hosts.find(host);
    if (known == names_.hosts.end()) return stack_network::resolve(host, service, out);
    try {
        out.clear();
        for (const endpoint& e : known->second) out.push_back(e.with_port(cardea::detail::port_of(service)));
        return {};
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
}

std::error_code sim_network::resolve_srv(const std::string& name, std::vector<service_record>& out) noexcept {
    const auto known = names_.services.find(name);
    if (known == names_.services.end()) return errc::name_not_found;
    try {
        out = known->second;
        return {};
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
}

std::error_code sim_network::reverse(const endpoint& of, std::string& name) noexcept {
    const auto has_it = [&](const auto& host) {
        return std::any_of(host.second.begin(), host.second.end(),
                           [&](const endpoint& e) { return e.with_port(of.port()) == of; });
    };
    const auto found = std::find_if(names_.hosts.begin(), names_.hosts.end(), has_it);
    if (found == names_.hosts.end()) return errc::name_not_found;
    try {
        name = found->first;
        return {};
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
}

void sim_network::poke() noexcept { in_.wake_up(); }

}  // namespace cardea::sim::detail
