// Names and addresses, both ways, and services by name (SRV): what connect() asks by itself, for programs that want to
// see the answers.
#pragma once

#include <cardea/endpoint.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace cardea {

/// The addresses of "HOST:PORT" or "HOST:SERVICE", each with the port, best first (getaddrinfo(3), which sorts as RFC
/// 6724 section 6 says), of both families: it waits for the slower one, which tcp_stream::connect() does not. Numeric
/// text is its own answer, without blocking. Not empty. Text that is none: errc::bad_address.
///
/// So does every look-up here: it asks the network of the caller, which is the system's own resolver on a helper
/// thread, outside of loops and on the loops of the kernel's networks; in a simulated world the world's names. It
/// blocks the caller until it is answered, until a `deadline` around it passes (errc::timed_out) or the caller is
/// cancelled (throws `cancelled`; an std::error_code& gets errc::cancelled): then it is abandoned at once, and holds up
/// nobody else, unless more than a hundred are (docs/names.md). Any thread may call it. Failures: errc::name_not_found
/// (there is no such name, or it has nothing of what was asked), errc::name_unavailable (the servers do not answer, or
/// not sensibly). Each throws cardea::error or fills the trailing std::error_code&; then the result is empty.
std::vector<endpoint> resolve(address where);
std::vector<endpoint> resolve(address where, std::error_code& ec) noexcept;

/// One server of a service (RFC 2782).
struct service_record {
    std::string target;          ///< a host's name
    std::uint16_t port = 0;      ///< where the service is
    std::uint16_t priority = 0;  ///< lower ones are tried first
    std::uint16_t weight = 0;    ///< among equal priorities: the share of clients that should come here

    friend bool operator==(const service_record&, const service_record&) noexcept = default;
};

/// The servers of a service, "_http._tcp.example.org" (resolver(3), type SRV), in the order to try them: by priority,
/// and within one drawn by weight (RFC 2782), anew at each call. Not empty. errc::not_offered: the domain says
/// that it does not have this service (a single record with the target "."). Blocks and fails as resolve() does.
std::vector<service_record> resolve_srv(std::string_view service);
std::vector<service_record> resolve_srv(std::string_view service, std::error_code& ec) noexcept;

/// What reverse() answers for an address without a name.
enum class nameless : std::uint8_t {
    is_an_error,        ///< errc::name_not_found (NI_NAMEREQD)
    gives_the_address,  ///< the address as text: "192.0.2.1". Also where nobody can be asked (errc::name_unavailable)
};

/// The name of the host that has this address (getnameinfo(3)). Whoever owns the address chose that name: it proves
/// nothing until resolve() of it gives the address back. Blocks and fails as resolve() does.
std::string reverse(const endpoint& of, nameless otherwise = nameless::is_an_error);
std::string reverse(const endpoint& of, nameless otherwise, std::error_code& ec) noexcept;

}  // namespace cardea
