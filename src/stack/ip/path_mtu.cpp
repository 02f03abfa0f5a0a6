// The path MTU cache.
#include "stack/ip/path_mtu.hpp"

#include <algorithm>
#include <array>

#include "stack/wire/ipv6.hpp"

namespace cardea::stack::ip {

namespace {

/// RFC 1191 section 7: what to try below a size that did not pass when the router does not say.
std::uint32_t next_plateau(std::uint32_t tried) {
    constexpr std::array<std::uint32_t, 10> plateaus{32'000, 17'914, 8'166, 4'352, 2'002, 1'492, 1'006, 508, 296, 68};
    auto const it = std::find_if(plateaus.begin(), plateaus.end(), [tried](auto p) { return p < tried; });
    return it == plateaus.end() ? plateaus.back() : *it;
}

}  // namespace

path_mtu path_mtu_cache::find(ip_address const& destination, time_ns now) const {
    auto const it = entries_.find(destination);
    return it == entries_.end() || it->second.until <= now ? path_mtu{} : it->second;
}

path_mtu path_mtu_cache::learn(ip_address const& destination, std::uint32_t reported, std::uint32_t tried,
                               time_ns now) {
    auto const current = find(destination, now);
    auto const bound = current.mtu != 0 ? current.mtu : config_.mtu;
    path_mtu next;
    if (destination.is_v6()) {
        // RFC 8201 section 4: less than the minimum link MTU is not to be believed.
        if (reported < wire::ipv6_header::min_mtu) return {};
        next.mtu = reported;
    } else {
        next.mtu = reported != 0 ? reported : next_plateau(std::min(tried, bound));
        constexpr std::uint32_t min_v4_mtu = 68;
        if (next.mtu < min_v4_mtu) return {};
        if (next.mtu < config_.min_path_mtu_v4) next = {config_.min_path_mtu_v4, true};
    }
    // A report never raises the estimate (RFC 1191 section 6.3); ageing does.
    if (next.mtu > bound || (next.mtu == bound && !next.may_fragment)) return {};
    if (entries_.find(destination) == entries_.end()) make_room(now);
    next.until = now + config_.path_mtu_lifetime;
    entries_[destination] = next;
    ++revision_;
    return next;
}

void path_mtu_cache::make_room(time_ns now) {
    if (entries_.size() < config_.path_mtu_entries) return;
    std::erase_if(entries_, [now](auto const& e) { return e.second.until <= now; });
    if (entries_.size() < config_.path_mtu_entries) return;
    auto const oldest = std::min_element(entries_.begin(), entries_.end(),
                                         [](auto const& a, auto const& b) { return a.second.until < b.second.until; });
    if (oldest != entries_.end()) entries_.erase(oldest);
}

}  // namespace cardea::stack::ip
