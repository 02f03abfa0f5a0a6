// Routing and source address selection.
#include "stack/ip/routes.hpp"

#include <algorithm>
#include <bit>

namespace cardea::stack::ip {

namespace {

constexpr ip_address all_hosts = ip_address::v4(224, 0, 0, 1);
constexpr std::uint32_t limited_broadcast = 0xffffffff;
constexpr std::uint32_t loopback_broadcast = 0x7fffffff;  // 127.255.255.255

bool is_all_nodes(ip_address const& a) {
    // ff01::1 and ff02::1 (RFC 4291 section 2.7.1)
    constexpr auto interface_local = ip_address::v6({0xff, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    constexpr auto link_local = ip_address::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    return a == interface_local || a == link_local;
}

bool is_solicited_node(ip_address const& group, ip_address const& own) {
    auto expected = ip_address::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0});
    std::copy_n(own.bytes.begin() + 13, 3, expected.bytes.begin() + 13);
    return own.is_v6() && group == expected;
}

unsigned common_bits(ip_address const& a, ip_address const& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto const difference = static_cast<std::uint8_t>(a.bytes[i] ^ b.bytes[i]);
        if (difference != 0) return static_cast<unsigned>(i * 8) + static_cast<unsigned>(std::countl_zero(difference));
    }
    return static_cast<unsigned>(a.size() * 8);
}

}  // namespace

routes::routes(host_config const& config) : config_{config}, broadcasts_{limited_broadcast, loopback_broadcast} {
    for (auto const& own : config.addresses)
        if (auto const b = own.broadcast(); b.is_v4()) broadcasts_.push_back(b.v4_value());
}

bool routes::is_local(ip_address const& a) const {
    if (a.is_loopback()) return true;
    return std::any_of(config_.addresses.begin(), config_.addresses.end(),
                       [&a](auto const& own) { return own.address == a; });
}

bool routes::loops(ip_address const& a) const {
    if (config_.own_over_link) return a.is_v6() && a.is_loopback();
    return is_local(a);
}

bool routes::is_broadcast(ip_address const& a) const {
    return a.is_v4() && std::find(broadcasts_.begin(), broadcasts_.end(), a.v4_value()) != broadcasts_.end();
}

bool routes::is_member(ip_address const& group) const {
    if (group == all_hosts || is_all_nodes(group)) return true;
    if (std::find(own_groups_.begin(), own_groups_.end(), group) != own_groups_.end()) return true;
    return std::any_of(config_.addresses.begin(), config_.addresses.end(),
                       [&group](auto const& own) { return is_solicited_node(group, own.address); });
}

bool routes::accepts(ip_address const& destination, std::uint32_t interface) const {
    if (destination.is_multicast()) return is_member(destination) || groups_.find({interface, destination}) != nullptr;
    return is_local(destination) || is_broadcast(destination);
}

bool routes::accepts(ip_address const& destination, ip_address const& source, std::uint32_t interface) const {
    if (destination.is_multicast()) return is_member(destination) || groups_.hears({interface, destination}, source);
    return is_local(destination) || is_broadcast(destination);
}

void routes::join(ip_address const& group) { own_groups_.push_back(group); }

void routes::leave(ip_address const& group) {
    auto const it = std::find(own_groups_.begin(), own_groups_.end(), group);
    if (it != own_groups_.end()) own_groups_.erase(it);
}

bool routes::has(std::uint32_t interface) const {
    return interface == interface_number::loopback ||
           (interface == interface_number::link && !config_.addresses.empty());
}

std::uint32_t routes::usual_interface(ip_version version) const {
    bool const linked = std::any_of(config_.addresses.begin(), config_.addresses.end(),
                                    [version](auto const& own) { return own.address.version == version; });
    return linked ? interface_number::link : interface_number::loopback;
}

/// As Linux has it, a source that was chosen says the interface as well, if nothing else does (ip_route_output_key()).
route routes::find_to_group(ip_address const& destination, ip_address const& bound, std::uint32_t interface) const {
    bool const of_loopback = bound.is_loopback() || destination.is_loopback();
    if (interface == 0) interface = of_loopback ? interface_number::loopback : usual_interface(destination.version);
    route r;
    r.loopback = interface == interface_number::loopback;
    r.mtu = r.loopback ? config_.loopback_mtu : config_.mtu;
    r.source = bound;
    if (bound.is_unspecified()) {
        auto const inside = destination.is_v4() ? ip_address::loopback_v4() : ip_address::loopback_v6();
        r.source = r.loopback ? inside : select_source(destination);
    }
    if (r.source.version != destination.version) r.problem = error::enetunreach;
    if (!r.loopback && (r.source.is_loopback() || destination.is_loopback())) r.problem = error::einval;
    return r;
}

route routes::find(ip_address const& destination, ip_address const& bound, std::uint32_t interface) const {
    if (destination.is_multicast() || is_broadcast(destination)) return find_to_group(destination, bound, interface);
    route r;
    bool const to_self = is_local(destination);
    r.loopback = to_self && loops(destination);
    r.mtu = r.loopback ? config_.loopback_mtu : config_.mtu;
    if (!to_self) {
        bool const by_default = destination.is_v4() ? config_.default_route_v4 : config_.default_route_v6;
        bool const connected = std::any_of(config_.addresses.begin(), config_.addresses.end(),
                                           [&](auto const& own) { return own.contains(destination); });
        if (!by_default && !connected) r.problem = error::enetunreach;
    }
    // One interface leads there. What the host says to itself may be said to go by the link.
    if (interface == interface_number::loopback && !to_self) r.problem = error::enetunreach;
    r.source = bound.is_unspecified() ? select_source(destination) : bound;
    if (r.source.version != destination.version) r.problem = error::enetunreach;
    // A loopback source cannot leave the host (RFC 1122 section 3.2.1.3 (g)).
    if (!to_self && r.source.is_loopback()) r.problem = error::einval;
    return r;
}

/// The parts of RFC 6724 section 5 that matter on one link: same address, same scope, longest common prefix.
ip_address routes::select_source(ip_address const& destination) const {
    if (destination.is_loopback()) return destination.is_v4() ? ip_address::loopback_v4() : destination;
    ip_address best;
    unsigned best_score = 0;
    for (auto const& own : config_.addresses) {
        if (own.address.version != destination.version) continue;
        unsigned score = 1 + std::min<unsigned>(common_bits(own.address, destination), own.length);
        bool const scoped = destination.is_link_local() || (destination.is_v6() && destination.is_multicast());
        if (own.address.is_link_local() == scoped) score += 1000;
        if (own.address == destination) score += 10'000;
        if (score > best_score) best = own.address, best_score = score;
    }
    return best;
}

}  // namespace cardea::stack::ip
