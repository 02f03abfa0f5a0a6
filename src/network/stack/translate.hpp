// Between the seam's words and the stack's: endpoints, errors, options.
#pragma once

#include <cardea/endpoint.hpp>
#include <cardea/option.hpp>
#include <cardea/tcp_info.hpp>
#include <cstdint>
#include <optional>
#include <system_error>

#include "stack/address.hpp"
#include "stack/error.hpp"
#include "stack/socket/socket.hpp"
#include "stack/tcp/info.hpp"

namespace cardea::detail {

// In this namespace `stack` is what a fiber runs on.
namespace tcpip = ::cardea::stack;

/// Without an address (version `none`) where `from` is no IP endpoint.
tcpip::endpoint to_stack(const endpoint& from) noexcept;
endpoint from_stack(const tcpip::endpoint& from) noexcept;

/// The kernel's number of the same name, so that programs see the same errors on every network.
std::error_code to_error_code(tcpip::error e) noexcept;

/// An option of the stack, and how many of the stack's units one of the seam's is: milliseconds, mostly.
struct stack_option {
    tcpip::socket_option option;
    std::int64_t scale = 1;
};

/// nullopt: the stack has no such option.
std::optional<stack_option> to_stack(option_id option) noexcept;

tcp_info from_stack(const tcpip::tcp::connection_info& from) noexcept;

}  // namespace cardea::detail
