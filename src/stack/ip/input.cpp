// IP input.
#include "stack/ip/input.hpp"

#include <vector>

#include "stack/wire/bytes.hpp"
#include "stack/wire/icmp.hpp"
#include "stack/wire/protocol.hpp"

namespace cardea::stack::ip {

namespace {

datagram describe(wire::ipv4_header const& h, bytes_view packet, packet_meta const& meta) {
    datagram d;
    d.source = h.source;
    d.destination = h.destination;
    d.protocol = h.protocol;
    d.hop_limit = h.ttl;
    d.traffic_class = h.tos;
    d.later_fragment = h.fragment_offset != 0;
    d.protocol_field = 9;
    d.payload = packet.subspan(h.header_size);
    d.whole = packet;
    d.meta = meta;
    return d;
}

datagram describe(wire::ipv6_parse_result const& r, bytes_view packet, packet_meta const& meta) {
    datagram d;
    d.source = r.header.source;
    d.destination = r.header.destination;
    d.protocol = r.upper_protocol;
    d.hop_limit = r.header.hop_limit;
    d.traffic_class = r.header.traffic_class;
    d.later_fragment = r.fragment.present && r.fragment.offset != 0;
    d.protocol_field = r.upper_field;
    d.payload = packet.subspan(r.upper_at);
    d.whole = packet;
    d.meta = meta;
    return d;
}

packet_meta reassembled_meta(packet_meta const& of_last, bool looped) {
    packet_meta m;
    m.checksum_verified = looped;
    m.copy_of_sent = of_last.copy_of_sent;
    return m;
}

std::uint32_t interface_of(packet_meta const& meta, bool looped) {
    return looped && !meta.copy_of_sent ? interface_number::loopback : interface_number::link;
}

}  // namespace

void input::receive(bytes_view packet, packet_meta const& meta, bool looped, time_ns now) {
    if (packet.empty()) return up_.dropped(packet, drop_reason::truncated);
    switch (wire::get8(packet, 0) >> 4) {
        case 4:
            return receive_v4(packet, meta, looped, now, false);
        case 6:
            return receive_v6(packet, meta, looped, now, false);
        default:
            return up_.dropped(packet, drop_reason::bad_version);
    }
}

namespace {

/// RFC 1122 section 3.2.1.3 (a, b), RFC 4291 section 2.5.2: "this host" speaks to groups only, to learn who it is;
/// "this network" (0/8) is nobody at all. An answer would go nowhere, or to whom it may.
bool is_nobody(ip_address const& source, bool to_group) {
    if (source.is_unspecified()) return !to_group;
    return source.is_v4() && source.bytes[0] == 0;
}

}  // namespace

/// RFC 1122 section 3.2.1.3, RFC 8200 section 3, RFC 4291 section 2: addresses no packet on a link may have.
drop_reason input::check_addresses(ip_address const& source, ip_address const& destination, bool looped,
                                   std::uint32_t interface) const {
    if (source.is_multicast() || routes_.is_broadcast(source)) return drop_reason::martian;
    if (is_nobody(source, destination.is_multicast() || routes_.is_broadcast(destination))) return drop_reason::martian;
    looped = looped || own_over_link_;
    if (!looped && (source.is_loopback() || destination.is_loopback())) return drop_reason::martian;
    // Our own address from outside is a forgery (or our multicast come back).
    if (!looped && routes_.is_local(source)) return drop_reason::martian;
    if (source.is_v4_mapped() || destination.is_v4_mapped()) return drop_reason::martian;
    if (destination.is_unspecified() || !routes_.accepts(destination, interface)) return drop_reason::not_for_us;
    return drop_reason::none;
}

void input::receive_v4(bytes_view packet, packet_meta const& meta, bool looped, time_ns now, bool reassembled) {
    auto const r = wire::parse_ipv4(packet);
    bool const readable = r.refused == drop_reason::none || r.refused == drop_reason::bad_options ||
                          r.refused == drop_reason::source_routed;
    if (!readable) return up_.dropped(packet, r.refused);
    packet = packet.first(r.header.total_size);
    auto const interface = interface_of(meta, looped);
    if (auto const why = check_addresses(r.header.source, r.header.destination, looped, interface);
        why != drop_reason::none)
        return up_.dropped(packet, why);
    auto d = describe(r.header, packet, meta);
    d.interface = interface;
    d.to_group = d.destination.is_multicast() || routes_.is_broadcast(d.destination);
    if (r.refused != drop_reason::none) {
        up_.dropped(packet, r.refused);
        constexpr std::uint8_t source_route_failed = 5;
        if (r.refused == drop_reason::source_routed)
            up_.complain(d, {wire::icmpv4::unreachable, source_route_failed, 0, false});
        else
            up_.complain(d, {wire::icmpv4::parameter_problem, 0, std::uint32_t{r.problem_pointer} << 24, false});
        return;
    }
    if (!r.header.is_fragment()) return up_.deliver(d);
    if (reassembled) return up_.dropped(packet, drop_reason::bad_header);
    reassemble_v4(r.header, packet, meta, looped, now);
}

void input::reassemble_v4(wire::ipv4_header const& h, bytes_view packet, packet_meta const& meta, bool looped,
                          time_ns now) {
    fragment f;
    f.source = h.source;
    f.destination = h.destination;
    f.protocol = h.protocol;
    f.identification = h.identification;
    f.offset = h.fragment_offset;
    f.more = h.more_fragments;
    f.ecn = h.tos & wire::ecn::mask;
    f.header = packet.first(h.header_size);
    f.data = packet.subspan(h.header_size);
    f.original = packet;
    if (f.data.empty()) return up_.dropped(packet, drop_reason::bad_header);
    auto const r = reassembler_.add(f, now);
    if (r.refused != drop_reason::none) return up_.dropped(packet, r.refused);
    if (!r.whole.empty()) receive_v4(r.whole, reassembled_meta(meta, looped), looped, now, true);
}

void input::receive_v6(bytes_view packet, packet_meta const& meta, bool looped, time_ns now, bool reassembled) {
    auto const r = wire::parse_ipv6(packet);
    if (r.header.source.version == ip_version::none || packet.size() < wire::ipv6_header::size + r.header.payload_size)
        return up_.dropped(packet, r.refused);
    packet = packet.first(wire::ipv6_header::size + r.header.payload_size);
    auto const interface = interface_of(meta, looped);
    if (auto const why = check_addresses(r.header.source, r.header.destination, looped, interface);
        why != drop_reason::none)
        return up_.dropped(packet, why);
    auto d = describe(r, packet, meta);
    d.interface = interface;
    d.to_group = d.destination.is_multicast();
    if (r.refused != drop_reason::none) {
        up_.dropped(packet, r.refused);
        if (r.problem.report)
            up_.complain(
                d, {wire::icmpv6::parameter_problem, r.problem.code, r.problem.pointer, r.problem.even_if_multicast});
        return;
    }
    if (!r.fragment.present) return up_.deliver(d);
    if (reassembled) return up_.dropped(packet, drop_reason::bad_header);
    reassemble_v6(r, packet, meta, looped, now);
}

void input::reassemble_v6(wire::ipv6_parse_result const& r, bytes_view packet, packet_meta const& meta, bool looped,
                          time_ns now) {
    // The unfragmentable part, with the octet that named the fragment header naming what followed it.
    std::vector<std::byte> header{packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(r.fragment.at)};
    wire::put8(header, r.fragment.next_field, r.upper_protocol);
    fragment f;
    f.source = r.header.source;
    f.destination = r.header.destination;
    f.identification = r.fragment.identification;
    f.offset = r.fragment.offset;
    f.more = r.fragment.more;
    f.ecn = r.header.traffic_class & wire::ecn::mask;
    f.header = header;
    f.data = packet.subspan(r.upper_at);
    f.original = packet;
    auto const done = reassembler_.add(f, now);
    if (done.refused != drop_reason::none) return up_.dropped(packet, done.refused);
    if (!done.whole.empty()) receive_v6(done.whole, reassembled_meta(meta, looped), looped, now, true);
}

void input::on_deadline(time_ns now) {
    while (auto const first = reassembler_.expire_one(now)) {
        up_.dropped(*first, drop_reason::fragment_timeout);
        if (first->empty()) continue;
        bytes_view const packet{*first};
        if (wire::get8(packet, 0) >> 4 == 4) {
            auto d = describe(wire::parse_ipv4(packet).header, packet, {});
            d.to_group = d.destination.is_multicast() || routes_.is_broadcast(d.destination);
            up_.complain(d, {wire::icmpv4::time_exceeded, wire::icmpv4::code_reassembly, 0, false});
        } else {
            auto d = describe(wire::parse_ipv6(packet), packet, {});
            d.to_group = d.destination.is_multicast();
            up_.complain(d, {wire::icmpv6::time_exceeded, wire::icmpv6::code_reassembly, 0, false});
        }
    }
}

}  // namespace cardea::stack::ip
