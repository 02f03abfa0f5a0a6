// The interfaces of a host of the stack, as a kernel would list them: its loopback, and its one link.
#include <cardea/network_interface.hpp>
#include <cardea/sync.hpp>
#include <new>
#include <string_view>

#include "network/stack/stack_network.hpp"
#include "network/stack/translate.hpp"

namespace cardea::detail {

namespace {

constexpr std::uint32_t loopback_index = 1;
constexpr std::uint32_t link_index = 2;
constexpr std::string_view loopback_name = "lo";

network_interface loopback_of(const tcpip::host_config& host) {
    network_interface lo;
    lo.index = loopback_index;
    lo.name = loopback_name;
    lo.up = lo.running = lo.loopback = true;
    lo.mtu = host.loopback_mtu;
    lo.addresses = {{endpoint::loopback(family::inet, 0), 8}, {endpoint::loopback(family::inet6, 0), 128}};
    return lo;
}

network_interface link_of(const tcpip::host_config& host, const std::string& name, bool is_there) {
    network_interface link;
    link.index = link_index;
    link.name = name;
    link.up = link.running = is_there;
    link.mtu = host.mtu;
    for (const tcpip::ip_prefix& p : host.addresses) {
        link.addresses.push_back({from_stack(tcpip::endpoint{p.address, 0}), p.length});
    }
    return link;
}

}  // namespace

bool stack_network::has_link() const noexcept { return !host_.config().addresses.empty(); }

std::uint32_t stack_network::interface_index(const std::string& name) const noexcept {
    if (name == loopback_name) return loopback_index;
    return has_link() && name == link_name_ ? link_index : 0;
}

std::error_code stack_network::list_interfaces(std::vector<network_interface>& out) noexcept try {
    out = {loopback_of(host_.config())};
    if (has_link()) out.push_back(link_of(host_.config(), link_name_, !down_));
    return {};
} catch (const std::bad_alloc&) {
    return std::make_error_code(std::errc::not_enough_memory);
}

// The one change there is: a device that is gone.
std::error_code stack_network::await_interfaces(std::uint64_t& seen) noexcept try {
    event never;
    (seen == 0 ? link_gone_ : never).wait();
    seen = 1;
    return {};
} catch (const cancelled&) {
    return errc::cancelled;
} catch (const error& e) {
    return e.code();
}

}  // namespace cardea::detail
