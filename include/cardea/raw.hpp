// Below the transport: raw IP sockets (raw(7)) and packet sockets (packet(7)). Both need CAP_NET_RAW, and say so.
//
//   socket ping = open_raw(family::inet, protocol::icmp);
//   socket wire = open_packet();
#pragma once

#include <array>
#include <cardea/socket.hpp>
#include <cstdint>

namespace cardea {

/// Protocols inside IP (RFC 790 and its successors, the registry of IANA), as far as raw sockets meet them.
namespace protocol {
inline constexpr int icmp = 1;     ///< RFC 792.
inline constexpr int icmpv6 = 58;  ///< RFC 4443.
/// The sender writes the IP header itself, and nothing is received (raw(7)).
inline constexpr int raw = 255;
}  // namespace protocol

/// socket(2) with SOCK_RAW: whole messages of one IP protocol. IPv4 receives the IP header with each, IPv6 does not.
/// Send and receive with send_to and recv_from: see `socket` for blocking, threads and cancellation. Ports mean
/// nothing. Opening never blocks. Throws cardea::error: without the right to it std::errc::operation_not_permitted,
/// and the text says what is needed; a network that is not the kernel's, errc::not_supported.
socket open_raw(family f, int protocol);
socket open_raw(family f, int protocol, std::error_code& ec) noexcept;

/// A link-layer address, as packet sockets have them (packet(7), sockaddr_ll).
struct link_address {
    std::uint32_t interface = 0;                ///< 0: every interface
    std::uint16_t protocol = 0;                 ///< of the frames: 0x0800 IPv4, 0x86dd IPv6, 0x0003 all (ETH_P_*)
    std::array<std::uint8_t, 8> hardware = {};  ///< a MAC address in the first six
    std::uint8_t hardware_size = 0;             ///< bytes of it; 6 for Ethernet
    /// Received: for whom the frame was.
    enum class kind : std::uint8_t { host = 0, broadcast = 1, multicast = 2, other_host = 3, outgoing = 4 };
    kind of = kind::host;
};

/// Every protocol (ETH_P_ALL).
inline constexpr std::uint16_t every_protocol = 0x0003;

/// socket(2) with AF_PACKET: the frames of every interface, or of one after bind(to_endpoint({.interface = ...})).
/// `with_link_headers`: with their link-layer headers (SOCK_RAW), to send as well; else without (SOCK_DGRAM).
/// recv_from's endpoint is read by link_of(). Opening never blocks, and throws as open_raw() does.
socket open_packet(std::uint16_t protocol = every_protocol, bool with_link_headers = true);
socket open_packet(std::uint16_t protocol, bool with_link_headers, std::error_code& ec) noexcept;

/// The address as bind() and send_to() of a packet socket take it. Unspecified where the system has no packet sockets.
endpoint to_endpoint(const link_address& link) noexcept;
/// An empty address where `e` is none of a packet socket's.
link_address link_of(const endpoint& e) noexcept;

/// The Internet checksum of RFC 1071, as ICMP carries it, in network byte order.
std::uint16_t internet_checksum(const_buffer data) noexcept;

}  // namespace cardea
