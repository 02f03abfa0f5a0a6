// ICMP and ICMPv6.
#include "stack/ip/icmp.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "stack/wire/checksum.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/ipv6.hpp"
#include "stack/wire/protocol.hpp"

namespace cardea::stack::ip {

namespace {

/// What an error quotes at most: RFC 1812 section 4.3.2.3 (576 bytes in all), RFC 4443 section 3 (the minimum MTU).
constexpr std::size_t max_quote_v4 = 576 - 20 - wire::icmp_header::size;
constexpr std::size_t max_quote_v6 = wire::ipv6_header::min_mtu - wire::ipv6_header::size - wire::icmp_header::size;

bool checksum_ok(datagram const& d) {
    if (d.meta.checksum_verified || d.meta.checksum_partial) return true;
    wire::checksum sum;
    if (d.source.is_v6())
        sum.add_pseudo(d.source, d.destination, wire::protocol::icmpv6, static_cast<std::uint32_t>(d.payload.size()));
    return sum.add(d.payload).finish() == 0;
}

}  // namespace

std::optional<icmp_report> icmp::receive(datagram const& d, drop_reason& refused) {
    refused = drop_reason::bad_transport_header;
    if (d.payload.size() < wire::icmp_header::size) return std::nullopt;
    refused = drop_reason::bad_checksum;
    if (!checksum_ok(d)) return std::nullopt;
    auto const h = wire::parse_icmp(d.payload);
    bool const v4 = d.source.is_v4();
    refused = drop_reason::icmp_ignored;
    if (h.type == (v4 ? wire::icmpv4::echo_request : wire::icmpv6::echo_request)) {
        // RFC 1122 section 3.2.2.6 lets a host be silent to broadcasts; that ends smurf attacks.
        if (!config_.answer_echo || (v4 && d.to_group) || d.source.is_unspecified()) return std::nullopt;
        refused = drop_reason::none;
        echo(d, v4 ? wire::icmpv4::echo_reply : wire::icmpv6::echo_reply);
        return std::nullopt;
    }
    if (!wire::is_icmp_error(d.source.version, h.type)) return std::nullopt;
    if (wire::meaning_of(d.source.version, h).what == error::ok) return std::nullopt;
    auto report = read_error(d, h);
    refused = report ? drop_reason::none : drop_reason::icmp_unmatched;
    return report;
}

void icmp::echo(datagram const& d, std::uint8_t reply_type) {
    send_fields f;
    f.destination = d.source;
    f.source = d.to_group ? routes_.find(d.source).source : d.destination;
    f.protocol = d.protocol;
    f.hop_limit = config_.hop_limit;
    f.traffic_class = static_cast<std::uint8_t>(d.traffic_class & ~unsigned{wire::ecn::mask});
    f.dont_fragment = false;
    auto h = wire::parse_icmp(d.payload);
    h.type = reply_type;
    send(f, h, d.payload.subspan(wire::icmp_header::size));
}

error icmp::send(send_fields const& f, wire::icmp_header const& given, bytes_view body) {
    auto h = given;
    h.checksum = 0;
    std::array<std::byte, wire::icmp_header::size> bytes;
    wire::emit_icmp(h, bytes);
    wire::checksum sum;
    if (f.destination.is_v6())
        sum.add_pseudo(f.source, f.destination, f.protocol, static_cast<std::uint32_t>(bytes.size() + body.size()));
    h.checksum = sum.add(bytes).add(body).finish();
    wire::emit_icmp(h, bytes);
    auto const way = routes_.find(f.destination, f.source);
    if (way.problem != error::ok) return way.problem;
    return out_.send(f, bytes, {body, {}}, {}, way.mtu);
}

bool icmp::may_complain(datagram const& d, icmp_complaint const& what) const {
    // RFC 8200 section 4.5 wants some errors about later fragments; RFC 1122 forbids them all.
    if ((d.later_fragment && d.source.is_v4()) || (d.to_group && !what.even_if_group)) return false;
    if (d.source.is_unspecified() || d.source.is_multicast() || routes_.is_broadcast(d.source)) return false;
    if (d.source.is_v6()) {
        std::size_t const at = d.whole.size() - d.payload.size();
        auto const type = wire::find_icmpv6_type(d.whole, d.protocol, at);
        return !type || !wire::is_icmp_error(ip_version::v6, *type);
    }
    if (d.protocol != wire::protocol::icmp) return true;
    // Too short to tell whether it is an error: then rather be silent.
    return !d.payload.empty() && !wire::is_icmp_error(ip_version::v4, wire::get8(d.payload, 0));
}

void icmp::complain(datagram const& d, icmp_complaint const& what, time_ns now) {
    if (!may_complain(d, what)) return;
    if (!limit_.take(now)) {
        ++suppressed_;
        return;
    }
    send_fields f;
    f.destination = d.source;
    f.source = routes_.is_local(d.destination) ? d.destination : routes_.find(d.source).source;
    f.protocol = d.source.is_v4() ? wire::protocol::icmp : wire::protocol::icmpv6;
    f.hop_limit = config_.hop_limit;
    f.dont_fragment = false;
    wire::icmp_header h;
    h.type = what.type;
    h.code = what.code;
    h.rest = what.rest;
    // A checksum that was left to a device never met one: what is quoted is the packet as its sender meant it.
    auto const quoted = d.whole.first(std::min(d.whole.size(), d.source.is_v4() ? max_quote_v4 : max_quote_v6));
    std::array<std::byte, std::max(max_quote_v4, max_quote_v6)> quote;
    std::copy(quoted.begin(), quoted.end(), quote.begin());
    auto const copy = std::span{quote}.first(quoted.size());
    wire::complete_checksum(copy, d.whole, d.meta);
    send(f, h, copy);
}

std::optional<icmp_report> icmp::read_error(datagram const& d, wire::icmp_header const& h) const {
    auto const quoted = d.payload.subspan(wire::icmp_header::size);
    icmp_report r;
    r.meaning = wire::meaning_of(d.source.version, h);
    r.message = h;
    r.offender = d.source;
    std::size_t transport_at = 0;
    if (d.source.is_v4()) {
        auto const q = wire::parse_quoted_ipv4(quoted);
        if (q.refused != drop_reason::none || q.header.fragment_offset != 0) return std::nullopt;
        r.protocol = q.header.protocol;
        r.local.address = q.header.source;
        r.remote.address = q.header.destination;
        r.reported_mtu = h.rest & 0xffff;
        r.tried_size = q.header.total_size;
        transport_at = q.header.header_size;
    } else {
        auto const q = wire::parse_quoted_ipv6(quoted);
        bool const later = q.fragment.present && q.fragment.offset != 0;
        if (q.header.source.version == ip_version::none || later) return std::nullopt;
        if (q.refused != drop_reason::none && !q.fragment.present) return std::nullopt;
        r.protocol = q.upper_protocol;
        r.local.address = q.header.source;
        r.remote.address = q.header.destination;
        r.reported_mtu = h.rest;
        r.tried_size = static_cast<std::uint32_t>(wire::ipv6_header::size) + q.header.payload_size;
        transport_at = q.upper_at;
    }
    // Both transports have the ports, and TCP its sequence number, in the eight octets RFC 792 promises.
    if (quoted.size() < transport_at + 8 || !routes_.is_local(r.local.address)) return std::nullopt;
    r.local.port = wire::get16(quoted, transport_at);
    r.remote.port = wire::get16(quoted, transport_at + 2);
    r.sequence = wire::get32(quoted, transport_at + 4);
    r.quoted_data = quoted.subspan(transport_at + 8);
    return r;
}

}  // namespace cardea::stack::ip
