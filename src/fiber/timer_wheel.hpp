// Timers of one loop: a hierarchical wheel of intrusive nodes. Adding and removing are O(1) and allocate nothing;
// firing is exact to the nanosecond of the clock the loop passes in. Uses nothing but the standard library.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

namespace cardea::detail {

inline constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();

/// Lives in whatever waits; not movable while armed.
struct timer_node {
    timer_node* next = nullptr;
    timer_node* previous = nullptr;
    std::int64_t when_ns = never_ns;
    std::uint64_t serial = 0;  // counts what was added
    std::uint8_t level = 0;
    std::uint8_t slot = 0;
    bool armed = false;
};

class timer_wheel {
  public:
    explicit timer_wheel(std::int64_t now_ns) noexcept : elapsed_(tick_of(now_ns)) {}

    void add(timer_node& node, std::int64_t when_ns) noexcept;
    void remove(timer_node& node) noexcept;
    /// A time at or before which expire() should be called next; never_ns: there is no timer. Exact for timers due
    /// within about 4 ms, the start of their slot for later ones.
    [[nodiscard]] std::int64_t next() const noexcept;
    /// Disarms every node due at `now_ns` and returns them linked by `next`: in the order of their times, those of one
    /// time in the order in which they were added.
    [[nodiscard]] timer_node* expire(std::int64_t now_ns) noexcept;

  private:
    static constexpr unsigned tick_shift = 16;  // a tick is 65.5 us
    static constexpr unsigned slot_bits = 6;
    static constexpr unsigned slots = 1U << slot_bits;
    static constexpr unsigned levels = 8;  // 16 + 8 * 6 = 64 bits: every time there is

    struct position {
        unsigned level;
        unsigned slot;
        std::uint64_t start;  // tick at which the slot begins
    };

    static std::uint64_t tick_of(std::int64_t ns) noexcept {
        return ns <= 0 ? 0 : static_cast<std::uint64_t>(ns) >> tick_shift;
    }
    [[nodiscard]] bool first_slot(position& out) const noexcept;
    timer_node* take(position at) noexcept;
    void link(timer_node& node) noexcept;

    std::uint64_t elapsed_;
    std::uint64_t added_ = 0;
    std::array<std::uint64_t, levels> occupied_{};
    std::array<std::array<timer_node*, slots>, levels> heads_{};
};

}  // namespace cardea::detail
