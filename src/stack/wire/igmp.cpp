// IGMPv3 messages.
#include "stack/wire/igmp.hpp"

#include "stack/wire/bytes.hpp"
#include "stack/wire/checksum.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/protocol.hpp"

namespace cardea::stack::wire {

namespace {

constexpr std::uint8_t membership_query = 0x11;
constexpr std::uint8_t v3_report = 0x22;
constexpr std::size_t old_query_size = 8;  // IGMPv1 and IGMPv2
constexpr std::size_t query_size = 12;     // before the sources
constexpr unsigned mantissa_bits = 4;
constexpr std::size_t header_size = 24;
constexpr std::uint32_t router_alert = 0x94040000;  // RFC 2113: kind 148, 4 octets, "every router looks at it"

}  // namespace

std::optional<group_query> parse_igmp_query(bytes_view m, drop_reason& refused) {
    refused = drop_reason::bad_transport_header;
    if (m.size() < old_query_size) return std::nullopt;
    refused = drop_reason::bad_checksum;
    if (internet_checksum(m) != 0) return std::nullopt;
    refused = drop_reason::icmp_ignored;
    if (get8(m, 0) != membership_query) return std::nullopt;
    refused = drop_reason::bad_transport_header;
    group_query q;
    q.group = ip_address::v4(get32(m, 4));
    if (!q.group.is_unspecified() && !q.group.is_multicast()) return std::nullopt;
    // RFC 3376 section 7.1: 8 octets are an older query, of which 0 is version 1's and means 10 seconds; between that
    // and 12 there is nothing.
    auto const code = get8(m, 1);
    constexpr time_ns tenth = milliseconds(100);
    if (m.size() == old_query_size) {
        q.longest_delay = code == 0 ? seconds(10) : code * tenth;
        refused = drop_reason::none;
        return q;
    }
    if (m.size() < query_size) return std::nullopt;
    q.longest_delay = decode_delay(code, mantissa_bits) * tenth;
    q.robustness = get8(m, 8) & 7;
    std::size_t const count = get16(m, 10);
    if (query_size + count * 4 > m.size()) return std::nullopt;
    if (count != 0 && q.group.is_unspecified()) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) q.sources.push_back(ip_address::v4(get32(m, query_size + i * 4)));
    refused = drop_reason::none;
    return q;
}

std::vector<std::byte> make_igmp_report(ip_address const& source, std::span<group_record const> records) {
    std::size_t size = igmp_report_overhead;
    for (auto const& r : records) size += record_size(r);
    std::vector<std::byte> packet(size);
    std::span<std::byte> const all{packet};
    ipv4_header h;
    h.tos = 0xc0;  // internetwork control, as routers' own traffic has it (RFC 3376 section 4)
    h.total_size = static_cast<std::uint16_t>(size);
    h.dont_fragment = true;
    h.ttl = 1;
    h.protocol = protocol::igmp;
    h.source = source;
    h.destination = igmp_routers;
    emit_ipv4(h, all);
    put8(all, 0, 0x40 | header_size / 4);
    put32(all, ipv4_header::min_size, router_alert);
    refresh_ipv4_checksum(all.first(header_size));

    auto const m = all.subspan(header_size);
    put8(m, 0, v3_report);
    put16(m, 6, static_cast<std::uint16_t>(records.size()));
    emit_records(records, m.subspan(8));
    put16(m, 2, internet_checksum(m));
    return packet;
}

}  // namespace cardea::stack::wire
