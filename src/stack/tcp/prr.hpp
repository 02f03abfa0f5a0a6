// Proportional Rate Reduction (RFC 6937, slow-start reduction bound): how much may be sent for what has been delivered
// while the window is led down to ssthresh.
#pragma once

#include <algorithm>
#include <cstdint>

namespace cardea::stack::tcp {

class proportional_rate_reduction {
  public:
    void start(std::uint32_t flight) {
        flight_ = std::max(flight, 1U);
        delivered_ = out_ = 0;
    }
    void sent(std::uint32_t bytes) { out_ += bytes; }

    /// Bytes that may be sent now, after an acknowledgement that delivered `delivered` of them.
    std::uint32_t on_ack(std::uint32_t delivered, std::uint32_t pipe, std::uint32_t ssthresh, std::uint32_t mss) {
        delivered_ += delivered;
        if (pipe > ssthresh) {
            std::uint64_t const share = (delivered_ * ssthresh + flight_ - 1) / flight_;
            return share > out_ ? static_cast<std::uint32_t>(share - out_) : 0;
        }
        std::uint64_t const unspent = delivered_ > out_ ? delivered_ - out_ : 0;
        std::uint64_t const limit = std::max<std::uint64_t>(unspent, delivered) + mss;
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(ssthresh - pipe, limit));
    }

  private:
    std::uint32_t flight_ = 1;  ///< RecoverFS
    std::uint64_t delivered_ = 0, out_ = 0;
};

}  // namespace cardea::stack::tcp
