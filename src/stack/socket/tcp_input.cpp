// Segments and ICMP errors on their way to connections and listeners.
#include <algorithm>
#include <new>

#include "stack/host_core.hpp"
#include "stack/socket/tcp_layer.hpp"
#include "stack/socket/tcp_socket.hpp"
#include "stack/wire/icmp.hpp"

namespace cardea::stack {

void tcp_layer::receive(ip::datagram const& d, time_ns now) {
    // Nothing to a group (RFC 9293 MUST-57), nothing from nobody (MUST-63): IP has dropped the other impossible
    // sources.
    if (d.to_group || d.source.is_unspecified()) return core_.drop(d.whole, drop_reason::martian);
    auto parsed = tcp::parse(d.payload);
    if (!parsed) return core_.drop(d.whole, drop_reason::bad_transport_header);
    auto& s = *parsed;
    bool const trusted = d.meta.checksum_verified || d.meta.checksum_partial;
    if (!trusted && !tcp::checksum_valid(d.payload, d.source, d.destination))
        return core_.drop(d.whole, drop_reason::bad_checksum);
    s.ecn = static_cast<tcp::ecn_codepoint>(d.traffic_class & 3);
    if (d.meta.gso == gso_kind::tcp) s.gso_size = d.meta.gso_size;
    tcp::four_tuple const t{{d.destination, s.destination_port}, {d.source, s.source_port}};

    auto const it = table_.find(t);
    if (it == table_.end()) return to_listener(d, t, s, now, {});
    auto const r = it->second;
    if (r->reopening) {
        auto const* const l = find_listener(t);
        r->reopening = l != nullptr && l->listener.knows(t);
        if (r->reopening) return to_listener(d, t, s, now, {});
    }
    if (r->connection->on_segment(s, now) == tcp::disposition::reopen) {
        if (find_listener(t) == nullptr) return core_.drop(d.whole, drop_reason::tcp_unacceptable);
        // Until the new handshake is complete TIME-WAIT goes on beside it: the SYN may be an old duplicate after all
        // (RFC 9293 MAY-2).
        r->reopening = true;
        return to_listener(d, t, s, now, r->connection->reuse_isn());
    }
    if (r->owner != nullptr) r->owner->on_event();
    mark(*r);
}

listener_record* tcp_layer::find_listener(tcp::four_tuple const& t) const {
    auto const* const e = ports_.lookup(t.local, t.remote, core_.flow_hash(t), true);
    return e == nullptr ? nullptr : static_cast<tcp_socket*>(e->owner)->listening();
}

void tcp_layer::to_listener(ip::datagram const& d, tcp::four_tuple const& t, tcp::segment const& s, time_ns now,
                            std::optional<tcp::sequence> isn) {
    auto* const l = find_listener(t);
    if (l == nullptr) return refuse(d, t, s);
    // Full: as if the network had lost it; the peer tries again.
    auto const old = table_.find(t);
    bool const replaces = old != table_.end();
    if (!replaces && !make_room(now)) return core_.drop(d.whole, drop_reason::receive_queue_full);
    auto const result = l->listener.on_segment(t, s, now, isn);
    if (!result.handled) return refuse(d, t, s);
    if (replaces && (result.established || result.stateless)) leave(*old->second);
    if (result.established) {
        auto ip = l->ip;
        ip.flow_label = flow_label(t);
        try {
            mark(*enter(result.established, ip, l->reuse_address));
        } catch (std::bad_alloc const&) {
            l->listener.withdraw();
            throw;
        }
        l->owner->on_event();
    }
    mark(*l);
}

/// RFC 9293 section 3.10.7.1.
void tcp_layer::refuse(ip::datagram const& d, tcp::four_tuple const& t, tcp::segment const& s) {
    core_.drop(d.whole, drop_reason::no_socket);
    tcp_ip_fields ip;
    ip.hop_limit = core_.config.hop_limit;
    ip.flow_label = flow_label(t);
    if (auto const reset = tcp::reset_for(s)) emit(t, ip, *reset);
}

/// RFC 5927 section 4.1: only what we have sent and not seen acknowledged can have caused an ICMP error.
bool tcp_layer::in_flight(tcp_record const& r, tcp::sequence quoted) const {
    if (!r.emitted) return false;
    auto const back = tcp::distance(quoted, r.sent_end);
    auto const outstanding = r.connection->info().unacknowledged;
    return back >= 1 && back <= outstanding + 2;  // a SYN and a FIN are not counted as bytes
}

namespace {

tcp::icmp_error kind_of(ip::icmp_report const& r) {
    bool const v4 = r.offender.is_v4();
    if (r.message.type == (v4 ? wire::icmpv4::time_exceeded : wire::icmpv6::time_exceeded))
        return tcp::icmp_error::time_exceeded;
    if (r.message.type == (v4 ? wire::icmpv4::parameter_problem : wire::icmpv6::parameter_problem))
        return tcp::icmp_error::parameter_problem;
    switch (r.meaning.what) {
        case error::enetunreach:
            return tcp::icmp_error::network_unreachable;
        case error::enoprotoopt:
            return tcp::icmp_error::protocol_unreachable;
        case error::econnrefused:
            return tcp::icmp_error::port_unreachable;
        case error::eacces:
            return tcp::icmp_error::admin_prohibited;
        default:
            break;
    }
    // IPv4's prohibitions read as unreachable hosts, but are final (RFC 1812 section 5.2.7.1).
    return r.meaning.hard && v4 ? tcp::icmp_error::admin_prohibited : tcp::icmp_error::host_unreachable;
}

}  // namespace

void tcp_layer::on_icmp(ip::icmp_report const& r, time_ns now) {
    tcp::four_tuple const t{r.local, r.remote};
    tcp::sequence const quoted{r.sequence};
    auto const it = table_.find(t);
    if (it == table_.end()) {
        if (auto* const l = find_listener(t); l != nullptr && !r.meaning.packet_too_big) {
            l->listener.on_icmp_error(t, kind_of(r), quoted, now);
            mark(*l);
        }
        return;
    }
    auto const record = it->second;
    if (!in_flight(*record, quoted)) return;
    if (r.meaning.packet_too_big) {
        core_.path_mtus.learn(t.remote.address, r.reported_mtu, r.tried_size, now);
    } else {
        record->connection->on_icmp_error(kind_of(r), quoted, now);
    }
    if (record->owner != nullptr) record->owner->on_event();
    mark(*record);
}

}  // namespace cardea::stack
