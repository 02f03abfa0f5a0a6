// See sim_network.hpp.
#include "sim/sim_network.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <utility>

#include "fiber/execution.hpp"
#include "sim/simulation.hpp"

namespace cardea::sim::detail {

namespace {

class slow_look_up final : public address_look_up {
  public:
    slow_look_up(const network& on, const named_host& of, std::uint16_t port, family only)
        : on_(on), of_(of), port_(port) {
        const std::int64_t now = on.now_ns();
        const auto at = [now](std::chrono::nanoseconds after) {
            return after.count() > never - now ? never : now + after.count();
        };
        if (only != family::inet) due_[0] = {family::inet6, at(of.after->inet6)};
        if (only != family::inet6) due_[1] = {family::inet, at(of.after->inet)};
    }

    bool next(found_addresses& out) noexcept override try {
        const auto due = std::min_element(due_.begin(), due_.end(), sooner);
        if (due->of == family::unspecified || due->when_ns > on_.now_ns()) return false;
        out = {due->of, {}, {}};
        *due = {};
        for (const endpoint& e : of_.addresses) {
            if (e.family() == out.of) out.addresses.push_back(e.with_port(port_));
        }
        if (out.addresses.empty()) out.error = errc::name_not_found;
        return true;
    } catch (const std::bad_alloc&) {
        out.error = std::make_error_code(std::errc::not_enough_memory);
        return true;
    }
    [[nodiscard]] bool is_over() const noexcept override {
        return std::all_of(due_.begin(), due_.end(), [](const answer& a) { return a.of == family::unspecified; });
    }
    [[nodiscard]] std::int64_t next_ns() const noexcept override {
        return std::min_element(due_.begin(), due_.end(), sooner)->when_ns;
    }
    [[nodiscard]] family preferred() const noexcept override {
        return of_.addresses.empty() ? family::inet6 : of_.addresses.front().family();
    }

  private:
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

    struct answer {
        family of = family::unspecified;  // unspecified: given already, or never asked for
        std::int64_t when_ns = never;
    };
    static bool sooner(const answer& a, const answer& b) noexcept { return a.when_ns < b.when_ns; }

    const network& on_;
    const named_host& of_;
    const std::uint16_t port_;
    std::array<answer, 2> due_;
};

}  // namespace

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
        const named_host& named = known->second;
        if (named.after) {
            const auto last = std::max(named.after->inet6, named.after->inet);
            if (const std::error_code interrupted = cardea::detail::pause(last.count())) return interrupted;
        }
        out.clear();
        for (const endpoint& e : named.addresses) out.push_back(e.with_port(cardea::detail::port_of(service)));
        return {};
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
}

std::error_code sim_network::begin_resolve(const std::string& host, const std::string& service, family only,
                                           std::unique_ptr<address_look_up>& out) noexcept {
    const auto known = names_.hosts.find(host);
    if (known == names_.hosts.end() || !known->second.after) return errc::not_supported;
    try {
        out = std::make_unique<slow_look_up>(*this, known->second, cardea::detail::port_of(service), only);
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
        const std::vector<endpoint>& all = host.second.addresses;
        return std::any_of(all.begin(), all.end(), [&](const endpoint& e) { return e.with_port(of.port()) == of; });
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
