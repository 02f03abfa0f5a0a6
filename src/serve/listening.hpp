// From the addresses a server is given to its listening sockets: each loop opens its own, on its own network.
#pragma once

#include <cardea/descriptor.hpp>
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

enum class served : std::uint8_t { streams, datagrams, both };

/// One socket of a server, with where it really listens.
struct listener {
    std::variant<tcp_listener, unix_listener, udp_socket> door;
    endpoint where;
    std::size_t address;  ///< which of the server's addresses it is for

    [[nodiscard]] socket& handle() noexcept;
    /// For streams only.
    stream accept(std::error_code& ec) noexcept;
    [[nodiscard]] bool is_local() const noexcept { return std::holds_alternative<unix_listener>(door); }
    void close() noexcept;
};

/// A listening socket that an earlier server has handed over.
struct heirloom {
    std::size_t address;  ///< which of ours it is for
    type kind;            ///< stream or datagram
    descriptor socket;
};

/// What one loop listens on, and where: an endpoint for each address, in their order.
struct doors {
    std::vector<listener> open;
    std::vector<endpoint> where;
};

/// The first loop's: listens on every address alone, and then, with `shared`, lets other loops do so too. A port 0
/// becomes a free one, the same for streams and datagrams. For addresses with heirlooms these are taken instead. Throws
/// cardea::error, with nothing left open.
doors listen_first(const std::vector<std::string>& addresses, served what, int backlog, bool shared,
                   std::vector<heirloom> inherited = {});
/// A further loop's, on what the first has shared; Unix names are the first loop's alone. Throws cardea::error.
doors listen_beside(const std::vector<endpoint>& where, served what, int backlog, std::vector<heirloom> inherited = {});

}  // namespace cardea::detail
