// What is sent again, or sent to find out: retransmissions, the guesses of RFC 6675, tail and window probes,
// keep-alives.
#include <algorithm>
#include <utility>

#include "stack/tcp/connection.hpp"

namespace cardea::stack::tcp {

bool connection::emit_resend(time_ns now, segment& out) {
    // Without memory to note it nothing is resent: the timer tries again.
    if (board_.lost() == 0 || !can_send_data() || !board_.make_room(2)) {
        force_resend_ = false;
        return false;
    }
    std::uint32_t const mss = segment_payload();
    if (force_resend_) {
        if (auto const run = board_.next_lost(mss)) emit_run(*run, reason_, now, out);
        return !std::exchange(force_resend_, false);
    }
    if (snd_wnd_ == 0) return false;  // the timer goes on alone, as a probe (RFC 9293 MUST-35)
    std::uint32_t const allowed = cc_.cwnd() > board_.pipe() ? cc_.cwnd() - board_.pipe() : 0;
    std::uint32_t const burst = std::min(allowed, std::max(config_.max_send_burst, mss)) / mss * mss;
    auto const run = board_.next_lost(std::max(burst, mss));
    if (!run || allowed < run->size()) return false;
    emit_run(*run, reason_, now, out);
    return true;
}

void connection::emit_run(sent_run const& run, resend_reason why, time_ns now, segment& out) {
    force_resend_ = false;
    std::uint32_t const mss = segment_payload();
    begin_segment(out, run.begin, flag::ack, now);
    fill_payload(out, run.begin, run.end, mss);
    if (tx_.end() < run.end) out.flags |= flag::fin;
    board_.resent(run.begin, run.end, static_cast<std::uint16_t>(mss), now);
    if (phase_ == phase::recovery && sack_on_) prr_.sent(run.size());
    if (!armed(timer::retransmit)) arm_retransmit(now);
    ++counts_.resends;
    counts_.bytes_resent += out.payload.size();
    account_sent(out, now);
    if (watcher_ != nullptr) watcher_->resent(*this, run.begin, run.size(), why, now);
}

/// RFC 6675 section 4 NextSeg, rules 3 and 4: nothing known lost, nothing new to send, but room for a segment.
bool connection::emit_speculative(time_ns now, segment& out) {
    if (phase_ != phase::recovery || !sack_on_ || config_.rack || board_.empty()) return false;
    if (cc_.cwnd() < board_.pipe() + mss_ || !board_.make_room(2)) return false;
    std::uint32_t const mss = segment_payload();
    if (auto const run = board_.next_unsacked(mss)) {
        emit_run(*run, resend_reason::recovery, now, out);
        return true;
    }
    if (rescued_ && snd_una_ <= rescue_) return false;
    auto const last = board_.last_unsacked(mss);
    if (!last || last->resent) return false;
    rescued_ = true;
    rescue_ = recover_;
    emit_run(*last, resend_reason::recovery, now, out);
    return true;
}

/// RFC 8985 section 7.3: new data if there is any and the window takes it, else the last segment again.
bool connection::emit_tail_probe(time_ns now, segment& out) {
    if (!tail_probe_due_) return false;
    tail_probe_due_ = false;
    if (board_.empty() || phase_ != phase::open || !board_.make_room(2)) return false;
    std::uint32_t const mss = segment_payload();
    auto const last = board_.last_unsacked(mss);
    if (!last) return false;
    ++counts_.tail_probes;
    rack_.probe_outstanding = true;
    rack_.probe_end = last->end;
    emit_run(*last, resend_reason::tail_probe, now, out);
    arm_retransmit(now);
    return true;
}

/// One byte past the window, or the FIN, without moving SND.NXT: should the peer take it, its ACK does.
bool connection::emit_window_probe(time_ns now, segment& out) {
    if (!window_probe_due_) return false;
    window_probe_due_ = false;
    if (!can_send_data() || !board_.empty() || (unsent() == 0 && !fin_unsent())) return false;
    ++counts_.window_probes_out;
    begin_segment(out, snd_nxt_, flag::ack, now);
    if (unsent() > 0) {
        fill_payload(out, snd_nxt_, snd_nxt_ + 1, mss_);
    } else {
        out.flags |= flag::fin;
    }
    snd_max_ = later(snd_max_, snd_nxt_ + 1);
    account_sent(out, now);
    return true;
}

/// A sequence number already acknowledged and no data: the peer must answer (RFC 9293 section 3.8.4, SHLD-12).
bool connection::emit_keepalive(time_ns now, segment& out) {
    if (!keepalive_due_) return false;
    keepalive_due_ = false;
    ++counts_.keepalives_out;
    begin_segment(out, snd_nxt_ - 1, flag::ack, now);
    account_sent(out, now);
    return true;
}

}  // namespace cardea::stack::tcp
