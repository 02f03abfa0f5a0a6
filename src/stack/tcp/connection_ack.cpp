// The ACK field: is it acceptable, what does it acknowledge, what does that change (RFC 9293 section 3.10.7.4 fifth
// step, RFC 5961 section 5, RFC 6298, RFC 2018, RFC 2883).
#include <algorithm>

#include "stack/tcp/connection.hpp"

namespace cardea::stack::tcp {

/// True when the rest of the segment is to be processed.
bool connection::on_ack(segment const& s, time_ns now) {
    if (snd_max_ < s.ack) {  // something not yet sent
        challenge(now);
        return false;
    }
    if (s.ack < snd_una_ - max_snd_wnd_) {  // RFC 5961 section 5.2
        challenge(now);
        return false;
    }
    unanswered_ = snd_wnd_ == 0 || s.ack > snd_una_ ? 0 : unanswered_;
    if (s.ack < snd_una_) return true;  // old; its text may be new

    std::uint32_t const old_window = snd_wnd_;
    std::uint32_t const outstanding = board_.outstanding();
    update_send_window(s, now);
    delivery d;
    std::uint32_t const acked = distance(snd_una_, s.ack);
    if (snd_nxt_ < s.ack) snd_nxt_ = s.ack;  // a window probe was taken in after all
    snd_una_ = s.ack;
    board_.acknowledge(s.ack, d);
    bool const needless = sack_on_ && take_sacks(s, d);
    take_ecn_echo(s, now);

    bool const repeats = s.length() == 0 && acked == 0 && snd_wnd_ == old_window;
    bool const plain = repeats && outstanding > 0;
    judge_tail_probe(repeats && s.options.sack_count == 0, now);
    bool const duplicate = sack_on_ ? d.sacked > 0 : plain;
    if (duplicate) ++counts_.duplicate_acks_in;
    measure(s, d, now);
    if (acked > 0) on_progress(acked, now);
    if (sack_on_ && config_.rack) rack_.on_delivery(d, snd_una_, snd_nxt_, needless, rtt_.lowest(), now);
    on_delivery(d, duplicate, now);
    if (fin_queued_ && snd_una_ == tx_.end() + 1) on_our_fin_acknowledged(now);
    return state_ != state::closed;
}

/// RFC 9293 section 3.10.7.4: only a newer segment may move the window. One that acknowledges more is newer whatever
/// its number: were it passed over, the old window would reach further than it ever was announced to.
void connection::update_send_window(segment const& s, time_ns now) {
    bool const newer = snd_una_ < s.ack || snd_wl1_ < s.seq || (snd_wl1_ == s.seq && snd_wl2_ <= s.ack);
    if (!newer) return;
    snd_wl1_ = s.seq;
    snd_wl2_ = s.ack;
    std::uint32_t const before = snd_wnd_;
    snd_wnd_ = std::uint32_t{s.window} << snd_shift_;
    max_snd_wnd_ = std::max(max_snd_wnd_, snd_wnd_);
    if (snd_wnd_ > before && armed(timer::persist)) {
        stop(timer::persist, now);
        persist_backoff_ = 0;
    }
}

/// True when a duplicate was reported: a retransmission, not counting a tail probe, was needless.
bool connection::take_sacks(segment const& s, delivery& d) {
    bool needless = false;
    auto const blocks = s.options.sack_blocks();
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        sack_block const b = blocks[i];
        if (b.right <= b.left) continue;
        // RFC 2883 section 4: the first block, below the ACK or inside the second, reports a duplicate.
        bool const below = b.right <= snd_una_;
        bool const inside = i == 0 && blocks.size() > 1 && blocks[1].left <= b.left && b.right <= blocks[1].right;
        if (i == 0 && (below || inside)) {
            ++counts_.dsacks_in;
            bool const probe = rack_.probe_outstanding && b.right == rack_.probe_end;
            if (probe) rack_.probe_outstanding = false;
            needless = !probe;
            continue;
        }
        if (below || snd_nxt_ < b.right || b.left < snd_una_) continue;
        board_.apply_sack(b, d);
    }
    return needless;
}

void connection::measure(segment const& s, delivery const& d, time_ns now) {
    // How many ACKs a window brings, each of which would otherwise weigh as a whole round (RFC 7323 appendix G).
    std::uint32_t const expected = std::max(1U, (board_.outstanding() + d.delivered + 2 * mss_ - 1) / (2 * mss_));
    if (d.sample_sent_at && !d.resent_acked) {
        rtt_.sample(now - *d.sample_sent_at, expected);
    } else if (d.acked > 0 && ts_on_ && s.options.has_timestamps && s.options.ts_echo != 0) {
        rtt_.coarse_sample(static_cast<std::int32_t>(timestamp(now) - s.options.ts_echo), expected);
    }
}

/// SND.UNA has moved.
void connection::on_progress(std::uint32_t acked, time_ns now) {
    counts_.bytes_acknowledged += acked;
    sequence const data_end = earlier(snd_una_, tx_.end());
    if (tx_.begin() < data_end) tx_.acknowledge(data_end);
    if (urgent_out_ && snd_up_ <= snd_una_) urgent_out_ = false;
    progress_at_ = now;
    timeouts_ = 0;
    persist_backoff_ = 0;
    forget_old_numbers();
    stop(timer::probe, now);
    if (board_.empty()) {
        stop(timer::retransmit, now);
    } else if (!(phase_ == phase::recovery && !sack_on_ && partial_ack_seen_)) {
        arm_retransmit(now);  // RFC 6298 (5.3); in NewReno's recovery only at the first partial ACK (RFC 6582)
    }
}

/// What lies behind SND.UNA follows it at a distance of one: left where it was, it would seem to lie ahead after 2^31
/// bytes.
void connection::forget_old_numbers() {
    sequence const behind = snd_una_ - 1;
    if (phase_ == phase::open) recover_ = later(recover_, behind);
    ecn_recover_ = later(ecn_recover_, behind);
    small_end_ = later(small_end_, behind);
}

void connection::on_our_fin_acknowledged(time_ns now) {
    switch (state_) {
        case state::fin_wait_1:
            set_state(state::fin_wait_2, now);
            if (released_) arm(timer::linger, now + config_.fin_wait_2, now);
            return;
        case state::closing:
            return enter_time_wait(now);
        case state::last_ack:
            return enter_closed(now);
        default:
            return;
    }
}

/// RFC 3168 section 6.1.2: as for a lost segment, once a window, nothing to resend.
void connection::take_ecn_echo(segment const& s, time_ns now) {
    ece_in_ = ecn_on_ && s.has(flag::ece);
    if (!ecn_on_ || !s.has(flag::ece) || phase_ != phase::open || snd_una_ <= ecn_recover_) return;
    ecn_recover_ = snd_nxt_;
    cc_.on_congestion(board_.outstanding(), now);
    cc_.set_cwnd(cc_.ssthresh());
    cwr_due_ = true;
}

}  // namespace cardea::stack::tcp
