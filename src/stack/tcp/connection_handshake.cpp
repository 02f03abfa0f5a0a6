// The three-way handshake from either end, and both ends at once (RFC 9293 section 3.5).
#include <algorithm>

#include "stack/tcp/connection.hpp"

namespace cardea::stack::tcp {

std::uint32_t connection::announced_mss() const {
    std::uint32_t const headers = ip_header() + static_cast<std::uint32_t>(min_header_bytes);
    return std::min(config_.mtu - std::min(config_.mtu, headers), 0xffffU);  // RFC 9293 MUST-67, RFC 6691
}

/// Eff.snd.MSS (RFC 9293 MUST-16), the fixed options taken off. A tiny MSS from the peer is not obeyed below 64: it
/// would only make us emit headers. The path's is, down to what leaves room beside the options.
void connection::set_send_mss() {
    std::uint32_t const headers = ip_header() + static_cast<std::uint32_t>(min_header_bytes);
    std::uint32_t const path = path_mtu_ - std::min(path_mtu_, headers);
    constexpr std::uint32_t least_of_peer = 64, least_of_path = 24;
    std::uint32_t const full = std::max(std::min(std::max(peer_mss_, least_of_peer), path), least_of_path);
    mss_ = full - (ts_on_ ? 12 : 0);
}

/// Everything a SYN carries, whichever way the connection was opened.
void connection::take_syn_options(segment const& s, time_ns now) {
    irs_ = s.seq;
    rx_.start(irs_ + 1);
    rcv_adv_ = irs_ + 1 + std::min(config_.receive_buffer, 0xffffU);
    segment_options const& o = s.options;
    if (o.mss) peer_mss_ = *o.mss;
    ws_on_ = config_.window_scaling && o.window_shift.has_value();
    snd_shift_ = ws_on_ ? std::min(*o.window_shift, max_window_shift) : std::uint8_t{0};
    if (!ws_on_) rcv_shift_ = 0;
    ts_on_ = config_.timestamps && o.has_timestamps;
    if (ts_on_) {
        ts_recent_ = o.ts_value;
        ts_recent_at_ = now;
    }
    sack_on_ = config_.sack && o.sack_permitted;
    if (s.has(flag::ack)) {  // a SYN-ACK answers our question, a SYN asks (RFC 3168 section 6.1.1)
        ecn_on_ = ecn_asked_ && s.has(flag::ece) && !s.has(flag::cwr);
    } else {
        ecn_on_ = config_.ecn != ecn_mode::off && s.has(flag::ece) && s.has(flag::cwr);
    }
    snd_wnd_ = max_snd_wnd_ = s.window;  // never scaled in a SYN (RFC 7323 section 2.2)
    snd_wl1_ = s.seq;
    snd_wl2_ = s.has(flag::ack) ? s.ack : iss_;
    set_send_mss();
}

/// RFC 9293 section 3.10.7.3.
void connection::on_syn_sent(segment const& s, time_ns now) {
    bool const has_ack = s.has(flag::ack);
    if (has_ack && (s.ack <= iss_ || snd_nxt_ < s.ack)) {
        if (!s.has(flag::rst)) send_reset(s.ack, false);
        return;
    }
    if (s.has(flag::rst)) {
        if (has_ack) fail(error::econnrefused, now);
        return;
    }
    if (!s.has(flag::syn)) return;
    if (!has_ack) return simultaneous_open(s, now);

    take_syn_options(s, now);
    measure_handshake(s, now);
    snd_una_ = s.ack;
    establish(now);
    ack_soon();
    if (s.length() > 1) {  // text or FIN in the SYN-ACK: the sixth step and on
        segment rest = s;
        rest.seq += 1;
        rest.flags &= static_cast<std::uint8_t>(~flag::syn);
        take_urgent(rest);
        take_text(rest, now);
        take_fin(rest, now);
    }
}

/// The handshake's round trip: exact when our SYN left once. When it left more often an echo tells which one was
/// answered, but a peer may echo the first for ever: only an echo of the last is believed.
void connection::measure_handshake(segment const& s, time_ns now) {
    if (last_sent_at_ < 0) return;
    time_ns const since_last = now - last_sent_at_;
    if (syns_out_ <= 1) return rtt_.sample(since_last);
    if (!ts_on_ || !s.options.has_timestamps || s.options.ts_echo == 0) return;
    auto const ticks = static_cast<std::int32_t>(timestamp(now) - s.options.ts_echo);
    if (ticks * milliseconds <= since_last + 1 * milliseconds) rtt_.coarse_sample(ticks);
}

/// Both ends have sent a SYN (RFC 9293 MUST-10).
void connection::simultaneous_open(segment const& s, time_ns now) {
    take_syn_options(s, now);
    stop(timer::retransmit, now);
    syn_due_ = true;
    set_state(state::syn_received, now);
}

/// An acceptable segment with an ACK in SYN-RECEIVED (RFC 9293 section 3.10.7.4, fifth step). True: established.
bool connection::on_syn_received_ack(segment const& s, time_ns now) {
    if (s.ack <= snd_una_ || snd_nxt_ < s.ack) {
        send_reset(s.ack, false);
        return false;
    }
    bool const simultaneous = s.has(flag::syn);
    measure_handshake(s, now);
    snd_una_ = s.ack;
    snd_wnd_ = simultaneous ? s.window : std::uint32_t{s.window} << snd_shift_;
    max_snd_wnd_ = std::max(max_snd_wnd_, snd_wnd_);
    snd_wl1_ = s.seq;
    snd_wl2_ = s.ack;
    establish(now);
    return true;
}

/// A SYN in SYN-SENT, a SYN-ACK in SYN-RECEIVED.
bool connection::emit_handshake(time_ns now, segment& out) {
    bool const reply = state_ == state::syn_received;
    if (!syn_due_) return reply && emit_ack(now, out);
    syn_due_ = false;
    begin_segment(out, iss_, reply ? flag::syn | flag::ack : flag::syn, now);
    out.window = static_cast<std::uint16_t>(std::min(config_.receive_buffer, 0xffffU));
    out.options.sack_count = 0;
    out.options.mss = static_cast<std::uint16_t>(announced_mss());
    if (reply ? ws_on_ : config_.window_scaling) out.options.window_shift = rcv_shift_;
    out.options.sack_permitted = reply ? sack_on_ : config_.sack;
    out.options.has_timestamps = reply ? ts_on_ : config_.timestamps;
    out.options.ts_value = timestamp(now);
    out.options.ts_echo = reply ? ts_recent_ : 0;
    if (reply) {
        rcv_adv_ = rcv_nxt() + out.window;
        if (ecn_on_) out.flags |= flag::ece;
    } else {
        // RFC 3168 section 6.1.1.1: a path that drops such SYNs gets a plain one next.
        if (timeouts_ > 0) ecn_asked_ = false;
        if (ecn_asked_) out.flags |= flag::ece | flag::cwr;
    }
    if (timeouts_ > 0) {
        ++counts_.resends;
        if (watcher_ != nullptr) watcher_->resent(*this, iss_, 1, resend_reason::handshake, now);
    }
    last_sent_at_ = now;
    ++syns_out_;
    ++counts_.segments_out;
    arm_retransmit(now);
    return true;
}

}  // namespace cardea::stack::tcp
