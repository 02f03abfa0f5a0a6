// What IGMPv3 (RFC 3376) and MLDv2 (RFC 3810) have in common: queries of routers and reports of hosts about groups.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stack/address.hpp"
#include "stack/time.hpp"

namespace cardea::stack::wire {

/// RFC 3376 section 4.2.12, RFC 3810 section 5.2.12.
enum class record_kind : std::uint8_t {
    is_include = 1,  ///< the state, as an answer to a query
    is_exclude = 2,
    to_include = 3,  ///< the filter's mode has changed
    to_exclude = 4,
    allow = 5,  ///< sources have come or gone
    block = 6,
};

struct group_record {
    record_kind kind = record_kind::is_include;
    ip_address group;
    std::vector<ip_address> sources;
};

struct group_query {
    ip_address group;  ///< unspecified: about all of them
    std::vector<ip_address> sources;
    time_ns longest_delay = 0;    ///< an answer comes before that
    std::uint8_t robustness = 0;  ///< QRV; 0: not told
};

/// The float of the octet or word that tells a time (RFC 3376 section 4.1.1, RFC 3810 section 5.1.3): `code` has
/// 3 bits of exponent before `mantissa_bits`, and is a plain number while its highest bit is not set.
constexpr std::uint32_t decode_delay(std::uint32_t code, unsigned mantissa_bits) {
    std::uint32_t const hidden = 1U << mantissa_bits;
    if (code < hidden << 3) return code;
    return ((code & (hidden - 1)) | hidden) << (((code >> mantissa_bits) & 7) + 3);
}

/// Bytes of a record in a report.
inline std::size_t record_size(group_record const& r) { return 4 + r.group.size() + r.sources.size() * r.group.size(); }

/// Writes records one behind the other; `out` has room for their sizes.
void emit_records(std::span<group_record const> records, std::span<std::byte> out);

}  // namespace cardea::stack::wire
