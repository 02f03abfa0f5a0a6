// A ring of bytes that grows by doubling up to what is asked of it: the memory behind a connection's send and receive
// buffers. Holds nothing until first used; uses the standard library only.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "stack/packet.hpp"

namespace cardea::stack::tcp {

class byte_ring {
  public:
    std::size_t capacity() const { return capacity_; }

    /// Makes room for offsets [0, bytes), keeping all that lies within the old room.
    void reserve(std::size_t bytes);
    /// Writes at an offset from the front; the room must have been reserved.
    void write(std::size_t offset, bytes_view data);
    /// Reads at an offset from the front.
    void read(std::size_t offset, std::span<std::byte> into) const;
    payload_view view(std::size_t offset, std::size_t length) const;
    /// Moves the front forward.
    void advance(std::size_t n) { head_ = (head_ + n) & (capacity_ - 1); }
    /// Gives the memory back; only when nothing in it is wanted.
    void release();

  private:
    std::unique_ptr<std::byte[]> data_;
    std::size_t capacity_ = 0;  ///< zero or a power of two
    std::size_t head_ = 0;
};

}  // namespace cardea::stack::tcp
