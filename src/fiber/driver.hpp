// What a network does for the loop that runs on it: tell the time, wait for something to happen, be woken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace cardea::detail {

class driver {
  public:
    driver(const driver&) = delete;
    driver& operator=(const driver&) = delete;

    [[nodiscard]] virtual std::int64_t clock_ns() const noexcept = 0;
    /// Submits what is to be submitted and makes ready whoever's operation has ended; waits for that at most
    /// `timeout_ns` (0: not at all; negative: for ever). May return early.
    virtual void wait(std::int64_t timeout_ns) noexcept = 0;
    /// Makes the current or next wait() return. Any thread.
    virtual void wake_up() noexcept = 0;
    /// A descriptor that is readable (poll(2)) when wait() would find something; -1: there is none.
    [[nodiscard]] virtual int pollable() { return -1; }
    /// When, on clock_ns(), the network has something to do of its own, though pollable() is silent.
    [[nodiscard]] virtual std::int64_t due_ns() noexcept { return std::numeric_limits<std::int64_t>::max(); }
    /// Time is what the driver says: it moves only when every fiber waits, and not with the machine's clock.
    [[nodiscard]] virtual bool is_virtual() const noexcept { return false; }
    /// Open sockets, for loop_statistics.
    [[nodiscard]] virtual std::size_t open_sockets() const noexcept = 0;

  protected:
    driver() = default;
    ~driver() = default;
};

}  // namespace cardea::detail
