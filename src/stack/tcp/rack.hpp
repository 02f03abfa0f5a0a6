// RACK-TLP's own state (RFC 8985 sections 6 and 7): the newest delivery, the reordering window, the tail probe.
#pragma once

#include <cstdint>

#include "stack/tcp/config.hpp"
#include "stack/tcp/scoreboard.hpp"
#include "stack/tcp/sequence.hpp"

namespace cardea::stack::tcp {

class rack_state {
  public:
    /// Takes in what an acknowledgement has delivered; `dsack`: it reported a duplicate.
    void on_delivery(delivery const& d, sequence una, sequence nxt, bool dsack, time_ns rtt_lowest, time_ns now);
    /// How long after its transmission a run is lost, once something sent later has been delivered.
    time_ns span(time_ns srtt, time_ns rtt_lowest, bool in_recovery, bool three_sacked) const;
    void on_recovery_end();

    bool seen() const { return sent_at_ >= 0; }
    time_ns sent_at() const { return sent_at_; }
    sequence end() const { return end_; }

    // Tail loss probe
    bool probe_outstanding = false;
    sequence probe_end;

  private:
    time_ns sent_at_ = -1, rtt_ = 0;
    sequence end_;
    sequence fack_;
    bool fack_known_ = false;
    bool reordering_seen_ = false;
    std::uint32_t window_mult_ = 1, window_persist_ = 0;
    sequence dsack_round_;
    bool dsack_round_set_ = false;
};

}  // namespace cardea::stack::tcp
