// UDP input, output and errors.
#include "stack/socket/udp_layer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "stack/host_core.hpp"
#include "stack/socket/udp_socket.hpp"
#include "stack/wire/checksum.hpp"
#include "stack/wire/protocol.hpp"
#include "stack/wire/udp.hpp"

namespace cardea::stack {

namespace {

/// No path refuses less: IPv4's 68 bytes (RFC 791) less its headers.
constexpr std::uint16_t least_refused = 68 - 20;

constexpr std::size_t max_payload(ip_address const& to) {
    return 65'535 - wire::udp_header::size - (to.is_v4() ? 20U : 0U);
}

bool checksum_ok(ip::datagram const& d, bytes_view udp, std::uint16_t field) {
    if (d.meta.checksum_verified || d.meta.checksum_partial) return true;
    // Zero means "none" over IPv4 and is forbidden over IPv6 (RFC 8200 section 8.1).
    if (field == 0) return d.source.is_v4();
    return wire::checksum{}
               .add_pseudo(d.source, d.destination, wire::protocol::udp, static_cast<std::uint32_t>(udp.size()))
               .add(udp)
               .finish() == 0;
}

}  // namespace

udp_layer::udp_layer(host_core& core) : core_{core}, memory_{std::make_shared<memory_budget>(core.config.udp_memory)} {}

void udp_layer::receive(ip::datagram const& d, time_ns now) {
    if (d.payload.size() < wire::udp_header::size) return core_.drop(d.whole, drop_reason::bad_transport_header);
    auto const h = wire::parse_udp(d.payload);
    bool const fits = h.length >= wire::udp_header::size && h.length <= d.payload.size();
    if (!fits || h.destination_port == 0) return core_.drop(d.whole, drop_reason::bad_transport_header);
    auto const udp = d.payload.first(h.length);
    if (!checksum_ok(d, udp, h.checksum)) return core_.drop(d.whole, drop_reason::bad_checksum);
    auto const payload = udp.subspan(wire::udp_header::size);
    endpoint const local{d.destination, h.destination_port};
    endpoint const remote{d.source, h.source_port};
    if (d.to_group) {
        auto const all = ports_.lookup_all(local, remote);
        for (auto* s : all) deliver(static_cast<udp_socket&>(*s), d, local, remote, payload, now);
        if (all.empty()) core_.drop(d.whole, drop_reason::no_socket);
        return;
    }
    auto const* const e = ports_.lookup(local, remote, flow_hash(local, remote), false);
    if (e != nullptr) return deliver(static_cast<udp_socket&>(*e->owner), d, local, remote, payload, now);
    core_.drop(d.whole, drop_reason::no_socket);
    if (d.source.is_v4())
        core_.complain(d, {wire::icmpv4::unreachable, wire::icmpv4::code_port, 0, false});
    else
        core_.complain(d, {wire::icmpv6::unreachable, wire::icmpv6::code_port, 0, false});
}

void udp_layer::deliver(udp_socket& s, ip::datagram const& d, endpoint const& local, endpoint const& remote,
                        bytes_view payload, time_ns now) {
    receive_info info;
    info.from = remote;
    info.to = local;
    info.traffic_class = d.traffic_class;
    info.hop_limit = d.hop_limit;
    info.arrived = now;
    // A device may hand over several datagrams of one flow glued together.
    std::size_t const step = d.meta.gso == gso_kind::udp && d.meta.gso_size != 0
                                 ? d.meta.gso_size
                                 : std::max<std::size_t>(payload.size(), 1);
    std::size_t at = 0;
    do {
        auto const piece = payload.subspan(at, std::min(step, payload.size() - at));
        if (!s.deliver(info, piece)) core_.drop(d.whole, drop_reason::receive_queue_full);
        at += step;
    } while (at < payload.size());
}

void udp_layer::on_icmp(ip::icmp_report const& r, time_ns now) {
    auto const* const e = ports_.lookup(r.local, r.remote, flow_hash(r.local, r.remote), false);
    if (e == nullptr) return;
    // A narrower path is every transport's: who cannot have seen a datagram of ours must not bring one about (RFC 8201
    // section 6). A socket alone proves nothing: one without a peer takes errors about anybody.
    if (r.meaning.packet_too_big) {
        if (!has_sent(r)) return core_.drop({}, drop_reason::icmp_unmatched);
        core_.path_mtus.learn(r.remote.address, r.reported_mtu, r.tried_size, now);
    }
    static_cast<udp_socket&>(*e->owner).on_icmp(r);
}

std::uint64_t udp_layer::flow_hash(endpoint const& local, endpoint const& remote) const {
    return core_.flow_hash({local, remote});
}

void udp_layer::wait_for_room(udp_socket& s) {
    if (!s.linked()) waiting_.push_back(s);
}

std::optional<std::uint16_t> udp_layer::choose_port(port_entry const& e) {
    return core_.ephemeral.choose([&](std::uint16_t port) {
        auto candidate = e;
        candidate.reuse_address = candidate.reuse_port = false;
        return !ports_.conflicts(port, candidate, false);
    });
}

/// One send after routing: what every datagram of it shares.
struct udp_layer::prepared {
    ip::send_fields fields;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint32_t mtu = 0;
    bool dont_fragment = false;
    bool may_df = false;
    bool no_checksum = false;
};

error udp_layer::send(udp_send const& s, payload_view const& payload, time_ns now) {
    auto const& to = s.remote.address;
    auto const way = core_.routes.find(to, s.local.address);
    if (way.problem != error::ok) return way.problem;
    auto const known = core_.path_mtu(way, to, now);
    prepared p;
    p.fields.source = way.source;
    p.fields.destination = to;
    p.fields.protocol = wire::protocol::udp;
    p.fields.hop_limit = s.hop_limit;
    p.fields.traffic_class = s.traffic_class;
    p.source_port = s.local.port;
    p.destination_port = s.remote.port;
    p.mtu = known.mtu;
    p.dont_fragment = s.dont_fragment;
    p.may_df = !s.never_df && !known.may_fragment;
    p.no_checksum = s.no_checksum && to.is_v4();
    if (s.segment_size != 0 && payload.size() > s.segment_size) return send_segments(p, s.segment_size, payload);
    return send_one(p, payload, 0);
}

error udp_layer::send_segments(prepared const& p, std::uint16_t segment_size, payload_view const& payload) {
    constexpr std::size_t max_segments = 128;  // UDP_MAX_SEGMENTS
    std::size_t const headers = ip::header_size(p.fields.destination) + wire::udp_header::size;
    if (headers + segment_size > p.mtu || payload.size() > max_payload(p.fields.destination)) return error::emsgsize;
    if (payload.size() > max_segments * segment_size) return error::einval;
    bool const offloaded = core_.config.offload.uso && !p.no_checksum &&
                           core_.out.partial_checksum(p.fields, wire::udp_header::size + segment_size, p.mtu);
    if (offloaded) return send_one(p, payload, segment_size);
    for (std::size_t at = 0; at < payload.size(); at += segment_size) {
        auto const n = std::min<std::size_t>(segment_size, payload.size() - at);
        auto const e = send_one(p, payload.slice(at, n), 0);
        if (e != error::ok) return at == 0 ? e : error::ok;  // some are gone: as on a network, the rest is lost
    }
    return error::ok;
}

error udp_layer::send_one(prepared const& p, payload_view const& payload, std::uint16_t gso_size) {
    if (payload.size() > max_payload(p.fields.destination)) return error::emsgsize;
    auto f = p.fields;
    std::size_t const udp_size = wire::udp_header::size + payload.size();
    bool const fits = gso_size != 0 || ip::header_size(f.destination) + udp_size <= p.mtu;
    if (!fits && p.dont_fragment) return error::emsgsize;
    f.dont_fragment = fits && p.may_df;

    std::array<std::byte, wire::udp_header::size> bytes;
    wire::udp_header h{p.source_port, p.destination_port, static_cast<std::uint16_t>(udp_size), 0};
    packet_meta meta;
    wire::checksum sum;
    sum.add_pseudo(f.source, f.destination, wire::protocol::udp, static_cast<std::uint32_t>(udp_size));
    if (gso_size != 0 || (!p.no_checksum && core_.out.partial_checksum(f, udp_size, p.mtu))) {
        meta.checksum_partial = true;
        meta.checksum_offset = wire::udp_header::checksum_at;
        meta.gso = gso_size != 0 ? gso_kind::udp : gso_kind::none;
        meta.gso_size = gso_size;
        h.checksum = sum.partial();
        wire::emit_udp(h, bytes);
    } else {
        wire::emit_udp(h, bytes);
        if (!p.no_checksum) {
            h.checksum = sum.add(bytes).add(payload.first).add(payload.second).finish();
            if (h.checksum == 0) h.checksum = 0xffff;  // RFC 768: zero would mean "none"
            wire::emit_udp(h, bytes);
        }
    }
    remember(p, wire::udp_header::size + (gso_size != 0 ? gso_size : payload.size()));
    auto const e = core_.out.send(f, bytes, payload, meta, p.mtu);
    if (e == error::ok) core_.signal_output();
    return e;
}

udp_layer::large_flow& udp_layer::place_of(endpoint const& local, endpoint const& remote) {
    std::size_t const last = remote.address.is_v4() ? 3 : 15;
    std::size_t const mix = remote.port * 7U + local.port + remote.address.bytes[last] * 31U;
    return large_flows_[mix % large_flows_.size()];
}

void udp_layer::remember(prepared const& p, std::size_t length) {
    if (length < least_refused) return;
    endpoint const local{p.fields.source, p.source_port}, remote{p.fields.destination, p.destination_port};
    auto& f = place_of(local, remote);
    if (f.local != local || f.remote != remote) f = {local, remote, 0};
    f.length = std::max(f.length, static_cast<std::uint16_t>(length));
}

/// A datagram so long has gone from there to there, and is too long for what is said to pass. Its length is in the
/// second half of the eight octets quoted.
bool udp_layer::has_sent(ip::icmp_report const& r) {
    if (r.reported_mtu >= r.tried_size) return false;
    auto const& f = place_of(r.local, r.remote);
    return f.local == r.local && f.remote == r.remote && r.sequence >> 16 <= f.length;
}

void udp_layer::on_room() {
    linked_list<udp_socket, wants_room> waiting;
    for (waiting.take_all(waiting_); !waiting.empty();) {
        auto& s = waiting.front();
        waiting.pop_front();
        s.on_room();
    }
}

}  // namespace cardea::stack
