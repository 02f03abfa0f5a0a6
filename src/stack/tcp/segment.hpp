// A TCP segment as values: parsed from bytes that may be hostile, and emitted as header bytes. A segment views its
// payload and owns nothing. Uses the wire helpers and sequence arithmetic only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/address.hpp"
#include "stack/packet.hpp"
#include "stack/tcp/sequence.hpp"

namespace cardea::stack::tcp {

inline constexpr std::size_t min_header_bytes = 20;
inline constexpr std::size_t max_header_bytes = 60;
inline constexpr std::size_t max_sack_blocks = 4;
inline constexpr std::uint8_t max_window_shift = 14;  // RFC 7323 section 2.3

/// The control bits (RFC 9293 section 3.1), in their place in the header's octet 13.
namespace flag {
inline constexpr std::uint8_t fin = 0x01;
inline constexpr std::uint8_t syn = 0x02;
inline constexpr std::uint8_t rst = 0x04;
inline constexpr std::uint8_t psh = 0x08;
inline constexpr std::uint8_t ack = 0x10;
inline constexpr std::uint8_t urg = 0x20;
inline constexpr std::uint8_t ece = 0x40;
inline constexpr std::uint8_t cwr = 0x80;
}  // namespace flag

/// The two ECN bits of the IP header (RFC 3168 section 5).
enum class ecn_codepoint : std::uint8_t { not_ect = 0, ect1 = 1, ect0 = 2, ce = 3 };

struct sack_block {
    sequence left;   ///< first sequence number of the block
    sequence right;  ///< the one after its last
    friend constexpr bool operator==(sack_block, sack_block) = default;
};

struct segment_options {
    std::optional<std::uint16_t> mss;          ///< SYN only (RFC 9293 section 3.7.1)
    std::optional<std::uint8_t> window_shift;  ///< SYN only (RFC 7323 section 2), as sent: may exceed 14
    bool sack_permitted = false;               ///< SYN only (RFC 2018)
    bool has_timestamps = false;               ///< RFC 7323 section 3
    std::uint32_t ts_value = 0;
    std::uint32_t ts_echo = 0;
    std::uint8_t sack_count = 0;
    std::array<sack_block, max_sack_blocks> sack{};

    std::span<sack_block const> sack_blocks() const { return {sack.data(), sack_count}; }
};

/// One segment, either way. `payload` must stay alive as long as the segment is used: for an incoming one during
/// on_segment(), for an outgoing one until the connection that yielded it is called again.
struct segment {
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    sequence seq;
    sequence ack;
    std::uint8_t flags = 0;
    std::uint16_t window = 0;  ///< as in the header: not scaled
    std::uint16_t urgent = 0;
    segment_options options;
    payload_view payload;
    ecn_codepoint ecn = ecn_codepoint::not_ect;
    /// Payload bytes of each wire segment that this one was coalesced from or is to be split into; 0: just one.
    std::uint16_t gso_size = 0;

    bool has(std::uint8_t f) const { return (flags & f) != 0; }
    /// SEG.LEN of RFC 9293: payload, SYN and FIN.
    std::uint32_t length() const {
        return static_cast<std::uint32_t>(payload.size()) + (has(flag::syn) ? 1U : 0U) + (has(flag::fin) ? 1U : 0U);
    }
    sequence end() const { return seq + length(); }
};

/// Parses a TCP header and its options; the rest of `bytes` is the payload. Nothing when the header does not fit. Bad
/// options end option processing and keep what came before, as Linux does; unknown ones are skipped by their length.
/// The checksum is not looked at: see checksum_valid().
std::optional<segment> parse(bytes_view bytes);

/// Whether the checksum over the pseudo-header and `bytes` (header and payload) is right.
bool checksum_valid(bytes_view bytes, ip_address const& from, ip_address const& to);

/// Header length, options and padding included, that emit() would write for `s`. At most max_header_bytes: SACK blocks
/// that do not fit are left out.
std::size_t header_size(segment const& s);

enum class checksum_mode : std::uint8_t {
    full,    ///< computed over header and payload
    partial  ///< the pseudo-header's sum only; the device completes it
};

/// Writes the header of `s` into `out` (at least header_size(s) bytes) and returns its length.
std::size_t emit(segment const& s, ip_address const& from, ip_address const& to, checksum_mode mode,
                 std::span<std::byte> out);

/// The reset that answers a segment for which there is no connection (RFC 9293 section 3.5.2, group 1); nothing for a
/// reset, which is never answered.
std::optional<segment> reset_for(segment const& s);

}  // namespace cardea::stack::tcp
