// HyStart++ (RFC 9406 section 4): the constants are the RFC's.
#include <algorithm>

#include "stack/tcp/congestion.hpp"

namespace cardea::stack::tcp {
namespace {
constexpr time_ns min_rtt_thresh = 4 * milliseconds;
constexpr time_ns max_rtt_thresh = 16 * milliseconds;
constexpr time_ns min_rtt_divisor = 8;
constexpr std::uint32_t rtt_samples = 8;
constexpr std::uint32_t css_rounds = 5;
}  // namespace

void hystart::restart(sequence nxt) {
    *this = hystart{};
    round_end_ = nxt;
}

void hystart::end_round(sequence nxt) {
    round_end_ = nxt;
    last_min_ = current_min_;
    current_min_ = never;
    samples_ = 0;
    if (phase_ == phase::conservative && ++css_rounds_ >= css_rounds) phase_ = phase::done;
}

hystart::phase hystart::on_ack(sequence una, sequence nxt, time_ns rtt) {
    if (phase_ == phase::done) return phase_;
    if (una >= round_end_) end_round(nxt);
    if (rtt == 0) return phase_;
    current_min_ = std::min(current_min_, rtt);
    ++samples_;
    if (samples_ < rtt_samples) return phase_;
    if (phase_ == phase::conservative) {
        if (current_min_ < baseline_min_) {  // the rise was noise: back to slow start
            baseline_min_ = never;
            phase_ = phase::slow_start;
        }
    } else if (last_min_ != never) {
        time_ns const threshold = std::clamp(last_min_ / min_rtt_divisor, min_rtt_thresh, max_rtt_thresh);
        if (current_min_ >= last_min_ + threshold) {
            baseline_min_ = current_min_;
            phase_ = phase::conservative;
            css_rounds_ = 0;
        }
    }
    return phase_;
}

}  // namespace cardea::stack::tcp
