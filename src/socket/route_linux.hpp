// Asking Linux for its interfaces and addresses: rtnetlink(7), netlink(7). Nothing of fibers: no call here waits.
#pragma once

#include <cardea/descriptor.hpp>
#include <cardea/interfaces.hpp>
#include <system_error>
#include <vector>

namespace cardea::detail {

/// A netlink socket of NETLINK_ROUTE. With `notices` the kernel tells it of every change of an interface or an address.
descriptor open_route_socket(bool notices, std::error_code& ec) noexcept;

/// Every interface with its addresses, by a socket that gets no notices, sorted by number.
std::vector<network_interface> list_interfaces(int route_socket, std::error_code& ec);

/// Takes all notices that are there; what they say is asked for instead.
void discard_notices(int route_socket) noexcept;

}  // namespace cardea::detail
