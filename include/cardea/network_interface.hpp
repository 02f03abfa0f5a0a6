// What is known of a network interface. See interfaces.hpp for those of the host.
#pragma once

#include <cardea/endpoint.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace cardea {

/// An address of an interface.
struct interface_address {
    endpoint address;         ///< IPv4 or IPv6, with port 0; a link-local one has its scope
    std::uint8_t prefix = 0;  ///< how many leading bits are the network's
    endpoint peer = {};       ///< the other end's, of a point-to-point link; else unspecified
    [[nodiscard]] friend bool operator==(const interface_address&, const interface_address&) = default;
};

/// An interface as it was when it was asked for.
struct network_interface {
    std::uint32_t index = 0;                          ///< its number, as scopes and options have it
    std::string name;                                 ///< "eth0"
    bool up = false;                                  ///< switched on (IFF_UP)
    bool running = false;                             ///< the link works: there is a carrier (IFF_RUNNING)
    bool loopback = false;                            ///< reaches this host only (IFF_LOOPBACK)
    bool broadcast = false;                           ///< has broadcasts (IFF_BROADCAST)
    bool multicast = false;                           ///< has multicasts (IFF_MULTICAST)
    bool point_to_point = false;                      ///< has one other end (IFF_POINTOPOINT)
    std::uint32_t mtu = 0;                            ///< the largest packet, in bytes
    std::vector<std::uint8_t> hardware_address = {};  ///< a MAC address has six bytes; empty: it has none
    /// IPv6's once they are usable: duplicate address detection (RFC 4862 section 5.4) has ended well.
    std::vector<interface_address> addresses = {};

    [[nodiscard]] bool usable() const noexcept { return up && running; }  ///< Packets can pass.
    [[nodiscard]] friend bool operator==(const network_interface&, const network_interface&) = default;
};

}  // namespace cardea
