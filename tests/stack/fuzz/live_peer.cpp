// See live_peer.hpp.
#include "live_peer.hpp"

#include <algorithm>

namespace cardea::stack::test {

using tcp::sequence;
namespace flag = tcp::flag;

void live_peer::follow(tcp::connection const& c) {
    auto const info = c.info();
    connection_ = &c;
    bound_ = true;
    irs_ = info.irs;
    iss_ = info.iss;
    shift_ = info.send_shift;
    highest_ = iss_ + 1;
    edge_ = highest_ + info.send_window;
    app_sent_ = app_read_ = 0;
    poisoned_ = std::any_of(log_.begin(), log_.end(), [&](said const& e) {
        return e.poisoned || (e.payload != 0 && e.irs != info.irs);  // the pattern was another stream's
    });
}

/// Up to where everything from `from` on is certain to have been said, the FIN included.
std::int64_t live_peer::said_up_to(std::int64_t from) const {
    std::vector<std::pair<std::int64_t, std::int64_t>> runs;
    for (said const& e : log_) {
        auto const at = offset(e.seq, irs_ + 1);
        runs.emplace_back(at, at + e.size);
    }
    std::sort(runs.begin(), runs.end());
    for (auto const& [begin, end] : runs) {
        if (begin > from) break;
        from = std::max(from, end);
    }
    return from;
}

void live_peer::host_application_read(bytes_view got) {
    require(app_read_ + static_cast<std::int64_t>(got.size()) <= said_up_to(0));
    for (std::size_t i = 0; i < got.size() && !poisoned_; ++i)
        require(got[i] == stream_byte(false, app_read_ + static_cast<std::int64_t>(i)));
    app_read_ += static_cast<std::int64_t>(got.size());
}

void live_peer::take(tcp::segment const& s) {
    if (s.options.has_timestamps) last_stamp_ = s.options.ts_value;
    last_seq_ = s.seq;
    if (s.has(flag::ack)) last_ack_ = s.ack;
    if (s.has(flag::rst)) return;
    if (s.has(flag::syn)) {
        if (bound_ && iss_ == s.seq && (!s.has(flag::ack) || irs_ + 1 == s.ack)) return;
        bound_ = false;
        connection_ = nullptr;
        iss_ = s.seq;
        if (s.has(flag::ack)) irs_ = s.ack - 1;
        highest_ = s.end();
        return;
    }
    if (!bound_) return;
    auto const at = offset(s.seq, iss_ + 1);
    auto const size = static_cast<std::int64_t>(s.payload.size());
    require(at + size <= app_sent_ + (size == 0 ? 1 : 0) && offset(s.end(), iss_ + 1) <= app_sent_ + 1);
    require(!s.has(flag::fin) || at + size == app_sent_);
    for (std::int64_t i = 0; i < size; ++i) {
        auto const k = static_cast<std::size_t>(i);
        auto const b = k < s.payload.first.size() ? s.payload.first[k] : s.payload.second[k - s.payload.first.size()];
        require(b == stream_byte(true, at + i));
    }
    if (s.has(flag::ack)) require(offset(s.ack, irs_ + 1) <= said_up_to(0) && offset(s.ack, irs_) >= 0);
    if (highest_ < s.end()) {
        if (size != 0) require(s.end() <= edge_ + 1);  // but for a probe
        highest_ = s.end();
    }
    for (auto const& b : s.options.sack_blocks()) {
        require(b.left < b.right);
        auto const left = offset(b.left, irs_ + 1);
        if (s.ack < b.left) require(offset(b.right, irs_ + 1) <= said_up_to(left));
    }
}

/// What holds at every moment.
void live_peer::check() const {
    if (connection_ == nullptr) return;
    auto const i = connection_->info();
    require(i.bytes_acknowledged <= static_cast<std::uint64_t>(app_sent_) + 1);
    require(static_cast<std::int64_t>(i.unacknowledged) + i.unsent <= app_sent_ + 1);  // SND.UNA <= SND.NXT
    auto const& c = connection_->config();
    require(i.readable + i.out_of_order <= c.receive_buffer + (1U << i.receive_shift));
    require(app_read_ + i.readable <= said_up_to(0));
    require(connection_->memory() <= 4 * (std::size_t{c.receive_buffer} + c.send_buffer) + (std::size_t{4} << 20));
}

sequence live_peer::sequence_of(record const& r) const {
    auto const delta = static_cast<std::uint32_t>(static_cast<std::int32_t>(r.seq));
    switch (r.bases & 3U) {
        case 0:
            return last_ack_ + delta;  // where the host waits
        case 1:
            return irs_ + delta;
        case 2:
            return last_ack_ + (connection_ != nullptr ? connection_->info().receive_window : 65'535) + delta;
        default:
            return sequence{delta * 0x9e3779b9U};
    }
}

sequence live_peer::acknowledgement_of(record const& r) const {
    auto const delta = static_cast<std::uint32_t>(static_cast<std::int32_t>(r.ack));
    switch ((r.bases >> 2) & 3U) {
        case 0:
            return highest_ + delta;
        case 1:
            return highest_ - (connection_ != nullptr ? connection_->info().unacknowledged : 0) + delta;
        case 2:
            return iss_ + delta;
        default:
            return sequence{delta * 0x85ebca6bU};
    }
}

void live_peer::options_of(record const& r, time_ns now, tcp::segment& s) const {
    auto& o = s.options;
    auto const kind = r.bases >> 4;
    auto const step = static_cast<std::uint32_t>(static_cast<std::int32_t>(r.stamp));
    if (kind != 0 && kind != 9) {
        o.has_timestamps = true;
        o.ts_value = static_cast<std::uint32_t>(now / milliseconds(1)) + (kind == 2 ? step : 0);
        o.ts_echo = last_stamp_ + (kind == 3 ? step : 0);
    }
    if (s.has(flag::syn)) {
        if (kind < 12) o.mss = r.extra == 0 ? std::uint16_t{1460} : r.extra;
        if (kind % 4 != 3) o.window_shift = static_cast<std::uint8_t>(kind == 10 ? 255 : r.stamp & 15);
        o.sack_permitted = kind % 3 != 2;
        return;
    }
    if (kind < 4 || kind > 8) return;
    o.sack_count = static_cast<std::uint8_t>(kind == 8 ? 3 : kind - 3 < 3 ? kind - 3 : 1);
    for (std::uint32_t i = 0; i < o.sack_count; ++i) {
        auto const left = s.ack + step + i * (r.extra + step);
        o.sack[i] = {left, left + r.extra};
    }
}

void live_peer::remember(tcp::segment const& s, bool poisoned) {
    auto const syn = s.has(flag::syn) ? 1U : 0U;
    auto const payload = static_cast<std::int64_t>(s.payload.size());
    log_.push_back(
        {s.seq + syn, irs_, static_cast<std::int64_t>(s.length()) - syn, payload, s.has(flag::fin), poisoned});
    poisoned_ = poisoned_ || (poisoned && payload != 0);
    auto const behind = offset(highest_, s.ack);
    if (!bound_ || !s.has(flag::ack) || behind < 0 || behind > 1 << 29) return;  // nobody believes that
    auto const right = s.ack + (std::uint32_t{s.window} << shift_);
    if (edge_ < right) edge_ = right;
}

raw live_peer::make(record const& r, time_ns now, packet_meta& meta) {
    tcp::segment s;
    s.source_port = tuple_.remote.port;
    s.destination_port = tuple_.local.port;
    s.flags = r.flags;
    s.seq = sequence_of(r);
    if (s.has(flag::ack)) s.ack = acknowledgement_of(r);
    s.window = r.window;
    if ((r.mode & record::urgent) != 0) s.urgent = r.extra;
    options_of(r, now, s);
    bool const poison = (r.mode & record::poison) != 0;
    raw data(r.length % 4096);
    auto const syn = s.has(flag::syn) ? 1U : 0U;
    if (syn != 0 && !bound_) irs_ = s.seq;
    for (std::size_t i = 0; i < data.size(); ++i) {
        data[i] = stream_byte(false, offset(s.seq + syn, irs_ + 1) + static_cast<std::int64_t>(i));
        if (poison) data[i] = ~data[i];
    }
    s.payload.first = data;
    bool const spoiled = (r.mode & record::spoiled) != 0;
    if (!spoiled) remember(s, poison);
    raw header(tcp::max_header_bytes);
    auto const n = tcp::emit(s, tuple_.remote.address, tuple_.local.address, tcp::checksum_mode::full, header);
    header.resize(n);
    if (spoiled) header[16] ^= std::byte{0x55};
    auto const body = joined(header, data);
    if ((r.mode & record::coalesced) != 0 && data.size() > 1) {
        meta.gso = gso_kind::tcp;
        meta.gso_size = static_cast<std::uint16_t>(1 + data.size() / 3);
    }
    auto const ecn = static_cast<std::uint8_t>((r.mode >> record::ecn_shift) & 3U);
    auto const from = to_string(tuple_.remote.address);
    auto const to = to_string(tuple_.local.address);
    if (tuple_.local.address.is_v4()) return ipv4(from, to, wire::protocol::tcp, body, [ecn](auto& h) { h.tos = ecn; });
    return ipv6(from, to, wire::protocol::tcp, body, [ecn](auto& h) { h.traffic_class = ecn; });
}

/// Op by op: open, acknowledge everything, send what comes next, say goodbye.
record live_peer::polite(record const& r) const {
    record p = r;
    p.seq = p.ack = 0;
    p.bases = static_cast<std::uint8_t>(connection_ != nullptr && connection_->info().timestamps ? 0x10 : 0x00);
    p.mode = r.mode & record::other_slot;
    p.flags = flag::ack;
    p.length = 0;
    switch (r.flags % 5) {
        case 0:  // a SYN, or the answer to one
            p.flags = flag::syn;
            p.bases = static_cast<std::uint8_t>((r.bases & 0xf0U) | 1U);
            p.length = r.length;
            if (tuple_.local.port != 80) p.flags |= flag::ack;
            break;
        case 1:
            break;
        case 2:
            p.length = r.length;
            break;
        case 3:
            p.flags |= flag::fin;
            break;
        default:
            p.length = 1448, p.flags |= flag::psh;
            break;
    }
    return p;
}

raw live_peer::quoted(std::int16_t off) const {
    tcp::segment s;
    s.source_port = tuple_.local.port;
    s.destination_port = tuple_.remote.port;
    s.seq = last_seq_ + static_cast<std::uint32_t>(static_cast<std::int32_t>(off));
    s.flags = flag::ack;
    raw header(tcp::max_header_bytes);
    header.resize(tcp::emit(s, tuple_.local.address, tuple_.remote.address, tcp::checksum_mode::full, header));
    header.resize(header.size() + 1400);
    auto const from = to_string(tuple_.local.address);
    auto const to = to_string(tuple_.remote.address);
    return tuple_.local.address.is_v4() ? ipv4(from, to, wire::protocol::tcp, header)
                                        : ipv6(from, to, wire::protocol::tcp, header);
}

}  // namespace cardea::stack::test
