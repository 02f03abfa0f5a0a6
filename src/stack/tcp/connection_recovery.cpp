// Reaction to loss: fast recovery by RFC 6675 with PRR (RFC 6937) when the peer sends SACKs, by RFC 6582 when it does
// not, by RACK-TLP (RFC 8985) when switched on; and growth when all is well.
#include <algorithm>
#include <utility>

#include "stack/tcp/connection.hpp"

namespace cardea::stack::tcp {
namespace {
constexpr std::uint32_t dup_thresh = 3;
constexpr time_ns max_ack_delay = 200 * milliseconds;  // RFC 8985's TLP.max_ack_delay, of the peer; Linux's is the same
}  // namespace

void connection::on_delivery(delivery const& d, bool duplicate, time_ns now) {
    if (d.acked > 0) dup_acks_ = limited_sent_ = 0;
    if (duplicate) ++dup_acks_;
    if (config_.rack && sack_on_) detect_by_time(d, now);
    switch (phase_) {
        case phase::open:
            if (loss_detected(duplicate)) {
                enter_recovery(d, now);
            } else if (d.acked > 0) {
                grow_window(d, now);
            }
            break;
        case phase::recovery:
            continue_recovery(d, duplicate, now);
            break;
        case phase::loss:
            if (d.acked > 0) grow_window(d, now);
            if (recover_ <= snd_una_) {
                phase_ = phase::open;
                rack_.on_recovery_end();
            }
            if (phase_ == phase::loss && sack_on_ && !config_.rack) board_.mark_lost_below_sacks(mss_);
            break;
    }
    if (config_.rack && sack_on_ && d.delivered > 0) schedule_tail_probe(now);
}

bool connection::loss_detected(bool duplicate) const {
    if (board_.empty()) return false;
    if (!sack_on_) return duplicate && dup_acks_ >= dup_thresh && recover_ < snd_una_;
    if (config_.rack) return board_.lost() > 0;
    if (snd_una_ < recover_) return false;  // RFC 6675 section 5.1: after a timeout, not until it is over
    return (duplicate && dup_acks_ >= dup_thresh) || (board_.sacked() > 0 && board_.first_is_lost(mss_));
}

void connection::enter_recovery(delivery const& d, time_ns now) {
    ++counts_.fast_recoveries;
    std::uint32_t const flight = board_.outstanding();
    // RFC 5681 section 3.2 step 2: what limited transmit has sent is not counted.
    std::uint32_t const beyond = std::min(flight, std::exchange(limited_sent_, 0));
    // RFC 3168 section 6.1.2: a loss in a window that an echo has reduced already says nothing new.
    bool const reduced = ecn_on_ && snd_una_ < ecn_recover_;
    if (!reduced) cc_.on_congestion(flight - beyond, now);
    phase_ = phase::recovery;
    rack_.probe_outstanding = false;  // what it was to tell, that something was lost, is known and paid for
    recover_ = snd_nxt_;
    rescued_ = partial_ack_seen_ = false;
    if (ecn_on_) cwr_due_ = true;
    ecn_recover_ = snd_nxt_;
    force_resend_ = true;
    reason_ = resend_reason::fast_retransmit;
    if (!config_.rack || !sack_on_) board_.mark_first_lost(segment_payload());
    if (sack_on_) {
        if (!config_.rack) board_.mark_lost_below_sacks(mss_);
        prr_.start(flight);
        reduce_by_prr(d.delivered, true);
    } else {
        cc_.set_cwnd(cc_.ssthresh() + dup_thresh * mss_);  // RFC 6582 section 3.2 step 3
    }
    arm_retransmit(now);
}

void connection::continue_recovery(delivery const& d, bool duplicate, time_ns now) {
    if (recover_ <= snd_una_) return leave_recovery(now);
    reason_ = resend_reason::recovery;
    if (sack_on_) {
        if (!config_.rack) board_.mark_lost_below_sacks(mss_);
        if (d.delivered > 0) reduce_by_prr(d.delivered, false);
        return;
    }
    // RFC 6582 section 3.2 steps 4 and 5.
    if (d.acked > 0) {
        board_.mark_first_lost(segment_payload());
        force_resend_ = true;
        std::uint32_t const deflated = cc_.cwnd() - std::min(cc_.cwnd(), d.acked);
        cc_.set_cwnd(deflated + (d.acked >= mss_ ? mss_ : 0));
        if (!partial_ack_seen_) arm_retransmit(now);
        partial_ack_seen_ = true;
    } else if (duplicate) {
        cc_.set_cwnd(cc_.cwnd() + mss_);
    }
}

void connection::leave_recovery(time_ns now) {
    phase_ = phase::open;
    dup_acks_ = limited_sent_ = 0;
    force_resend_ = false;
    rack_.on_recovery_end();
    if (!board_.empty()) arm_retransmit(now);
    if (sack_on_) {
        cc_.set_cwnd(cc_.ssthresh());
    } else {
        cc_.set_cwnd(std::min(cc_.ssthresh(), std::max(board_.outstanding(), mss_) + mss_));
    }
}

void connection::reduce_by_prr(std::uint32_t delivered, bool at_least_one) {
    std::uint32_t const pipe = board_.pipe();
    std::uint32_t allowed = prr_.on_ack(delivered, pipe, cc_.ssthresh(), mss_);
    if (at_least_one) allowed = std::max(allowed, mss_);
    cc_.set_cwnd(pipe + allowed);
}

void connection::grow_window(delivery const& d, time_ns now) {
    // RFC 9438 section 5.8, RFC 7661's idea: a window that was not used proves nothing.
    bool const limited = cc_.in_slow_start() ? cc_.cwnd() < 2 * max_flight_ : cwnd_limited_;
    ack_event e;
    e.acked = d.acked;
    if (phase_ == phase::loss) e.acked = std::min({d.acked, d.delivered, 2 * mss_});  // no burst for a filled hole
    e.una = snd_una_;
    e.nxt = snd_nxt_;
    e.rtt = d.sample_sent_at && !d.resent_acked ? now - *d.sample_sent_at : 0;
    e.srtt = rtt_.srtt();
    e.now = now;
    e.cwnd_limited = limited && !ece_in_;  // RFC 3168 section 6.1.2: an ACK with ECE opens no window
    cc_.on_ack(e);
    if (round_end_ <= snd_una_) {
        round_end_ = snd_nxt_;
        max_flight_ = board_.outstanding();
        cwnd_limited_ = false;
    }
}

/// RACK (RFC 8985 section 6.2 step 5).
void connection::detect_by_time(delivery const&, time_ns now) {
    if (!rack_.seen() || board_.empty()) return stop(timer::reorder, now);
    bool const three_sacked = board_.sacked() >= dup_thresh * mss_;
    time_ns const span = rack_.span(rtt_.srtt(), rtt_.lowest(), phase_ != phase::open, three_sacked);
    time_ns const wait = board_.mark_lost_by_time(rack_.sent_at(), rack_.end(), span, now);
    if (wait > 0) {
        arm(timer::reorder, now + wait, now);
    } else {
        stop(timer::reorder, now);
    }
}

/// RFC 8985 section 7.4.2. An acknowledgement that ends where the probe did tells nothing yet: it may be the late one
/// of the original. A second one like it, or a D-SACK (take_sacks() sees to it), says that both had arrived; one beyond
/// it, without either, that the probe repaired a loss. `again`: it acknowledges nothing new and reports nothing.
void connection::judge_tail_probe(bool again, time_ns now) {
    if (!rack_.probe_outstanding || snd_una_ < rack_.probe_end) return;
    bool const beyond = rack_.probe_end < snd_una_;
    if (!beyond && !again) return;
    rack_.probe_outstanding = false;
    if (!beyond || phase_ != phase::open) return;
    cc_.on_congestion(board_.outstanding(), now);
    cc_.set_cwnd(cc_.ssthresh());
    if (ecn_on_) cwr_due_ = true;
}

/// A tail probe goes out two round trips after the last transmission (RFC 8985 section 7.2).
void connection::schedule_tail_probe(time_ns now) {
    bool const wanted = config_.rack && sack_on_ && phase_ == phase::open && !board_.empty() && board_.sacked() == 0 &&
                        !rack_.probe_outstanding && rtt_.measured();
    if (!wanted) return stop(timer::probe, now);
    time_ns wait = 2 * rtt_.srtt();
    if (board_.outstanding() <= mss_) wait += max_ack_delay;
    // No later than the timeout, which then waits once more (section 7.2).
    arm(timer::probe, std::min(now + wait, deadlines_[static_cast<std::size_t>(timer::retransmit)]), now);
}

}  // namespace cardea::stack::tcp
