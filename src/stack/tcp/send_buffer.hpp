// The bytes an application has sent and the peer has not acknowledged, addressed by sequence number. Bounded by what
// the connection lets in.
#pragma once

#include <cstddef>

#include "stack/tcp/byte_ring.hpp"
#include "stack/tcp/sequence.hpp"

namespace cardea::stack::tcp {

class send_buffer {
  public:
    void start(sequence first) { begin_ = first; }

    sequence begin() const { return begin_; }        ///< the oldest byte held
    sequence end() const { return begin_ + size_; }  ///< where the next byte goes
    std::uint32_t size() const { return size_; }

    void append(bytes_view data) {
        ring_.reserve(size_ + data.size());
        ring_.write(size_, data);
        size_ += static_cast<std::uint32_t>(data.size());
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

  private:
    byte_ring ring_;
    sequence begin_;
    std::uint32_t size_ = 0;
};

}  // namespace cardea::stack::tcp
