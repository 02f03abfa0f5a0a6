// Which text is an endpoint already, which is a name to ask for, and which is neither. See <cardea/names.hpp>.
#include "names/resolve.hpp"

#include <cardea/error.hpp>
#include <cardea/names.hpp>
#include <cardea/network.hpp>
#include <new>
#include <string>

#include "fiber/execution.hpp"
#include "socket/address_text.hpp"

namespace cardea {

namespace detail {

std::error_code look_up_host(const std::string& host, std::uint16_t port, std::vector<endpoint>& out) noexcept {
    try {
        if (const std::error_code interrupted = execution::current().interruption()) return interrupted;
        const look_up_activity what(host);
        const blocking_call whole(execution::current(), what);
        const std::error_code failed = this_network().resolve(host, std::to_string(port), out);
        return failed || !out.empty() ? failed : errc::name_not_found;
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
}

bool is_host_and_port(std::string_view text, std::string& host, std::uint16_t& port) {
    endpoint ignored;
    reason why;
    host_and_service parts;
    // Nothing but a name with a good port reaches the resolver: getaddrinfo(3) takes "127.1" and "0x7f.1" for
    // 127.0.0.1, and port 70000 for 4464.
    if (parse_endpoint(text, ignored, why) || why.fault != address_fault::host_name ||
        !split_address(text, parts, why) || !parse_port(parts.service, port, why)) {
        return false;
    }
    host = parts.host;
    return true;
}

std::vector<endpoint> addresses_of(address where, std::error_code& ec) {
    const endpoint known = where.numeric(ec);
    if (!ec) return {known};
    std::string host;
    std::uint16_t port = 0;
    if (!is_host_and_port(where.text(), host, port)) return {};
    std::vector<endpoint> found;
    ec = look_up_host(host, port, found);
    return found;
}

}  // namespace detail

std::vector<endpoint> resolve(address where, std::error_code& ec) noexcept {
    try {
        return detail::addresses_of(where, ec);
    } catch (const std::bad_alloc&) {
        ec = std::make_error_code(std::errc::not_enough_memory);
        return {};
    }
}

std::vector<endpoint> resolve(address where) {
    std::error_code ec;
    std::vector<endpoint> found = resolve(where, ec);
    if (ec == errc::bad_address) detail::throw_bad_address("resolve", where);
    if (ec == errc::cancelled) throw cancelled();
    if (ec) throw error(ec, "resolve", "resolve " + where.to_string());
    return found;
}

}  // namespace cardea
