// Raw and packet sockets.
#include <cardea/raw.hpp>
#include <cstring>
#include <string>

#include "socket/sockaddr.hpp"

namespace cardea {

namespace {

// What a program that is refused needs to know.
[[noreturn]] void refuse(std::error_code ec, const char* what) {
    std::string text = std::string("open a ") + what;
    const bool not_permitted = ec == std::errc::operation_not_permitted || ec == std::errc::permission_denied;
    if (not_permitted) text += " (it needs CAP_NET_RAW: run as root, or once: setcap cap_net_raw+ep PROGRAM)";
    throw error(ec, "socket", text);
}

}  // namespace

socket open_raw(family f, int protocol, std::error_code& ec) noexcept {
    if (f != family::inet && f != family::inet6) {  // Linux would make a Unix one a datagram socket (unix(7))
        ec = std::make_error_code(std::errc::address_family_not_supported);
        return {};
    }
    socket s(f, type::raw, protocol, ec);
    return ec ? socket() : std::move(s);
}

socket open_raw(family f, int protocol) {
    std::error_code ec;
    socket s = open_raw(f, protocol, ec);
    if (ec) refuse(ec, "raw socket");
    return s;
}

socket open_packet(std::uint16_t protocol, bool with_link_headers, std::error_code& ec) noexcept {
    socket s(family::packet, with_link_headers ? type::raw : type::datagram, htons(protocol), ec);
    return ec ? socket() : std::move(s);
}

socket open_packet(std::uint16_t protocol, bool with_link_headers) {
    std::error_code ec;
    socket s = open_packet(protocol, with_link_headers, ec);
    if (ec) refuse(ec, "packet socket");
    return s;
}

endpoint to_endpoint([[maybe_unused]] const link_address& link) noexcept {
#ifdef __linux__
    sockaddr_ll raw{};
    raw.sll_family = AF_PACKET;
    raw.sll_protocol = htons(link.protocol);
    raw.sll_ifindex = static_cast<int>(link.interface);
    raw.sll_halen = link.hardware_size;
    std::memcpy(raw.sll_addr, link.hardware.data(), link.hardware.size());
    return endpoint::from_native(&raw, sizeof raw);
#else
    return {};
#endif
}

link_address link_of([[maybe_unused]] const endpoint& e) noexcept {
    link_address link;
#ifdef __linux__
    if (e.family() != family::packet) return link;
    sockaddr_ll raw{};
    std::memcpy(&raw, e.native(), sizeof raw);
    link.interface = static_cast<std::uint32_t>(raw.sll_ifindex);
    link.protocol = ntohs(raw.sll_protocol);
    link.hardware_size = raw.sll_halen;
    std::memcpy(link.hardware.data(), raw.sll_addr, link.hardware.size());
    link.of = static_cast<link_address::kind>(raw.sll_pkttype);
#endif
    return link;
}

std::uint16_t internet_checksum(const_buffer data) noexcept {
    std::uint64_t sum = 0;
    const auto* at = reinterpret_cast<const unsigned char*>(data.data());
    for (std::size_t i = 0; i + 1 < data.size(); i += 2) sum += static_cast<unsigned>(at[i] << 8U | at[i + 1]);
    if (data.size() % 2 != 0) sum += static_cast<unsigned>(at[data.size() - 1] << 8U);
    while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
    return htons(static_cast<std::uint16_t>(~sum & 0xffffU));
}

}  // namespace cardea
