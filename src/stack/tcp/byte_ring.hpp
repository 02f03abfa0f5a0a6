// A ring of bytes that grows by doubling up to what is asked of it, as far as the host's memory budget lets it: the
// memory behind a connection's send and receive buffers. Holds nothing until first used.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

#include "stack/memory_budget.hpp"
#include "stack/packet.hpp"

namespace cardea::stack::tcp {

class byte_ring {
  public:
    /// So much is there for every ring, whatever the budget says.
    static constexpr std::size_t least_capacity = 2048;

    /// Before the first use: whose memory it is.
    void charge_to(memory_budget* budget) { charge_ = memory_charge{budget}; }

    std::size_t capacity() const { return capacity_; }
    /// The budget lets it grow once more.
    bool may_grow(memory_need why) const {
        return capacity_ < least_capacity || charge_.may_become(2 * capacity_, why);
    }
    /// What it can hold without growing for comfort.
    std::size_t sure_capacity() const { return std::max(capacity_, least_capacity); }

    /// Makes room for offsets [0, bytes), keeping all that lies within the old room. False, and nothing has changed:
    /// the budget or the machine has not got it.
    bool reserve(std::size_t bytes, memory_need why);
    /// As much of it as there is: returns the capacity.
    std::size_t reserve_some(std::size_t bytes, memory_need why);
    /// Writes at an offset from the front; the room must have been reserved.
    void write(std::size_t offset, bytes_view data);
    /// Reads at an offset from the front.
    void read(std::size_t offset, std::span<std::byte> into) const;
    payload_view view(std::size_t offset, std::size_t length) const;
    /// Moves the front forward.
    void advance(std::size_t n) { head_ = (head_ + n) & (capacity_ - 1); }
    /// Gives the memory back; only when nothing in it is wanted.
    void release();
    /// Gives back what is not needed for offsets [0, bytes), if there is memory to move them to.
    void shrink(std::size_t bytes);

  private:
    bool move_to(std::size_t capacity, std::size_t keep);

    std::unique_ptr<std::byte[]> data_;
    std::size_t capacity_ = 0;  ///< zero or a power of two
    std::size_t head_ = 0;
    memory_charge charge_;
};

}  // namespace cardea::stack::tcp
