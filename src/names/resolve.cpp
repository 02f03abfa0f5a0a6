#include "names/resolve.hpp"

#include <cardea/error.hpp>
#include <cardea/network.hpp>
#include <string>

namespace cardea::detail {

std::vector<endpoint> addresses_of(address where, std::error_code& ec) {
    std::vector<endpoint> found;
    const endpoint numeric = where.numeric(ec);
    if (!ec) {
        found.push_back(numeric);
        return found;
    }
    const host_and_service parts = split_address(where.text(), ec);
    if (ec) return found;
    // Inside brackets only numbers stand, and a service nobody knows cannot be resolved either.
    if (parts.bracketed || parts.host.empty() || parts.host == "*") {
        ec = errc::bad_address;
        return found;
    }
    ec = this_network().resolve(std::string(parts.host), std::string(parts.service), found);
    return found;
}

}  // namespace cardea::detail
