// MLDv2 messages.
#include "stack/wire/mld.hpp"

#include <algorithm>

#include "stack/wire/bytes.hpp"
#include "stack/wire/checksum.hpp"
#include "stack/wire/ipv6.hpp"
#include "stack/wire/protocol.hpp"

namespace cardea::stack::wire {

namespace {

constexpr std::uint8_t listener_query = 130;
constexpr std::uint8_t listener_report = 131;
constexpr std::uint8_t listener_done = 132;
constexpr std::uint8_t v2_report = 143;
constexpr std::size_t old_query_size = 24;  // MLDv1
constexpr std::size_t query_size = 28;      // before the sources
constexpr unsigned mantissa_bits = 12;
constexpr std::uint8_t router_alert = 5;  // RFC 2711; the value 0 is MLD's
constexpr std::size_t address_size = 16;

ip_address address_at(bytes_view m, std::size_t at) {
    std::array<std::uint8_t, address_size> a{};
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = get8(m, at + i);
    return ip_address::v6(a);
}

/// IP has checked that the options fit.
bool alerts_routers(bytes_view packet) {
    constexpr std::size_t begin = ipv6_header::size;
    if (get8(packet, 6) != protocol::hop_by_hop || packet.size() < begin + 8) return false;
    auto const end = std::min(packet.size(), begin + (std::size_t{get8(packet, begin + 1)} + 1) * 8);
    for (std::size_t at = begin + 2; at + 4 <= end;) {
        auto const kind = get8(packet, at);
        if (kind == router_alert) return get8(packet, at + 1) == 2 && get16(packet, at + 2) == 0;
        at += kind == 0 ? 1U : 2U + get8(packet, at + 1);
    }
    return false;
}

}  // namespace

bool is_mld(std::uint8_t type) {
    return type == listener_query || type == listener_report || type == listener_done || type == v2_report;
}

std::optional<group_query> parse_mld_query(mld_packet const& p, drop_reason& refused) {
    auto const& m = p.message;
    refused = drop_reason::bad_transport_header;
    if (m.size() < old_query_size) return std::nullopt;
    auto sum = checksum{}.add_pseudo(p.source, p.destination, protocol::icmpv6, static_cast<std::uint32_t>(m.size()));
    refused = drop_reason::bad_checksum;
    if (sum.add(m).finish() != 0) return std::nullopt;
    refused = drop_reason::icmp_ignored;
    if (get8(m, 0) != listener_query) return std::nullopt;
    if (!p.source.is_link_local() || p.hop_limit != 1 || !alerts_routers(p.whole)) return std::nullopt;
    refused = drop_reason::bad_transport_header;
    group_query q;
    q.group = address_at(m, 8);
    if (!q.group.is_unspecified() && !q.group.is_multicast()) return std::nullopt;
    auto const code = get16(m, 4);
    if (m.size() == old_query_size) {  // RFC 3810 section 8.1
        q.longest_delay = milliseconds(code);
        refused = drop_reason::none;
        return q;
    }
    if (m.size() < query_size) return std::nullopt;
    q.longest_delay = milliseconds(decode_delay(code, mantissa_bits));
    q.robustness = get8(m, 24) & 7;
    std::size_t const count = get16(m, 26);
    if (query_size + count * address_size > m.size()) return std::nullopt;
    if (count != 0 && q.group.is_unspecified()) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) q.sources.push_back(address_at(m, query_size + i * address_size));
    refused = drop_reason::none;
    return q;
}

std::vector<std::byte> make_mld_report(ip_address const& source, std::span<group_record const> records) {
    std::size_t size = mld_report_overhead;
    for (auto const& r : records) size += record_size(r);
    std::vector<std::byte> packet(size);
    std::span<std::byte> const all{packet};
    ipv6_header h;
    h.payload_size = static_cast<std::uint16_t>(size - ipv6_header::size);
    h.next_header = protocol::hop_by_hop;
    h.hop_limit = 1;
    h.source = source;
    h.destination = mld_routers;
    emit_ipv6(h, all);
    auto const options = all.subspan(ipv6_header::size, 8);
    put8(options, 0, protocol::icmpv6);
    put8(options, 2, router_alert);
    put8(options, 3, 2);
    put8(options, 6, 1);  // PadN with nothing in it

    auto const m = all.subspan(ipv6_header::size + 8);
    put8(m, 0, v2_report);
    put16(m, 6, static_cast<std::uint16_t>(records.size()));
    emit_records(records, m.subspan(8));
    auto sum = checksum{}.add_pseudo(source, h.destination, protocol::icmpv6, static_cast<std::uint32_t>(m.size()));
    put16(m, 2, sum.add(m).finish());
    return packet;
}

}  // namespace cardea::stack::wire
