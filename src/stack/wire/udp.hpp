// The UDP header (RFC 768, RFC 8200 section 8.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/wire/bytes.hpp"

namespace cardea::stack::wire {

struct udp_header {
    static constexpr std::size_t size = 8;
    static constexpr std::size_t checksum_at = 6;

    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint16_t length = 0;  ///< header and payload
    std::uint16_t checksum = 0;
};

/// `b` has at least udp_header::size bytes.
inline udp_header parse_udp(std::span<std::byte const> b) {
    return {get16(b, 0), get16(b, 2), get16(b, 4), get16(b, 6)};
}

inline void emit_udp(udp_header const& h, std::span<std::byte> out) {
    put16(out, 0, h.source_port);
    put16(out, 2, h.destination_port);
    put16(out, 4, h.length);
    put16(out, 6, h.checksum);
}

}  // namespace cardea::stack::wire
