// Round-trip time and the retransmission timeout (RFC 6298), in integer nanoseconds.
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/tcp/config.hpp"

namespace cardea::stack::tcp {

class rtt_estimator {
  public:
    void configure(time_ns initial, time_ns minimum, time_ns maximum) {
        rto_ = initial, min_ = minimum, max_ = maximum;
    }

    /// Takes in a measurement. With several in one window each counts for less (RFC 7323 appendix G): `expected` is how
    /// many acknowledgements the window in flight will bring.
    void sample(time_ns rtt, std::uint32_t expected = 1) {
        rtt = std::max<time_ns>(rtt, 1);
        lowest_ = lowest_ == 0 ? rtt : std::min(lowest_, rtt);
        smooth(rtt, expected);
    }
    /// As sample(), from a timestamp's echo: no finer than its clock.
    void coarse_sample(std::int32_t ticks, std::uint32_t expected = 1) {
        if (ticks >= 0) smooth(std::max(ticks, 1) * milliseconds, expected);
    }
    /// RFC 6298 (5.5).
    void back_off() { rto_ = std::min(2 * rto_, max_); }
    /// RFC 6298 (5.7): the SYN was resent and gave no sample.
    void after_syn_timeout() {
        if (srtt_ == 0) rto_ = std::min(std::max<time_ns>(rto_, 3 * seconds), max_);
    }

    bool measured() const { return srtt_ != 0; }
    time_ns rto() const { return rto_; }
    time_ns srtt() const { return srtt_; }
    time_ns rttvar() const { return rttvar_; }
    time_ns lowest() const { return lowest_ != 0 ? lowest_ : srtt_; }

  private:
    void smooth(time_ns rtt, std::uint32_t expected) {
        if (srtt_ == 0) {
            srtt_ = rtt;
            rttvar_ = rtt / 2;
        } else {
            time_ns const weight = std::max<time_ns>(expected, 1);
            time_ns const deviation = srtt_ > rtt ? srtt_ - rtt : rtt - srtt_;
            rttvar_ += (deviation - rttvar_) / (4 * weight);
            srtt_ += (rtt - srtt_) / (8 * weight);
        }
        // The floor is under the variance term, as in Linux: a steady path keeps rto_min beyond its round trip.
        rto_ = std::min(srtt_ + std::max(min_, 4 * rttvar_), max_);
    }

    time_ns rto_ = 1 * seconds, min_ = 0, max_ = 60 * seconds;
    time_ns srtt_ = 0, rttvar_ = 0, lowest_ = 0;
};

}  // namespace cardea::stack::tcp
