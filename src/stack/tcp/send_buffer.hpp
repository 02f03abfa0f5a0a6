// The bytes an application has sent and the peer has not acknowledged, addressed by sequence number. Bounded by what
// the connection lets in.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "stack/tcp/byte_ring.hpp"
#include "stack/tcp/sequence.hpp"

namespace cardea::stack::tcp {

class send_buffer {
  public:
    void start(sequence first, memory_budget* budget) {
        begin_ = first;
        ring_.charge_to(budget);
    }

    sequence begin() const { return begin_; }        ///< the oldest byte held
    sequence end() const { return begin_ + size_; }  ///< where the next byte goes
    std::uint32_t size() const { return size_; }

    /// Takes in as much as there is memory for; returns how much that was.
    std::size_t append(bytes_view data) {
        std::size_t const room = ring_.reserve_some(size_ + data.size(), memory_need::comfort) - size_;
        std::size_t const n = std::min(data.size(), room);
        ring_.write(size_, data.first(n));
        size_ += static_cast<std::uint32_t>(n);
        return n;
    }
    /// Drops what is before `to`.
    void acknowledge(sequence to) {
        std::uint32_t const n = distance(begin_, to);
        ring_.advance(n);
        begin_ = to;
        size_ -= n;
    }
    payload_view view(sequence from, std::uint32_t length) const { return ring_.view(distance(begin_, from), length); }
    void clear() {
        begin_ += size_;
        size_ = 0;
        ring_.release();
    }
    void trim() {
        if (size_ == 0) ring_.release();
    }
    std::size_t memory() const { return ring_.capacity(); }
    bool may_grow() const { return ring_.may_grow(memory_need::comfort); }
    std::size_t sure_capacity() const { return ring_.sure_capacity(); }

  private:
    byte_ring ring_;
    sequence begin_;
    std::uint32_t size_ = 0;
};

}  // namespace cardea::stack::tcp
