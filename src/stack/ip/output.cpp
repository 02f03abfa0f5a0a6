// Emission of IP packets and their fragmentation.
#include "stack/ip/output.hpp"

#include <algorithm>
#include <new>

#include "stack/wire/bytes.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/ipv6.hpp"
#include "stack/wire/protocol.hpp"

namespace cardea::stack::ip {

namespace {

void emit_v4(send_fields const& f, std::uint16_t identification, std::size_t transport_size, std::span<std::byte> out) {
    wire::ipv4_header h;
    h.tos = f.traffic_class;
    h.total_size = static_cast<std::uint16_t>(wire::ipv4_header::min_size + transport_size);
    h.identification = identification;
    h.dont_fragment = f.dont_fragment;
    h.ttl = f.hop_limit;
    h.protocol = f.protocol;
    h.source = f.source;
    h.destination = f.destination;
    wire::emit_ipv4(h, out);
}

void emit_v6(send_fields const& f, std::uint8_t next_header, std::size_t payload_size, std::span<std::byte> out) {
    wire::ipv6_header h;
    h.traffic_class = f.traffic_class;
    h.flow_label = f.flow_label;
    h.payload_size = static_cast<std::uint16_t>(payload_size);
    h.next_header = next_header;
    h.hop_limit = f.hop_limit;
    h.source = f.source;
    h.destination = f.destination;
    wire::emit_ipv6(h, out);
}

}  // namespace

output::output(host_config const& config, routes const& r, random_source& random)
    : config_{config},
      routes_{r},
      queue_{config.output_packets, config.output_bytes},
      loopback_{config.loopback_packets, config.output_bytes} {
    random_source keys{random.next()};
    for (auto* key : {&offset_key_, &counter_key_}) *key = {keys.next(), keys.next()};
    for (auto& id : identification_) id = static_cast<std::uint32_t>(random.next());
}

void output::flush() {
    for (; !queue_.empty(); queue_.pop()) sink_->emit(queue_.front().view());
}

error output::send(send_fields const& f, bytes_view transport_header, payload_view const& payload, packet_meta meta,
                   std::uint32_t mtu) {
    try {
        return send_whole(f, transport_header, payload, meta, mtu);
    } catch (std::bad_alloc const&) {
        return error::enobufs;
    }
}

error output::send_whole(send_fields const& f, bytes_view transport_header, payload_view const& payload,
                         packet_meta meta, std::uint32_t mtu) {
    std::size_t const ip_size = header_size(f.destination);
    std::size_t const transport_size = transport_header.size() + payload.size();
    if (f.destination.is_v4() && ip_size + transport_size > 65'535) return error::emsgsize;
    if (transport_size > 65'535) return error::emsgsize;
    if (ip_size + transport_size > mtu && meta.gso == gso_kind::none)
        return send_fragments(f, transport_header, payload, mtu);

    std::array<std::byte, wire::ipv6_header::size + max_transport_header> headers;
    std::span<std::byte> const out{headers.data(), ip_size + transport_header.size()};
    if (f.destination.is_v4())
        // What cannot be fragmented needs no identification (RFC 6864 section 4.1), and a count would tell of others.
        emit_v4(f, f.dont_fragment ? std::uint16_t{0} : static_cast<std::uint16_t>(next_identification(f)),
                transport_size, out);
    else
        emit_v6(f, f.protocol, transport_size, out);
    std::copy(transport_header.begin(), transport_header.end(), out.begin() + static_cast<std::ptrdiff_t>(ip_size));
    meta.checksum_start = static_cast<std::uint16_t>(meta.checksum_partial ? ip_size : 0);
    meta.header_size = static_cast<std::uint16_t>(meta.gso != gso_kind::none ? out.size() : 0);
    return transmit(f, out, payload, meta);
}

error output::send_fragments(send_fields const& f, bytes_view transport_header, payload_view const& payload,
                             std::uint32_t mtu) {
    bool const v4 = f.destination.is_v4();
    if (v4 && f.dont_fragment) return error::emsgsize;
    scratch_.clear();
    for (auto const& run : {transport_header, payload.first, payload.second})
        scratch_.insert(scratch_.end(), run.begin(), run.end());
    bytes_view const all{scratch_};
    std::size_t const overhead = header_size(f.destination) + (v4 ? 0 : wire::ipv6_header::fragment_header_size);
    if (mtu < overhead + 8) return error::emsgsize;
    std::size_t const step = (mtu - overhead) / 8 * 8;
    auto const id = next_identification(f);

    std::array<std::byte, wire::ipv6_header::size + wire::ipv6_header::fragment_header_size> headers;
    std::span<std::byte> const out{headers.data(), overhead};
    for (std::size_t at = 0; at < all.size(); at += step) {
        auto const piece = all.subspan(at, std::min(step, all.size() - at));
        bool const more = at + piece.size() < all.size();
        if (v4) {
            emit_v4(f, static_cast<std::uint16_t>(id), piece.size(), out);
            wire::put16(out, 6, static_cast<std::uint16_t>((more ? 0x2000 : 0) | (at / 8)));
            wire::refresh_ipv4_checksum(out);
        } else {
            emit_v6(f, wire::protocol::fragment, piece.size() + wire::ipv6_header::fragment_header_size, out);
            wire::ipv6_fragment h;
            h.more = more;
            h.offset = static_cast<std::uint16_t>(at);
            h.identification = id;
            wire::emit_ipv6_fragment(f.protocol, h, out.subspan(wire::ipv6_header::size));
        }
        if (auto const e = transmit(f, out, {piece, {}}, {}); e != error::ok) return e;
    }
    return error::ok;
}

error output::transmit(send_fields const& f, bytes_view headers, payload_view const& payload, packet_meta const& meta) {
    packet_view const packet{headers, payload, meta};
    bool const to_group = f.destination.is_multicast() || routes_.is_broadcast(f.destination);
    bool const loop = routes_.loops(f.destination) || (to_group && routes_.accepts(f.destination));
    if (loop) {
        auto copy = packet;
        copy.meta.checksum_verified = true;  // nobody resplits here: what is large stays large
        if (config_.observer != nullptr) config_.observer->looped(copy);
        if (!loopback_.push(copy)) return error::eagain;
        if (!to_group) return error::ok;
    }
    if (sink_ != nullptr) {
        sink_->emit(packet);
        return error::ok;
    }
    return queue_.push(packet) ? error::ok : error::eagain;
}

/// Counts, so that an identification comes again as late as can be, from where nobody else can know, and not with all
/// the others (RFC 7739 section 5.3, for IPv4 too).
std::uint32_t output::next_identification(send_fields const& f) {
    auto const pair = tcp::tuple_bytes({{f.source, f.protocol}, {f.destination, 0}});
    auto& count = identification_[tcp::siphash(counter_key_, pair) % identification_.size()];
    return static_cast<std::uint32_t>(tcp::siphash(offset_key_, pair)) + count++;
}

}  // namespace cardea::stack::ip
