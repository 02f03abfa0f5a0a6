// Deadlines are ambient: `deadline within{5s};` bounds every blocking call of its scope, on a fiber as on a thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace cardea {

namespace detail {
class execution;
}

/// Bounds every blocking call made by this fiber or thread until the end of the enclosing block: from then on they fail
/// with errc::timed_out, before they start if need be. Deadlines nest and the nearest wins. Lives in automatic storage
/// of the fiber it bounds, last made first destroyed. A fiber spawned inside has deadlines of its own; it is bounded
/// through join(). Monotonic time: a step of the wall clock moves nothing.
class deadline {
  public:
    explicit deadline(std::chrono::nanoseconds from_now) noexcept;  ///< `from_now`: until it passes.
    ~deadline();
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    /// Moves it: so much from now. A call that already waits obeys. Any thread may call these four.
    void expire_in(std::chrono::nanoseconds from_now) noexcept;
    /// Takes it away: bounds nothing from now on.
    void clear() noexcept;
    [[nodiscard]] bool expired() const noexcept;
    /// Time left, not below zero; nanoseconds::max() after clear().
    [[nodiscard]] std::chrono::nanoseconds remaining() const noexcept;

  private:
    friend class detail::execution;
    detail::execution& owner_;
    deadline* outer_;
    std::atomic<std::int64_t> when_ns_;
};

/// Bounds each blocking call of its scope by itself: none may wait longer than `each`, whatever it does inside (wake
/// for nothing, try again, wait for its turn). A call that gets on has it anew: of a large send every piece that leaves
/// counts, on every network, so that a peer who reads slowly is waited for, and one who has stopped reading is not.
/// What a server calls an idle time-out. Works together with deadlines around it.
class call_limit {
  public:
    explicit call_limit(std::chrono::nanoseconds each) noexcept;  ///< `each`: longest for one call.
    ~call_limit();
    call_limit(const call_limit&) = delete;
    call_limit& operator=(const call_limit&) = delete;

  private:
    detail::execution& owner_;
    std::int64_t outer_ns_;
};

}  // namespace cardea
