// The IPv4 header (RFC 791, RFC 1122 section 3.2.1): parse with every check a host owes, and emit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/address.hpp"
#include "stack/drop.hpp"

namespace cardea::stack::wire {

struct ipv4_header {
    static constexpr std::size_t min_size = 20;
    static constexpr std::size_t max_size = 60;

    std::uint8_t tos = 0;
    std::uint8_t header_size = min_size;
    std::uint16_t total_size = 0;
    std::uint16_t identification = 0;
    bool dont_fragment = false;
    bool more_fragments = false;
    std::uint16_t fragment_offset = 0;  ///< in bytes
    std::uint8_t ttl = 64;
    std::uint8_t protocol = 0;
    ip_address source;
    ip_address destination;

    bool is_fragment() const { return more_fragments || fragment_offset != 0; }
};

struct ipv4_parse_result {
    drop_reason refused = drop_reason::none;
    std::uint8_t problem_pointer = 0;  ///< of the offending octet, when refused is bad_options (ICMP parameter problem)
    ipv4_header header;
};

/// Reads and checks the header and its options. Bytes beyond total_size are link padding.
ipv4_parse_result parse_ipv4(std::span<std::byte const> packet);

/// Reads the fields of a header quoted in an ICMP error: its checksum and total length may be off (RFC 1812
/// section 4.3.2.3).
ipv4_parse_result parse_quoted_ipv4(std::span<std::byte const> quoted);

/// Writes 20 bytes with their checksum; options are never sent. `out` has at least min_size bytes.
void emit_ipv4(ipv4_header const& h, std::span<std::byte> out);

/// Repairs the checksum after a field was changed in place.
void refresh_ipv4_checksum(std::span<std::byte> header);

}  // namespace cardea::stack::wire
