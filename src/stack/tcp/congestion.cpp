// What both algorithms share: slow start, reactions, and NewReno's growth.
#include "stack/tcp/congestion.hpp"

#include <algorithm>

namespace cardea::stack::tcp {
namespace {
constexpr std::uint32_t cwnd_limit = 1U << 30;  // the largest window TCP can have
}

std::uint32_t initial_window(std::uint32_t mss, std::uint32_t segments) {
    return std::min(segments * mss, std::max(2 * mss, segments * 1460));
}

void congestion_control::start(congestion_algorithm algorithm, bool use_hystart, std::uint32_t mss, std::uint32_t cwnd,
                               sequence nxt) {
    algorithm_ = algorithm;
    use_hystart_ = use_hystart;
    mss_ = mss;
    cwnd_ = cwnd;
    hystart_.restart(nxt);
}

void congestion_control::on_ack(ack_event const& e) {
    if (!e.cwnd_limited) return;
    std::uint32_t left = e.acked;
    if (in_slow_start()) slow_start(e, left);
    if (left == 0) return;
    if (algorithm_ == congestion_algorithm::cubic) {
        ack_event rest = e;
        rest.acked = left;
        grow_cubic(rest);
    } else {
        grow_reno(left);
    }
}

/// Counts bytes, not acknowledgements (RFC 3465 without its limit, as Linux does): a receiver that coalesces segments
/// sends few acknowledgements.
void congestion_control::slow_start(ack_event const& e, std::uint32_t& left_over) {
    auto phase = hystart::phase::slow_start;
    if (use_hystart_ && ssthresh_ == 0xffffffff) phase = hystart_.on_ack(e.una, e.nxt, e.rtt);
    if (phase == hystart::phase::done) {
        ssthresh_ = cwnd_;
        return;
    }
    std::uint32_t growth = e.acked;
    if (phase == hystart::phase::conservative) growth /= hystart::css_growth_divisor;
    std::uint32_t const room = std::min(ssthresh_, cwnd_limit) - std::min(cwnd_, cwnd_limit);
    std::uint32_t const used = std::min(growth, room);
    cwnd_ += used;
    left_over = in_slow_start() ? 0 : growth - used;
}

void congestion_control::grow_reno(std::uint32_t acked) {
    acked_in_round_ += acked;
    while (acked_in_round_ >= cwnd_ && cwnd_ < cwnd_limit) {
        acked_in_round_ -= cwnd_;
        cwnd_ += mss_;
    }
}

void congestion_control::on_congestion(std::uint32_t in_flight, time_ns) {
    acked_in_round_ = 0;
    if (algorithm_ == congestion_algorithm::newreno) {
        ssthresh_ = std::max(in_flight / 2, 2 * mss_);
        return;
    }
    cwnd_prior_ = cwnd_;
    // RFC 9438 sections 4.6 and 4.7: fast convergence, then beta = 0.7.
    w_max_ = cwnd_ < w_max_ ? static_cast<std::uint32_t>(std::uint64_t{cwnd_} * 17 / 20) : cwnd_;
    ssthresh_ = std::max(static_cast<std::uint32_t>(std::uint64_t{cwnd_} * 7 / 10), 2 * mss_);
    epoch_start_ = -1;
}

void congestion_control::on_timeout(std::uint32_t in_flight, bool first, sequence nxt, time_ns now) {
    if (first) on_congestion(in_flight, now);
    cwnd_ = mss_;
    epoch_start_ = -1;
    hystart_.restart(nxt);
}

void congestion_control::on_idle(std::uint32_t restart_window, time_ns) {
    cwnd_ = std::min(cwnd_, restart_window);
    epoch_start_ = -1;
}

void congestion_control::set_cwnd(std::uint32_t bytes) { cwnd_ = std::clamp(bytes, mss_, cwnd_limit); }

void congestion_control::set_mss(std::uint32_t mss) {
    cwnd_ = std::max(static_cast<std::uint32_t>(std::uint64_t{cwnd_} * mss / mss_), mss);
    mss_ = mss;
    epoch_start_ = -1;
}

}  // namespace cardea::stack::tcp
