// A name's addresses by getaddrinfo(3), family by family, each on a helper thread.
#pragma once

#include <cardea/network.hpp>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace cardea::detail {

struct host_and_port {
    std::string host;
    std::string service;
};

/// getaddrinfo(3): blocks. Of both families where that is unspecified.
void ask_for_addresses(const host_and_port& of, family which, std::vector<endpoint>& out, std::error_code& ec);

/// See network::begin_resolve(). One helper thread finds the addresses, if the families must not be asked for apart
/// (see name_order.hpp) as in hosts(5); else it says so, and each has a thread of its own.
std::error_code kernel_begin_resolve(const std::string& host, const std::string& service, family only,
                                     std::unique_ptr<address_look_up>& out) noexcept;

}  // namespace cardea::detail
