// RFC 8985 section 6.2, steps 1 to 4.
#include "stack/tcp/rack.hpp"

#include <algorithm>

namespace cardea::stack::tcp {
namespace {
constexpr std::uint32_t persist_recoveries = 16;
}

void rack_state::on_delivery(delivery const& d, sequence una, sequence nxt, bool dsack, time_ns rtt_lowest,
                             time_ns now) {
    if (d.newest_sent_at >= 0) {
        time_ns const rtt = now - d.newest_sent_at;
        // An ACK sooner than the path allows is for the original, not for the retransmission (step 2).
        bool const ambiguous = d.newest_resent && rtt < rtt_lowest;
        bool const newer = d.newest_sent_at > sent_at_ || (d.newest_sent_at == sent_at_ && end_ < d.newest_end);
        if (!ambiguous && newer) {
            sent_at_ = d.newest_sent_at;
            end_ = d.newest_end;
            rtt_ = rtt;
        }
        // Delivered below what was delivered before, and never resent: reordering (step 3).
        if (fack_known_ && d.lowest_original_end && *d.lowest_original_end < fack_) reordering_seen_ = true;
        if (!fack_known_ || fack_ < d.newest_end) fack_ = d.newest_end;
        fack_known_ = true;
    }
    if (dsack_round_set_ && una >= dsack_round_) dsack_round_set_ = false;
    if (dsack && !dsack_round_set_) {
        dsack_round_set_ = true;
        reordering_seen_ = true;  // a retransmission was needless: the RFC alone would repeat it for ever
        dsack_round_ = nxt;
        ++window_mult_;
        window_persist_ = persist_recoveries;
    }
}

time_ns rack_state::span(time_ns srtt, time_ns rtt_lowest, bool in_recovery, bool three_sacked) const {
    if (!reordering_seen_ && (in_recovery || three_sacked)) return rtt_;
    return rtt_ + std::min(static_cast<time_ns>(window_mult_) * rtt_lowest / 4, srtt);
}

void rack_state::on_recovery_end() {
    if (window_persist_ == 0) return;
    if (--window_persist_ == 0) window_mult_ = 1;
}

}  // namespace cardea::stack::tcp
