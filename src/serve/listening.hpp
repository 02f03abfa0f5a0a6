// From the addresses a server is given to its listening sockets, one set for each loop.
#pragma once

#include <cardea/endpoint.hpp>
#include <cardea/tcp.hpp>
#include <cardea/udp.hpp>
#include <cardea/unix.hpp>
#include <cstdint>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

namespace cardea::detail {

enum class served : std::uint8_t { streams, datagrams };

/// One socket of a server, with where it really listens.
struct listener {
    std::variant<tcp_listener, unix_listener, udp_socket> door;
    endpoint where;

    /// For streams only.
    stream accept(std::error_code& ec) noexcept;
    [[nodiscard]] bool is_local() const noexcept { return std::holds_alternative<unix_listener>(door); }
    void close() noexcept;
};

/// What one loop listens on.
using doors = std::vector<listener>;

/// Listens on every address once for each of `loops` loops, in the order of the addresses; Unix names in the first loop
/// only. A port 0 becomes the same free port in all of them. Throws cardea::error, with nothing left open.
std::vector<doors> listen_on_all(const std::vector<std::string>& addresses, served what, int backlog, unsigned loops);

}  // namespace cardea::detail
