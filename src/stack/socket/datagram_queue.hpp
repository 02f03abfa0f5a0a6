// A bounded queue of received datagrams in one byte ring: no allocation per datagram, nothing held while unused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "stack/memory_budget.hpp"
#include "stack/packet.hpp"
#include "stack/socket/socket.hpp"

namespace cardea::stack {

class datagram_queue {
  public:
    datagram_queue(std::size_t bound, std::shared_ptr<memory_budget> memory)
        : memory_{std::move(memory)}, charge_{memory_.get()}, bound_{bound} {}

    bool empty() const { return count_ == 0; }
    std::size_t size() const { return count_; }
    std::size_t bytes() const { return used_; }
    void set_bound(std::size_t bound) { bound_ = bound; }
    std::size_t bound() const { return bound_; }

    /// False when it would exceed the bound, or there is no memory for it: the datagram is dropped, as UDP does. One
    /// datagram always fits the bound.
    bool push(receive_info const& info, bytes_view payload);

    /// The front's size; only when not empty.
    std::size_t front_size() const;
    /// Copies the front out, truncated to `into`; pops it unless `keep`. Only when not empty.
    std::size_t read(std::span<std::byte> into, receive_info& info, bool keep);
    void clear();

  private:
    bool reserve(std::size_t bytes);
    void write(bytes_view b);
    void copy_out(std::size_t at, std::span<std::byte> into) const;

    std::shared_ptr<memory_budget> memory_;  ///< before the charge: a socket may outlive its host
    memory_charge charge_;
    std::vector<std::byte> ring_;
    std::size_t head_ = 0;
    std::size_t used_ = 0;
    std::size_t count_ = 0;
    std::size_t bound_;
};

}  // namespace cardea::stack
