// What the buffers of one kind may hold together on a host, as Linux's tcp_mem and udp_mem. A buffer charges what it
// allocates and asks before it grows. Uses the standard library only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace cardea::stack {

/// Why memory is wanted: how far the budget may be used up for it.
enum class memory_need : std::uint8_t {
    comfort,  ///< what can wait or be sent again: up to the pressure level
    arrival,  ///< what has arrived in order and was announced room: up to the limit
    least     ///< the little without which a connection stands still: always, as Linux's tcp_rmem[0]
};

class memory_budget {
  public:
    explicit memory_budget(std::size_t limit) : limit_{limit}, pressure_{limit - limit / 4} {}
    memory_budget(memory_budget const&) = delete;
    memory_budget& operator=(memory_budget const&) = delete;

    std::size_t used() const { return used_; }
    std::size_t limit() const { return limit_; }
    /// From here on buffers do not grow for comfort.
    bool pressed() const { return used_ >= pressure_; }
    /// From here on what can be sent again is given up for what cannot.
    bool scarce() const { return used_ >= limit_ - limit_ / 8; }
    bool allows(std::size_t bytes, memory_need why) const {
        if (why == memory_need::least) return true;
        auto const bound = why == memory_need::comfort ? pressure_ : limit_;
        return bytes <= bound && used_ <= bound - bytes;
    }

  private:
    friend class memory_charge;
    std::size_t limit_, pressure_;
    std::size_t used_ = 0;
};

/// What one buffer has taken from a budget; given back at its end. The budget outlives it.
class memory_charge {
  public:
    memory_charge() = default;
    explicit memory_charge(memory_budget* from) : budget_{from} {}
    memory_charge(memory_charge&& other) noexcept : budget_{other.budget_}, bytes_{std::exchange(other.bytes_, 0)} {}
    memory_charge& operator=(memory_charge&& other) noexcept {
        set(0);
        budget_ = other.budget_;
        bytes_ = std::exchange(other.bytes_, 0);
        return *this;
    }
    ~memory_charge() { set(0); }

    /// Whether growing to `bytes` is allowed.
    bool may_become(std::size_t bytes, memory_need why) const {
        return budget_ == nullptr || bytes <= bytes_ || budget_->allows(bytes - bytes_, why);
    }
    void set(std::size_t bytes) {
        if (budget_ != nullptr) budget_->used_ += bytes - bytes_;
        bytes_ = bytes;
    }
    bool pressed() const { return budget_ != nullptr && budget_->pressed(); }

  private:
    memory_budget* budget_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace cardea::stack
