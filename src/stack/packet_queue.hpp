// A FIFO of packets, bounded in number and bytes, that reuses their storage: in steady state queueing a packet
// allocates nothing.
#pragma once

#include <cstddef>
#include <vector>

#include "stack/packet.hpp"

namespace cardea::stack {

class packet_queue {
  public:
    packet_queue(std::size_t bound, std::size_t bytes) : bound_{bound}, bytes_bound_{bytes} {}

    bool empty() const { return count_ == 0; }
    bool full() const { return count_ == bound_ || bytes_ >= bytes_bound_; }
    std::size_t size() const { return count_; }

    /// False, and nothing happens, when full.
    bool push(packet_view const& v) {
        if (full()) return false;
        if (count_ == slots_.size()) grow();
        auto& slot = slots_[(head_ + count_) % slots_.size()];
        slot.bytes.clear();
        v.append_to(slot.bytes);
        slot.meta = v.meta;
        bytes_ += slot.bytes.size();
        ++count_;
        return true;
    }

    packet const& front() const { return slots_[head_]; }

    void pop() {
        auto& bytes = slots_[head_].bytes;
        bytes_ -= bytes.size();
        // A rare giant must not stay for ever in every slot it passed through.
        if (bytes.capacity() > kept_capacity) std::vector<std::byte>{}.swap(bytes);
        head_ = (head_ + 1) % slots_.size();
        --count_;
    }

    /// Takes the front's storage out (for use while the queue may change) and pops it.
    packet take() {
        auto p = std::move(slots_[head_]);
        slots_[head_] = {};
        bytes_ -= p.bytes.size();
        head_ = (head_ + 1) % slots_.size();
        --count_;
        return p;
    }

  private:
    static constexpr std::size_t kept_capacity = 4096;

    void grow() {
        std::vector<packet> larger(slots_.empty() ? 16 : slots_.size() * 2);
        for (std::size_t i = 0; i < count_; ++i) larger[i] = std::move(slots_[(head_ + i) % slots_.size()]);
        slots_ = std::move(larger);
        head_ = 0;
    }

    std::vector<packet> slots_;
    std::size_t head_ = 0;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
    std::size_t bound_;
    std::size_t bytes_bound_;  ///< exceeded by one packet at most
};

}  // namespace cardea::stack
