// The IPv6 header and its extension headers (RFC 8200): parse with every check a destination owes, and emit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/address.hpp"
#include "stack/drop.hpp"

namespace cardea::stack::wire {

struct ipv6_header {
    static constexpr std::size_t size = 40;
    static constexpr std::size_t fragment_header_size = 8;
    static constexpr std::size_t min_mtu = 1280;

    std::uint8_t traffic_class = 0;
    std::uint32_t flow_label = 0;
    std::uint16_t payload_size = 0;
    std::uint8_t next_header = 0;
    std::uint8_t hop_limit = 64;
    ip_address source;
    ip_address destination;
};

struct ipv6_fragment {
    bool present = false;
    bool more = false;
    std::uint16_t offset = 0;  ///< in bytes
    std::uint32_t identification = 0;
    std::size_t at = 0;  ///< where the fragment header begins
    std::size_t next_field =
        0;  ///< where the octet lies that names the fragment header (to be rewritten on reassembly)
};

/// What an ICMPv6 parameter problem would say (RFC 4443 section 3.4).
struct ipv6_problem {
    bool report = false;
    bool even_if_multicast = false;  ///< code 2 may be sent about multicast packets (RFC 8200 section 4.2)
    std::uint8_t code = 0;
    std::uint32_t pointer = 0;
};

struct ipv6_parse_result {
    drop_reason refused = drop_reason::none;
    ipv6_problem problem;
    ipv6_header header;
    ipv6_fragment fragment;
    std::uint8_t upper_protocol = 0;  ///< of the payload; for a fragment, of the first header in its fragmentable part
    std::size_t upper_at = 0;         ///< where the payload begins; for a fragment, its fragmentable part
    std::size_t upper_field = 0;      ///< where the octet lies that names upper_protocol
};

/// Reads the header and walks the extension headers up to the payload, or up to a fragment header that is not atomic.
/// `packet` is cut to the header's payload length by the caller with ipv6_header::size + payload_size.
ipv6_parse_result parse_ipv6(std::span<std::byte const> packet);

/// The same for a packet quoted in an ICMPv6 error, which may be cut short anywhere.
ipv6_parse_result parse_quoted_ipv6(std::span<std::byte const> quoted);

/// The first octet of an ICMPv6 message that the rest of a chain leads to, or nothing: extension headers from `at` on
/// are passed over unread, however wrong their contents are. `protocol` names what stands at `at`.
std::optional<std::uint8_t> find_icmpv6_type(std::span<std::byte const> packet, std::uint8_t protocol, std::size_t at);

void emit_ipv6(ipv6_header const& h, std::span<std::byte> out);
void emit_ipv6_fragment(std::uint8_t next_header, ipv6_fragment const& f, std::span<std::byte> out);

}  // namespace cardea::stack::wire
