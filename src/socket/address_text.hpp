// Reading addresses, with the reason when text is none. What endpoint::parse(), connect() and the resolver share.
// Uses the public face and this_network() (interface names); allocates nothing until a reason is put into words.
#pragma once

#include <cardea/endpoint.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace cardea::detail {

enum class address_fault : std::uint8_t {
    none,
    empty,
    nul_byte,
    blank,
    control_byte,
    no_colon,
    no_port,
    port_too_big,
    unknown_service,
    many_colons,
    unmatched_bracket,
    after_bracket,
    not_ipv4,
    not_ipv6,
    host_name,
    no_interface,
    unknown_interface,
    no_unix_name,
    unix_path_nul,
    unix_path_too_long,
    abstract_name_too_long,
};

/// Why text is no address, and the part of it that is to blame. Borrows the text.
struct reason {
    address_fault fault = address_fault::none;
    std::string_view part;
};

/// "port 70000 is above 65535"; empty for address_fault::none.
std::string describe(const reason& why);

/// False, with the reason, when `text` is none of endpoint::parse()'s forms; `out` is then unchanged.
/// address_fault::host_name: a name and a good port, for the resolver.
bool parse_endpoint(std::string_view text, endpoint& out, reason& why) noexcept;

/// split_address() with the reason. Only the structure is checked: neither the host nor the service is looked at.
bool split_address(std::string_view text, host_and_service& out, reason& why) noexcept;

/// "80", or a service by name.
bool parse_port(std::string_view service, std::uint16_t& out, reason& why) noexcept;

/// What follows the '@' or is the path, after "unix:".
bool parse_unix_name(std::string_view name, endpoint& out, reason& why) noexcept;

/// Throws cardea::error (errc::bad_address) as `operation` reports it: `bind "*:70000" (port 70000 is above 65535):
/// ...`
[[noreturn]] void throw_bad_address(const char* operation, std::string_view text);
[[noreturn]] void throw_bad_address(const char* operation, address where);

}  // namespace cardea::detail
