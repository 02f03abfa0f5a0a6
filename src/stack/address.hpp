// IP addresses, prefixes and endpoints of the stack: plain values, ordered, without a name service.
// Uses the standard library only; text form is in address.cpp.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cardea::stack {

enum class ip_version : std::uint8_t { none = 0, v4 = 4, v6 = 6 };

/// An IPv4 or IPv6 address. An IPv4 address uses the first four bytes; the rest are zero, so that comparison is
/// bytewise. `none` is "no address given" and differs from the wildcards 0.0.0.0 and ::.
struct ip_address {
    ip_version version = ip_version::none;
    std::array<std::uint8_t, 16> bytes{};

    static constexpr ip_address v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
        ip_address r;
        r.version = ip_version::v4;
        r.bytes[0] = a, r.bytes[1] = b, r.bytes[2] = c, r.bytes[3] = d;
        return r;
    }
    static constexpr ip_address v4(std::uint32_t host_order) {
        // By words: single bytes stored now would stall the wide load that copies the address next.
        std::uint64_t first = host_order;
        if constexpr (std::endian::native == std::endian::little) {
            first = (first >> 24) | (first >> 8 & 0xff00) | (first << 8 & 0xff0000) | (first << 24 & 0xff000000);
        } else {
            first <<= 32;
        }
        std::array<std::uint64_t, 2> const words{first, 0};
        return {ip_version::v4, std::bit_cast<std::array<std::uint8_t, 16>>(words)};
    }
    static constexpr ip_address v6(std::array<std::uint8_t, 16> const& network_order) {
        return ip_address{ip_version::v6, network_order};
    }
    static constexpr ip_address any_v4() { return v4(0); }
    static constexpr ip_address any_v6() { return v6({}); }
    static constexpr ip_address loopback_v4() { return v4(127, 0, 0, 1); }
    static constexpr ip_address loopback_v6() { return v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}); }
    /// Dotted quad or RFC 4291 text (without a zone); nothing when it is neither.
    static std::optional<ip_address> parse(std::string_view text);

    constexpr bool is_v4() const { return version == ip_version::v4; }
    constexpr bool is_v6() const { return version == ip_version::v6; }
    constexpr std::uint32_t v4_value() const {
        return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) | (std::uint32_t{bytes[2]} << 8) |
               bytes[3];
    }
    constexpr std::size_t size() const { return is_v4() ? 4U : is_v6() ? 16U : 0U; }

    bool is_unspecified() const;      ///< 0.0.0.0 or :: (or none)
    bool is_loopback() const;         ///< 127/8 or ::1
    bool is_multicast() const;        ///< 224/4 or ff00::/8
    bool is_link_local() const;       ///< 169.254/16 or fe80::/10
    bool is_v4_mapped() const;        ///< ::ffff:a.b.c.d
    ip_address to_v4_mapped() const;  ///< an IPv4 address as ::ffff:a.b.c.d; others unchanged
    ip_address unmapped() const;      ///< ::ffff:a.b.c.d as IPv4; others unchanged

    /// Two words at once: every packet is compared with every own address.
    friend constexpr bool operator==(ip_address const& a, ip_address const& b) {
        using words = std::array<std::uint64_t, 2>;
        auto const x = std::bit_cast<words>(a.bytes);
        auto const y = std::bit_cast<words>(b.bytes);
        return a.version == b.version && x[0] == y[0] && x[1] == y[1];
    }
    friend constexpr auto operator<=>(ip_address const&, ip_address const&) = default;
};

/// An address with the length of its network prefix: 192.0.2.1/24.
struct ip_prefix {
    ip_address address;
    std::uint8_t length = 0;

    bool contains(ip_address const& other) const;
    /// The subnet's broadcast address (RFC 922); none for IPv6 and for /31 and /32 (RFC 3021).
    ip_address broadcast() const;
    static std::optional<ip_prefix> parse(std::string_view text);
};

/// A transport address. Port 0 is "any port".
struct endpoint {
    ip_address address;
    std::uint16_t port = 0;

    friend constexpr bool operator==(endpoint const&, endpoint const&) = default;
    friend constexpr auto operator<=>(endpoint const&, endpoint const&) = default;
};

std::string to_string(ip_address const& address);  ///< RFC 5952
std::string to_string(endpoint const& e);          ///< a.b.c.d:port or [v6]:port

}  // namespace cardea::stack
