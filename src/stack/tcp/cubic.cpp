// CUBIC's growth (RFC 9438 section 4) in integers: time in milliseconds, windows in bytes, C = 0.4 segments per cubic
// second. Every product is bounded so that 64 bits hold it.
#include <algorithm>

#include "stack/tcp/congestion.hpp"

namespace cardea::stack::tcp {
namespace {
constexpr std::int64_t horizon_ms = 1'000'000;  // past it the curve is far beyond any window; its cube fits 64 bits
constexpr std::uint32_t cwnd_limit = 1U << 30;
}  // namespace

std::uint32_t cube_root(std::uint64_t n) {
    std::uint64_t root = 0;
    for (int bit = 21; bit >= 0; --bit) {
        std::uint64_t const trial = root | (std::uint64_t{1} << bit);
        if (trial <= 2'642'245 && trial * trial * trial <= n) root = trial;  // 2642245 is the largest whose cube fits
    }
    return static_cast<std::uint32_t>(root);
}

/// W_cubic(t) = C (t - K)^3 + W_max.
std::uint32_t congestion_control::cubic_window(time_ns since_epoch) const {
    std::int64_t const t = std::min(since_epoch / milliseconds, horizon_ms);
    std::int64_t const offset = std::clamp(t - k_, -horizon_ms, horizon_ms);
    // 0.4 offset^3 / 10^9 segments: first to thousandths of a segment, then to bytes.
    std::int64_t const thousandths = offset * offset * offset * 4 / 10'000'000;
    std::int64_t const bytes = std::int64_t{w_max_} + thousandths * mss_ / 1000;
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(bytes, mss_, cwnd_limit));
}

void congestion_control::grow_cubic(ack_event const& e) {
    if (epoch_start_ < 0) {
        epoch_start_ = e.now;
        cwnd_epoch_ = w_est_ = cwnd_;
        credit_ = est_credit_ = 0;
        if (cwnd_ < w_max_) {
            k_ = cube_root(std::uint64_t{w_max_ - cwnd_} * 2'500'000'000 / mss_);
        } else {
            k_ = 0;
            w_max_ = cwnd_;
        }
    }
    time_ns const t = e.now - epoch_start_;

    // Section 4.3: what Reno with the same average would have; alpha = 3 (1 - 0.7) / (1 + 0.7) = 9/17, and 1 from where
    // the window was before it was reduced.
    bool const past_prior = w_est_ >= cwnd_prior_;
    est_credit_ += std::uint64_t{e.acked} * (past_prior ? 17 : 9);
    std::uint64_t const per_segment = std::uint64_t{cwnd_} * 17;
    w_est_ += static_cast<std::uint32_t>(est_credit_ / per_segment) * mss_;
    est_credit_ %= per_segment;

    std::uint32_t const target_limit = cwnd_ + cwnd_ / 2;
    std::uint32_t const curve = cubic_window(t);
    if (curve < w_est_) {
        cwnd_ = std::clamp(w_est_, cwnd_, std::min(target_limit, cwnd_limit));
        return;
    }
    // Sections 4.4 and 4.5: (target - cwnd) / cwnd for each segment acknowledged.
    std::uint32_t const target = std::clamp(cubic_window(t + e.srtt), cwnd_, std::min(target_limit, cwnd_limit));
    credit_ += std::uint64_t{e.acked} * (target - cwnd_);
    std::uint64_t const growth = std::min<std::uint64_t>(credit_ / cwnd_, target - cwnd_);
    credit_ = growth == 0 ? credit_ : credit_ % cwnd_;
    cwnd_ += static_cast<std::uint32_t>(growth);
}

}  // namespace cardea::stack::tcp
