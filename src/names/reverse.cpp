// From an address to the name of its host. See <cardea/names.hpp>.
#include <cardea/error.hpp>
#include <cardea/names.hpp>
#include <cardea/network.hpp>
#include <new>

#include "fiber/execution.hpp"

namespace cardea {

std::string reverse(const endpoint& of, nameless otherwise, std::error_code& ec) noexcept {
    try {
        std::string name;
        ec = of.is_ip() ? detail::execution::current().interruption() : std::error_code(errc::bad_address);
        if (!ec) ec = this_network().reverse(of, name);
        const bool unknown = ec == errc::name_not_found || ec == errc::name_unavailable || ec == errc::not_supported;
        if (!unknown || otherwise == nameless::is_an_error) return name;
        ec.clear();
        return of.unmapped().host();
    } catch (const std::bad_alloc&) {
        ec = std::make_error_code(std::errc::not_enough_memory);
        return {};
    }
}

std::string reverse(const endpoint& of, nameless otherwise) {
    std::error_code ec;
    std::string name = reverse(of, otherwise, ec);
    if (ec == errc::cancelled) throw cancelled();
    if (ec) throw error(ec, "reverse", "reverse " + of.to_string());
    return name;
}

}  // namespace cardea
