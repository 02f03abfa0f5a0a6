// Two connections stepped on virtual time over a link that loses and reorders. See tcp_pair.hpp.
#include "tcp_pair.hpp"

#include <algorithm>
#include <array>

namespace cardea::stack::tcp::test {
namespace {

constexpr secret_key secret{0x0123456789abcdef, 0xfedcba9876543210};

ip_address address(bool a) { return ip_address::v4(192, 0, 2, a ? 1 : 2); }

std::vector<std::byte> to_bytes(segment const& s, bool from_a) {
    std::vector<std::byte> out(max_header_bytes);
    std::size_t const header = emit(s, address(from_a), address(!from_a), checksum_mode::full, out);
    EXPECT_EQ(header, header_size(s));
    out.resize(header);
    out.insert(out.end(), s.payload.first.begin(), s.payload.first.end());
    out.insert(out.end(), s.payload.second.begin(), s.payload.second.end());
    return out;
}

payload_view slice(payload_view const& v, std::size_t at, std::size_t n) {
    payload_view r;
    if (at < v.first.size()) r.first = v.first.subspan(at, std::min(n, v.first.size() - at));
    if (r.first.size() < n) {
        std::size_t const from = at > v.first.size() ? at - v.first.size() : 0;
        r.second = v.second.subspan(from, n - r.first.size());
    }
    return r;
}

}  // namespace

connection_pair::connection_pair(std::uint64_t seed, link_options const& l, connection_config const& a,
                                 connection_config const& b)
    : link{l}, random_{seed}, config_a_{a}, config_b_{b} {}

open_parameters connection_pair::parameters(bool a) const {
    open_parameters p;
    p.tuple = {{address(a), static_cast<std::uint16_t>(a ? 40000 : 80)},
               {address(!a), static_cast<std::uint16_t>(a ? 80 : 40000)}};
    p.config = a ? config_a_ : config_b_;
    isn_generator const isns{secret};
    p.iss = isns.initial_sequence(p.tuple, now_);
    p.timestamp_offset = isns.timestamp_offset(p.tuple);
    p.watcher = watcher;
    return p;
}

void connection_pair::open() {
    a_ = std::make_unique<connection>(connection::connect(parameters(true), now_));
    emit_all();
}

void connection_pair::start_b(segment const& syn) {
    b_ = std::make_unique<connection>(connection::accept(parameters(false), syn, false, now_));
}

void connection_pair::establish() {
    open();
    ASSERT_TRUE(run(
        [&] { return b_ && a_->current_state() == state::established && b_->current_state() == state::established; },
        now_ + 60 * seconds));
}

/// Lets an end's application send and read all it can.
void connection_pair::pump(bool is_a) {
    connection* const c = is_a ? a_.get() : b_.get();
    if (c == nullptr) return;
    flow& f = is_a ? flow_a_ : flow_b_;
    std::array<std::byte, 16384> buffer;
    while (f.sent < f.to_send && c->writable() > 0) {
        std::size_t const want = std::min({static_cast<std::size_t>(f.to_send - f.sent), f.chunk, buffer.size()});
        for (std::size_t i = 0; i < want; ++i) buffer[i] = pattern(is_a, f.sent + i);
        std::size_t const n = c->send({buffer.data(), want}, now_);
        f.sent += n;
        if (n < want) break;
        emit_all();
    }
    while (f.reading && c->readable() > 0) {
        std::size_t const n = c->recv(buffer, now_);
        for (std::size_t i = 0; i < n; ++i)
            ASSERT_EQ(buffer[i], pattern(!is_a, f.received + i)) << "byte " << f.received + i;
        f.received += n;
    }
    if (f.close_after && !f.closed && f.sent == f.to_send && c->established()) {
        f.closed = true;
        c->shutdown_write(now_);
    }
}

void connection_pair::emit_all() {
    drain(true);
    drain(false);
}

void connection_pair::drain(bool is_a) {
    connection* const c = is_a ? a_.get() : b_.get();
    if (c == nullptr) return;
    segment s;
    int guard = 0;
    while (c->poll_output(now_, s)) {
        put(is_a, s);
        check(is_a);
        ASSERT_LT(++guard, 100'000) << "endless output";
    }
}

/// No ACK of what was never sent; new data within the peer's window (a probe apart) and the congestion window.
void connection_pair::check_emitted(bool from_a, segment const& s) {
    connection const& c = from_a ? *a_ : *b_;
    connection_info const i = c.info();
    emitted& mine = from_a ? emitted_a_ : emitted_b_;
    emitted const& theirs = from_a ? emitted_b_ : emitted_a_;
    if (s.has(flag::ack) && !s.has(flag::rst) && theirs.any) {
        EXPECT_TRUE(s.ack <= theirs.end) << "acknowledges what was not sent";
    }
    bool const is_new = !mine.any || mine.end < s.end();
    if (is_new && !s.payload.empty() && c.established()) {
        EXPECT_TRUE(s.end() <= theirs.edge + 1) << "beyond the window by " << distance(theirs.edge, s.end());
        EXPECT_LE(i.in_flight, i.cwnd + 2 * i.mss);  // limited transmit may exceed it by two (RFC 3042)
    }
    if (is_new) mine.end = s.end();
    std::uint32_t const window = s.has(flag::syn) ? s.window : std::uint32_t{s.window} << i.receive_shift;
    if (s.has(flag::ack) && (!mine.any || mine.edge < s.ack + window)) mine.edge = s.ack + window;
    mine.any = true;
}

/// Onto the wire, cut as a device would.
void connection_pair::put(bool from_a, segment const& s) {
    if (tap) tap(from_a, s);
    check_emitted(from_a, s);
    if (s.gso_size == 0 || !link.split) return put_one(from_a, s);
    std::size_t const total = s.payload.size();
    for (std::size_t at = 0; at < total; at += s.gso_size) {
        segment part = s;
        part.seq = s.seq + static_cast<std::uint32_t>(at);
        part.payload = slice(s.payload, at, std::min<std::size_t>(s.gso_size, total - at));
        part.gso_size = 0;
        if (at + part.payload.size() < total) part.flags &= static_cast<std::uint8_t>(~(flag::fin | flag::psh));
        put_one(from_a, part);
    }
}

void connection_pair::put_one(bool from_a, segment const& s) {
    ++segments;
    in_transit p{from_a, to_bytes(s, from_a), s.ecn, s.gso_size};
    fate f = filter ? filter(from_a, s) : fate::pass;
    if (wire_mtu != 0 && p.bytes.size() + 20 > wire_mtu) f = fate::drop;
    if (f == fate::pass) {
        if (random_.per_mille(link.loss))
            f = fate::drop;
        else if (random_.per_mille(link.duplicate))
            f = fate::twice;
        else if (random_.per_mille(link.reorder))
            f = fate::late;
    }
    if (p.ecn != ecn_codepoint::not_ect && random_.per_mille(link.mark)) p.ecn = ecn_codepoint::ce;
    if (f == fate::drop) {
        ++lost;
        return;
    }
    enqueue(p, now_ + link.delay + (f == fate::late ? link.reorder_delay : 0));
    if (f == fate::twice) enqueue(p, now_ + link.delay + 1 * milliseconds);
}

void connection_pair::enqueue(in_transit const& p, time_ns at) { queue_.emplace(std::pair{at, order_++}, p); }

void connection_pair::deliver(in_transit const& p) {
    ip_address const from = address(p.from_a), to = address(!p.from_a);
    ASSERT_TRUE(checksum_valid(p.bytes, from, to));
    auto s = parse(p.bytes);
    ASSERT_TRUE(s.has_value());
    s->ecn = p.ecn;
    s->gso_size = p.gso_size;
    auto& end = p.from_a ? b_ : a_;
    if (!end && p.from_a && s->has(flag::syn) && !s->has(flag::ack)) return start_b(*s);
    if (end && end->current_state() != state::closed) {
        end->on_segment(*s, now_);
        check(!p.from_a);
    } else if (auto const r = reset_for(*s)) {
        put(!p.from_a, *r);
    }
}

/// Performs the next event: arrivals and deadlines at one instant together.
bool connection_pair::step(time_ns limit) {
    time_ns next = never;
    if (!queue_.empty()) next = queue_.begin()->first.first;
    for (connection* c : {a_.get(), b_.get()})
        if (c != nullptr) next = std::min(next, c->next_deadline());
    if (next == never || next > limit) return false;
    ++steps;
    now_ = std::max(now_, next);
    while (!queue_.empty() && queue_.begin()->first.first <= now_) {
        in_transit const p = std::move(queue_.begin()->second);
        queue_.erase(queue_.begin());
        deliver(p);
    }
    for (connection* c : {a_.get(), b_.get()})
        if (c != nullptr && c->next_deadline() <= now_) c->on_deadline(now_);
    for (bool is_a : {true, false}) {
        pump(is_a);
        check(is_a);
    }
    emit_all();
    return true;
}

bool connection_pair::run(std::function<bool()> const& done, time_ns limit) {
    pump(true);
    pump(false);
    emit_all();
    while (!done()) {
        if (::testing::Test::HasFatalFailure() || !step(limit)) return false;
    }
    return true;
}

void connection_pair::pass_time(time_ns duration) {
    time_ns const until = now_ + duration;
    run([] { return false; }, until);
    now_ = until;
}

/// What holds of every connection at every moment.
void connection_pair::check(bool is_a) {
    connection const* const c = is_a ? a_.get() : b_.get();
    if (c == nullptr) return;
    connection_info const i = c->info();
    connection_config const& config = is_a ? config_a_ : config_b_;
    EXPECT_LE(i.unacknowledged + i.unsent, config.send_buffer + 1);  // the FIN counts one
    EXPECT_LE(i.readable, config.receive_buffer + (1U << i.receive_shift));
    EXPECT_LE(i.readable + i.out_of_order, config.receive_buffer + (1U << i.receive_shift));
    if (c->established() && c->current_state() != state::closed) {
        EXPECT_GE(i.cwnd, std::min(i.mss, 64U));
        EXPECT_GE(i.ssthresh, 2 * std::min(i.mss, 64U));
    }
    flow const& mine = is_a ? flow_a_ : flow_b_;
    flow const& theirs = is_a ? flow_b_ : flow_a_;
    EXPECT_LE(mine.received + i.readable, theirs.sent);  // nothing is read that was not written
}

}  // namespace cardea::stack::tcp::test
