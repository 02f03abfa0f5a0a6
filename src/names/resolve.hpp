// From what a user wrote to the endpoints to try, asking the network's resolver when it is a host name.
#pragma once

#include <cardea/endpoint.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "fiber/execution.hpp"

namespace cardea::detail {

/// For dumps: "look-up of example.org".
struct look_up_activity : activity {
    explicit look_up_activity(const std::string& whose) noexcept : activity{"look-up of ", append_host}, host(whose) {}
    static void append_host(const activity& self, std::string& to) {
        to += static_cast<const look_up_activity&>(self).host;
    }
    const std::string& host;
};

/// Blocks for host names only. In the order to try them; not empty unless `ec` is set.
std::vector<endpoint> addresses_of(address where, std::error_code& ec);

/// True: a host's name and a port, for look_up_host().
bool is_host_and_port(std::string_view text, std::string& host, std::uint16_t& port);
/// Blocks; `out` is not empty unless an error is returned.
std::error_code look_up_host(const std::string& host, std::uint16_t port, std::vector<endpoint>& out) noexcept;

}  // namespace cardea::detail
