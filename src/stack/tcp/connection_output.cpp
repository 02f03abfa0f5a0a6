// What leaves, and when: new data within both windows, held back by Nagle's algorithm and silly-window avoidance (RFC
// 9293 section 3.8.6.2, RFC 1122 section 4.2.3.4), and the ACK that every segment carries.
#include <algorithm>

#include "stack/tcp/connection.hpp"

namespace cardea::stack::tcp {
namespace {
constexpr time_ns cork_limit = 200 * milliseconds;
}

bool connection::poll_output(time_ns now, segment& out) {
    out = segment{};
    if (reset_due_) return emit_reset(now, out);
    switch (state_) {
        case state::closed:
        case state::listen:
            return false;
        case state::syn_sent:
        case state::syn_received:
            return emit_handshake(now, out);
        case state::time_wait:
            return emit_ack(now, out);
        default:
            return emit_resend(now, out) || emit_new(now, out) || emit_speculative(now, out) ||
                   emit_tail_probe(now, out) || emit_window_probe(now, out) || emit_keepalive(now, out) ||
                   emit_ack(now, out);
    }
}

/// Ports, numbers, window and options: what every segment of a connection has.
void connection::begin_segment(segment& out, sequence seq, std::uint8_t flags, time_ns now) {
    out.source_port = tuple_.local.port;
    out.destination_port = tuple_.remote.port;
    out.seq = seq;
    out.flags = flags;
    if ((flags & flag::ack) == 0) return;
    out.ack = last_ack_sent_ = rcv_nxt();
    out.window = announce_window();
    out.options.has_timestamps = ts_on_;
    if (ts_on_) {
        out.options.ts_value = timestamp(now);
        out.options.ts_echo = ts_recent_;
    }
    std::size_t blocks = sack_blocks_due();
    if (blocks != 0) {
        std::span<sack_block> room{out.options.sack.data(), blocks};
        if (dsack_) {
            room[0] = *dsack_;
            room = room.subspan(1);
            dsack_.reset();
        }
        blocks -= room.size() - rx_.sack_blocks(room);
        out.options.sack_count = static_cast<std::uint8_t>(blocks);
    }
    if (ecn_on_ && ece_out_) out.flags |= flag::ece;
    if (urgent_out_ && seq < snd_up_) {
        out.flags |= flag::urg;
        out.urgent = static_cast<std::uint16_t>(std::min(distance(seq, snd_up_), 0xffffU));
    }
    stop(timer::delayed_ack, now);
    ack_now_ = false;
    received_unacked_ = 0;
}

/// At most so many as the option space takes beside timestamps.
std::size_t connection::sack_blocks_due() const {
    if (!sack_on_) return 0;
    std::size_t room = ts_on_ ? 3 : 4;
    if (mss_ < 64) room = std::min<std::size_t>(room, (mss_ - 5) / 8);  // the path takes headers and little more
    return std::min(room, rx_.run_count() + (dsack_ ? 1U : 0U));
}

/// The window that the buffer has room for, but no less than announced before (RFC 9293 SHLD-14) and no more until the
/// increase is worth a segment (RFC 9293 MUST-39).
std::uint32_t connection::window_to_announce() const {
    sequence const next = rcv_nxt();
    std::uint32_t const announced = next < rcv_adv_ ? distance(next, rcv_adv_) : 0;
    std::uint32_t const largest = 0xffffU << rcv_shift_;  // what the field can say
    std::uint32_t room = std::min(largest, config_.receive_buffer - std::min(config_.receive_buffer, rx_.readable()));
    // While the host is short of memory no more is promised than what is there.
    if (!rx_.may_grow()) room = std::min(room, static_cast<std::uint32_t>(rx_.sure_room()));
    std::uint32_t const step = std::min(config_.receive_buffer / 2, rcv_mss_);
    return room < announced + step ? announced : room;
}

std::uint16_t connection::announce_window() {
    std::uint32_t const window = window_to_announce();
    std::uint32_t field = std::min(window >> rcv_shift_, 0xffffU);
    sequence const next = rcv_nxt();
    // Rounding down would take back what was promised; rounding up costs less than one unit of the scale, once.
    bool const retracts = next + (field << rcv_shift_) < rcv_adv_;
    std::uint32_t const unit = 1U << rcv_shift_;
    sequence const hard_limit = next - rx_.readable() + config_.receive_buffer + unit;
    if (retracts && field < 0xffff && next + ((field + 1) << rcv_shift_) <= hard_limit) ++field;
    rcv_adv_ = later(rcv_adv_, next + (field << rcv_shift_));
    return static_cast<std::uint16_t>(field);
}

/// Reading has opened the window far enough to tell the peer unasked: it may be waiting for it.
bool connection::window_update_due() const {
    sequence const next = rcv_nxt();
    std::uint32_t const announced = next < rcv_adv_ ? distance(next, rcv_adv_) : 0;
    std::uint32_t const gain = window_to_announce() - announced;
    if (gain == 0) return false;
    bool const peer_starves = announced < 2 * rcv_mss_;
    return peer_starves || gain >= config_.receive_buffer / 2 || (gain >= 2 * rcv_mss_ && gain >= announced);
}

std::uint32_t connection::usable_window() const {
    sequence const edge = snd_una_ + snd_wnd_;
    return snd_nxt_ < edge ? distance(snd_nxt_, edge) : 0;
}

bool connection::can_send_data() const {
    return state_ == state::established || state_ == state::close_wait || state_ == state::fin_wait_1 ||
           state_ == state::closing || state_ == state::last_ack;
}

/// Payload of one wire segment now, the SACK blocks it would carry taken off.
std::uint32_t connection::segment_payload() const {
    std::size_t const blocks = sack_blocks_due();
    return mss_ - (blocks != 0 ? static_cast<std::uint32_t>(4 + 8 * blocks) : 0U);
}

/// What the congestion window leaves for new data.
std::uint32_t connection::send_limit() const {
    std::uint32_t cwnd = cc_.cwnd();
    bool const by_pipe = phase_ != phase::open || (config_.rack && sack_on_);
    std::uint32_t const flight = by_pipe ? board_.pipe() : board_.outstanding();
    // RFC 3042: the first two duplicates each let a new segment go.
    if (phase_ == phase::open && !by_pipe && config_.limited_transmit) cwnd += std::min(dup_acks_, 2U) * mss_;
    return cwnd > flight ? cwnd - flight : 0;
}

/// Whether a segment that is not full may go (RFC 9293 section 3.8.6.2.1).
bool connection::may_send_short(std::uint32_t length) const {
    if (force_short_) return true;
    bool const all = length == unsent();
    if (!all) return length >= max_snd_wnd_ / 2 && board_.empty();
    if (fin_queued_) return true;
    if (cork_) return false;
    switch (config_.nagle) {
        case nagle_mode::off:
            return true;
        case nagle_mode::classic:
            return board_.empty();
        case nagle_mode::minshall:
            return small_end_ <= snd_una_;
    }
    return true;
}

/// How many bytes of new data may leave in one segment now; 0 to wait.
std::uint32_t connection::sendable(std::uint32_t mss, time_ns now) {
    std::uint32_t const waiting = unsent();
    std::uint32_t const window = usable_window();
    std::uint32_t const allowed = send_limit();
    std::uint32_t burst = std::max(config_.max_send_burst, mss);
    if (urgent_out_ || cwr_due_) burst = mss;  // flags that a device would copy to every part
    std::uint32_t length = std::min({waiting, window, burst});
    blocked_by_window_ = window < std::min(waiting, mss);
    if (length == 0) return 0;
    if (allowed < std::min(length, mss)) {
        cwnd_limited_ = true;
        return 0;
    }
    length = std::min(length, allowed);
    std::uint32_t const whole = length / mss * mss;
    bool const short_end = whole != length && (whole == 0 || length == waiting);
    bool const held = short_end && !may_send_short(length);
    // tcp(7): a cork holds a segment for 200 ms at most. Else it would be held for ever (RFC 9293 MUST-60).
    if (held && cork_ && length == waiting && !armed(timer::cork)) arm(timer::cork, now + cork_limit, now);
    if (!short_end || held) length = whole;
    if (length < waiting && allowed - length < mss) cwnd_limited_ = true;
    return length;
}

bool connection::emit_new(time_ns now, segment& out) {
    blocked_by_window_ = false;
    if ((unsent() == 0 && !fin_unsent()) || !can_send_data()) return false;
    if (config_.restart_after_idle && board_.empty() && last_sent_at_ >= 0 && unsent() > 0 &&
        now - last_sent_at_ > rtt_.rto() && phase_ == phase::open)
        cc_.on_idle(initial_window(mss_, config_.initial_window_segments), now);

    std::uint32_t const mss = segment_payload();
    bool const may_note = !board_.full() && board_.make_room(1);
    std::uint32_t const length = may_note ? sendable(mss, now) : 0;
    bool const fin =
        may_note && fin_unsent() && length == unsent() && (length < usable_window()) && (length == 0 || length <= mss);
    if (length == 0 && !fin) {
        bool const stuck = blocked_by_window_ || !may_note || (fin_unsent() && unsent() == 0 && usable_window() == 0);
        if (stuck) wait_to_send(now);
        return false;
    }
    force_short_ = false;
    sequence const begin = snd_nxt_;
    begin_segment(out, begin, flag::ack, now);
    fill_payload(out, begin, begin + length, mss);
    if (fin) out.flags |= flag::fin;
    if (cwr_due_ && length > 0) {
        out.flags |= flag::cwr;
        cwr_due_ = false;
    }
    if (ecn_on_ && length > 0) out.ecn = ecn_codepoint::ect0;
    sequence const end = out.end();
    if (length % mss != 0) small_end_ = end;
    if (phase_ == phase::recovery && sack_on_) prr_.sent(length);
    snd_nxt_ = end;
    snd_max_ = later(snd_max_, end);
    if (board_.empty()) progress_at_ = now;
    board_.sent(begin, end, static_cast<std::uint16_t>(mss), now);
    max_flight_ = std::max(max_flight_, board_.outstanding());
    bool const by_rack = config_.rack && sack_on_;
    if (dup_acks_ > 0 && phase_ == phase::open && !by_rack && board_.outstanding() > cc_.cwnd())
        limited_sent_ += std::min(length, board_.outstanding() - cc_.cwnd());
    stop(timer::persist, now);
    if (unsent() == 0) stop(timer::cork, now);
    if (!armed(timer::retransmit)) arm_retransmit(now);  // RFC 6298 (5.1)
    if (config_.rack && sack_on_) schedule_tail_probe(now);
    account_sent(out, now);
    return true;
}

/// The window, or the want of memory, is in the way: what is in flight will bring an answer; else the persist timer
/// asks.
void connection::wait_to_send(time_ns now) {
    if (!board_.empty() || armed(timer::persist)) return;
    // The user timeout counts from when the window is first in the way, not from the last progress before it.
    if (persist_backoff_ == 0) progress_at_ = now;
    arm(timer::persist, now + rtt_.rto(), now);
}

/// The bytes [begin, end) of the stream, pushed when they are the last there are.
void connection::fill_payload(segment& out, sequence begin, sequence end, std::uint32_t mss) {
    end = earlier(end, tx_.end());
    if (end <= begin) return;
    out.payload = tx_.view(begin, distance(begin, end));
    if (out.payload.size() > mss) out.gso_size = static_cast<std::uint16_t>(mss);
    if (end == tx_.end()) out.flags |= flag::psh;  // RFC 9293 MUST-61
}

void connection::account_sent(segment const& out, time_ns now) {
    ++counts_.segments_out;
    counts_.bytes_sent += out.payload.size();
    last_sent_at_ = now;
}

/// An ACK with nothing else. To a peer without SACK each duplicate is sent: it counts them.
bool connection::emit_ack(time_ns now, segment& out) {
    if (!ack_now_ && owed_acks_ == 0) return false;
    if (owed_acks_ > 0) --owed_acks_;
    // Past a window that the peer has shrunk it would not be accepted.
    sequence const edge = snd_una_ + snd_wnd_;
    sequence const seq = fin_queued_ || snd_nxt_ <= edge ? snd_nxt_ : later(edge, snd_una_);
    begin_segment(out, seq, flag::ack, now);
    ++counts_.segments_out;
    return true;
}

bool connection::emit_reset(time_ns now, segment& out) {
    reset_due_ = false;
    begin_segment(out, reset_seq_, reset_with_ack_ ? flag::rst | flag::ack : flag::rst, now);
    ++counts_.segments_out;
    return true;
}

}  // namespace cardea::stack::tcp
