// Which text is an endpoint already, which is a name to ask for, and which is neither.
#include "names/resolve.hpp"

#include <cardea/error.hpp>
#include <cardea/network.hpp>
#include <string>

#include "socket/address_text.hpp"

namespace cardea::detail {

std::vector<endpoint> addresses_of(address where, std::error_code& ec) {
    ec.clear();
    if (where.known() != nullptr) return {*where.known()};
    endpoint numeric;
    reason why;
    if (parse_endpoint(where.text(), numeric, why)) return {numeric};

    // Nothing but a name with a good port reaches the resolver: getaddrinfo(3) takes "127.1" and "0x7f.1" for
    // 127.0.0.1, and port 70000 for 4464.
    ec = errc::bad_address;
    host_and_service parts;
    std::uint16_t port = 0;
    if (why.fault != address_fault::host_name || !split_address(where.text(), parts, why) ||
        !parse_port(parts.service, port, why)) {
        return {};
    }
    std::vector<endpoint> found;
    ec = this_network().resolve(std::string(parts.host), std::to_string(port), found);
    return found;
}

}  // namespace cardea::detail
