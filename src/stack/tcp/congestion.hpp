// Congestion control: how large the window may be. NewReno (RFC 5681) and CUBIC (RFC 9438) behind one value type, with
// HyStart++ (RFC 9406) for slow start. Integers only, so that every compiler and machine gives the same run.
#pragma once

#include <cstdint>

#include "stack/tcp/config.hpp"
#include "stack/tcp/sequence.hpp"

namespace cardea::stack::tcp {

/// The cube root, rounded down.
std::uint32_t cube_root(std::uint64_t n);

/// RFC 6928's initial window, generalised to `segments`.
std::uint32_t initial_window(std::uint32_t mss, std::uint32_t segments);

/// Ends slow start when the delay of a round rises: first grows slower (CSS), then stops.
class hystart {
  public:
    enum class phase : std::uint8_t { slow_start, conservative, done };
    /// One acknowledgement: `una` it, `nxt` the next byte to send, `rtt` its sample or 0.
    phase on_ack(sequence una, sequence nxt, time_ns rtt);
    void restart(sequence nxt);
    static constexpr std::uint32_t css_growth_divisor = 4;

  private:
    void end_round(sequence nxt);

    phase phase_ = phase::slow_start;
    sequence round_end_;
    time_ns current_min_ = never, last_min_ = never, baseline_min_ = never;
    std::uint32_t samples_ = 0, css_rounds_ = 0;
};

struct ack_event {
    std::uint32_t acked = 0;  ///< bytes newly acknowledged
    sequence una, nxt;
    time_ns rtt = 0;   ///< this acknowledgement's sample, or 0
    time_ns srtt = 0;  ///< or 0
    time_ns now = 0;
    bool cwnd_limited = true;  ///< the window was what held the sender back (RFC 9438 section 5.8)
};

class congestion_control {
  public:
    void start(congestion_algorithm algorithm, bool use_hystart, std::uint32_t mss, std::uint32_t cwnd, sequence nxt);

    std::uint32_t cwnd() const { return cwnd_; }
    std::uint32_t ssthresh() const { return ssthresh_; }
    bool in_slow_start() const { return cwnd_ < ssthresh_; }

    /// New data was acknowledged outside recovery: grow.
    void on_ack(ack_event const& e);
    /// Fast recovery or an ECN echo begins: sets ssthresh; the window is the caller's to lead there (PRR, RFC 6582).
    void on_congestion(std::uint32_t in_flight, time_ns now);
    /// A retransmission timeout: the window falls to one segment. `first`: of this data; else ssthresh stays.
    void on_timeout(std::uint32_t in_flight, bool first, sequence nxt, time_ns now);
    /// RFC 5681 section 4.1: nothing sent for an RTO.
    void on_idle(std::uint32_t restart_window, time_ns now);
    void set_cwnd(std::uint32_t bytes);
    /// The path takes smaller segments: the window keeps its count of them.
    void set_mss(std::uint32_t mss);

  private:
    void grow_reno(std::uint32_t acked);
    void grow_cubic(ack_event const& e);
    void slow_start(ack_event const& e, std::uint32_t& left_over);
    std::uint32_t cubic_window(time_ns since_epoch) const;

    congestion_algorithm algorithm_ = congestion_algorithm::cubic;
    bool use_hystart_ = true;
    std::uint32_t mss_ = 536, cwnd_ = 0, ssthresh_ = 0xffffffff;
    std::uint32_t acked_in_round_ = 0;  ///< NewReno: bytes counted towards the next segment of growth
    hystart hystart_;
    // CUBIC, RFC 9438 section 4.1.2
    std::uint32_t w_max_ = 0, cwnd_prior_ = 0, cwnd_epoch_ = 0, w_est_ = 0;
    std::uint64_t credit_ = 0, est_credit_ = 0;  ///< bytes acknowledged and not yet turned into growth
    time_ns epoch_start_ = -1, k_ = 0;
};

}  // namespace cardea::stack::tcp
