// IPv4 header parsing and emission.
#include "stack/wire/ipv4.hpp"

#include "stack/wire/bytes.hpp"
#include "stack/wire/checksum.hpp"

namespace cardea::stack::wire {

namespace {

constexpr std::uint16_t flag_df = 0x4000;
constexpr std::uint16_t flag_mf = 0x2000;
constexpr std::uint16_t offset_mask = 0x1fff;

constexpr std::uint8_t option_end = 0;
constexpr std::uint8_t option_nop = 1;
constexpr std::uint8_t option_lsrr = 131;
constexpr std::uint8_t option_ssrr = 137;

ipv4_header read_fields(std::span<std::byte const> b) {
    ipv4_header h;
    h.header_size = static_cast<std::uint8_t>((get8(b, 0) & 0xf) * 4);
    h.tos = get8(b, 1);
    h.total_size = get16(b, 2);
    h.identification = get16(b, 4);
    auto const flags = get16(b, 6);
    h.dont_fragment = (flags & flag_df) != 0;
    h.more_fragments = (flags & flag_mf) != 0;
    h.fragment_offset = static_cast<std::uint16_t>((flags & offset_mask) * 8);
    h.ttl = get8(b, 8);
    h.protocol = get8(b, 9);
    h.source = ip_address::v4(get32(b, 12));
    h.destination = ip_address::v4(get32(b, 16));
    return h;
}

/// RFC 1122 section 3.2.1.8: unknown options are passed over, a source route is not followed, and lengths must add up.
drop_reason check_options(std::span<std::byte const> header, std::uint8_t& pointer) {
    std::size_t at = ipv4_header::min_size;
    while (at < header.size()) {
        auto const kind = get8(header, at);
        if (kind == option_end) return drop_reason::none;
        if (kind == option_nop) {
            ++at;
            continue;
        }
        pointer = static_cast<std::uint8_t>(at);
        if (at + 1 >= header.size()) return drop_reason::bad_options;
        std::size_t const length = get8(header, at + 1);
        if (length < 2 || at + length > header.size()) {
            pointer = static_cast<std::uint8_t>(at + 1);
            return drop_reason::bad_options;
        }
        if (kind == option_lsrr || kind == option_ssrr) return drop_reason::source_routed;
        at += length;
    }
    return drop_reason::none;
}

}  // namespace

ipv4_parse_result parse_ipv4(std::span<std::byte const> packet) {
    ipv4_parse_result r;
    auto const refuse = [&r](drop_reason why) {
        r.refused = why;
        return r;
    };
    if (packet.size() < ipv4_header::min_size) return refuse(drop_reason::truncated);
    if (get8(packet, 0) >> 4 != 4) return refuse(drop_reason::bad_version);
    r.header = read_fields(packet);
    auto const& h = r.header;
    if (h.header_size < ipv4_header::min_size) return refuse(drop_reason::bad_header);
    if (packet.size() < h.header_size) return refuse(drop_reason::truncated);
    auto const header = packet.first(h.header_size);
    if (internet_checksum(header) != 0) return refuse(drop_reason::bad_checksum);
    if (h.total_size < h.header_size) return refuse(drop_reason::bad_header);
    if (packet.size() < h.total_size) return refuse(drop_reason::truncated);
    std::size_t const payload = h.total_size - h.header_size;
    if (h.more_fragments && (payload == 0 || payload % 8 != 0)) return refuse(drop_reason::bad_header);
    if (h.fragment_offset + payload + h.header_size > 65535) return refuse(drop_reason::bad_header);
    if (h.header_size > ipv4_header::min_size) return refuse(check_options(header, r.problem_pointer));
    return r;
}

ipv4_parse_result parse_quoted_ipv4(std::span<std::byte const> quoted) {
    ipv4_parse_result r;
    if (quoted.size() < ipv4_header::min_size) {
        r.refused = drop_reason::truncated;
        return r;
    }
    r.header = read_fields(quoted);
    if (get8(quoted, 0) >> 4 != 4 || r.header.header_size < ipv4_header::min_size) r.refused = drop_reason::bad_header;
    if (quoted.size() < r.header.header_size) r.refused = drop_reason::truncated;
    return r;
}

void emit_ipv4(ipv4_header const& h, std::span<std::byte> out) {
    put8(out, 0, 0x45);
    put8(out, 1, h.tos);
    put16(out, 2, h.total_size);
    put16(out, 4, h.identification);
    put16(out, 6,
          static_cast<std::uint16_t>((h.dont_fragment ? flag_df : 0) | (h.more_fragments ? flag_mf : 0) |
                                     (h.fragment_offset / 8)));
    put8(out, 8, h.ttl);
    put8(out, 9, h.protocol);
    put32(out, 12, h.source.v4_value());
    put32(out, 16, h.destination.v4_value());
    refresh_ipv4_checksum(out.first(ipv4_header::min_size));
}

void refresh_ipv4_checksum(std::span<std::byte> header) {
    put16(header, 10, 0);
    put16(header, 10, internet_checksum(header));
}

}  // namespace cardea::stack::wire
