// Deadlines and what happens at them (RFC 6298 section 5, RFC 9293 sections 3.8.3, 3.8.4 and 3.8.6.1).
#include <algorithm>

#include "stack/tcp/connection.hpp"

namespace cardea::stack::tcp {
namespace {
constexpr std::uint32_t max_backoff = 16;
}

void connection::arm(timer t, time_ns deadline, time_ns now) {
    deadlines_[static_cast<std::size_t>(t)] = deadline;
    if (watcher_ != nullptr) watcher_->timer_armed(*this, t, deadline, now);
}

void connection::stop(timer t, time_ns now) {
    if (!armed(t)) return;
    deadlines_[static_cast<std::size_t>(t)] = never;
    if (watcher_ != nullptr) watcher_->timer_stopped(*this, t, now);
}

void connection::stop_all(time_ns now) {
    for (std::size_t t = 0; t < timer_count; ++t) stop(static_cast<timer>(t), now);
}

time_ns connection::next_deadline() const { return *std::min_element(deadlines_.begin(), deadlines_.end()); }

void connection::on_deadline(time_ns now) {
    for (std::size_t t = 0; t < timer_count; ++t) {
        if (deadlines_[t] > now) continue;
        deadlines_[t] = never;
        if (watcher_ != nullptr) watcher_->timer_fired(*this, static_cast<timer>(t), now);
        run_timer(static_cast<timer>(t), now);
    }
    report_window(now);
}

void connection::run_timer(timer t, time_ns now) {
    switch (t) {
        case timer::retransmit:
            return on_retransmit_timer(now);
        case timer::persist:
            return on_persist_timer(now);
        case timer::delayed_ack:
            return ack_soon();
        case timer::keepalive:
            return on_keepalive_timer(now);
        case timer::linger:
            return enter_closed(now);
        case timer::reorder:
            return on_delivery(delivery{}, false, now);
        case timer::probe:
            return on_probe_timer(now);
        case timer::cork:
            force_short_ = unsent() > 0;
            return;
    }
}

/// The retransmission timer, brought forward when the user timeout would pass before it.
void connection::arm_retransmit(time_ns now) {
    time_ns deadline = now + rtt_.rto();
    if (config_.user_timeout > 0) deadline = std::min(deadline, std::max(now, progress_at_ + config_.user_timeout));
    arm(timer::retransmit, deadline, now);
}

std::uint32_t connection::retry_limit() const {
    if (state_ == state::syn_sent || state_ == state::syn_received) return config_.syn_retries;
    return released_ ? std::min({config_.orphan_retries, config_.retries_2, max_backoff}) : config_.retries_2;
}

/// R2 or the user timeout has passed: the connection ends (RFC 9293 section 3.8.3).
bool connection::gave_up(time_ns now) {
    bool const too_long = config_.user_timeout > 0 && now - progress_at_ >= config_.user_timeout;
    // A peer that answers with a closed window keeps a connection for as long as it likes (RFC 9293 MUST-37), but not
    // one that no application waits for: it could hold any number of them. As Linux's tcp_orphan_retries.
    bool const stuck_orphan = released_ && was_established_ && std::max(timeouts_, persist_backoff_) >= retry_limit();
    if (!too_long && !stuck_orphan && unanswered_ < retry_limit()) return false;
    fail(soft_error_ != error::ok ? soft_error_ : error::etimedout, now);
    return true;
}

void connection::on_retransmit_timer(time_ns now) {
    if (gave_up(now)) return;
    if (deadlines_[static_cast<std::size_t>(timer::probe)] <= now) return arm_retransmit(now);  // it goes first
    ++counts_.timeouts;
    ++timeouts_;
    ++unanswered_;
    rtt_.back_off();
    if (state_ == state::syn_sent || state_ == state::syn_received) {
        syn_due_ = true;  // arms the timer as it leaves
        return;
    }
    if (board_.empty()) return;
    // The receiver has dropped what it had reported: believe it no more (RFC 2018 section 8).
    if (board_.runs().front().sacked) board_.forget_sacks();
    cc_.on_timeout(board_.outstanding(), timeouts_ == 1, snd_nxt_, now);
    phase_ = phase::loss;
    recover_ = snd_nxt_;
    dup_acks_ = limited_sent_ = 0;
    if (ecn_on_) cwr_due_ = true;  // whatever has reduced the window (RFC 3168 section 6.1.2)
    ecn_recover_ = snd_nxt_;
    board_.mark_all_lost();
    reason_ = resend_reason::timeout;
    force_resend_ = true;
    rack_.probe_outstanding = false;
    stop(timer::probe, now);
    stop(timer::reorder, now);
    arm_retransmit(now);
}

/// The peer's window is closed, or too small for what waits (RFC 9293 section 3.8.6.1).
void connection::on_persist_timer(time_ns now) {
    if (gave_up(now)) return;
    if (!board_.empty() || (unsent() == 0 && !fin_unsent())) return;
    if (persist_backoff_ < max_backoff) ++persist_backoff_;
    ++unanswered_;
    if (usable_window() > 0) {
        force_short_ = true;
    } else {
        window_probe_due_ = true;
        bool const longest = rtt_.rto() > config_.rto_max >> persist_backoff_;
        arm(timer::persist, now + (longest ? config_.rto_max : rtt_.rto() << persist_backoff_), now);
    }
}

void connection::restart_keepalive(time_ns now) {
    if (!config_.keepalive || !was_established_ || state_ == state::time_wait || state_ == state::closed) {
        stop(timer::keepalive, now);
    } else if (!armed(timer::keepalive)) {
        arm(timer::keepalive, std::max(now, heard_at_ + config_.keepalive_idle), now);
    }
}

void connection::on_keepalive_timer(time_ns now) {
    time_ns const idle_until = heard_at_ + config_.keepalive_idle;
    if (keepalive_unanswered_ == 0 && now < idle_until) return arm(timer::keepalive, idle_until, now);
    if (!board_.empty() || unsent() > 0) return arm(timer::keepalive, now + config_.keepalive_idle, now);
    // tcp(7): the user timeout, where there is one, says in place of their number when unanswered ones are enough.
    bool const enough = config_.user_timeout > 0 ? keepalive_unanswered_ > 0 && now - heard_at_ >= config_.user_timeout
                                                 : keepalive_unanswered_ >= config_.keepalive_count;
    if (enough) {
        send_reset(snd_nxt_, true);
        return fail(soft_error_ != error::ok ? soft_error_ : error::etimedout, now);
    }
    ++keepalive_unanswered_;
    keepalive_due_ = true;
    arm(timer::keepalive, now + config_.keepalive_interval, now);
}

void connection::on_probe_timer(time_ns now) {
    if (board_.empty()) return;
    tail_probe_due_ = true;
    arm_retransmit(now);
}

void connection::report_window(time_ns now) {
    if (cc_.cwnd() == reported_cwnd_ && cc_.ssthresh() == reported_ssthresh_) return;
    reported_cwnd_ = cc_.cwnd();
    reported_ssthresh_ = cc_.ssthresh();
    if (watcher_ != nullptr && was_established_)
        watcher_->congestion_window(*this, reported_cwnd_, reported_ssthresh_, now);
}

}  // namespace cardea::stack::tcp
