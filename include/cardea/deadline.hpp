// Deadlines are ambient: `deadline within{5s};` bounds every blocking call of its scope, on a fiber as on a thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <type_traits>

namespace cardea {

namespace detail {
class execution;

/// In nanoseconds, and what has too many of them (hours::max(), which people write for "for ever") as all that fit:
/// the library's own conversion would overflow before anybody could look.
template <class Rep, class Period>
requires(std::is_convertible_v<std::chrono::duration<Rep, Period>,
                               std::chrono::nanoseconds>) constexpr std::chrono::nanoseconds
    in_ns(std::chrono::duration<Rep, Period> span) noexcept {
    using std::chrono::nanoseconds;
    constexpr auto most = std::chrono::duration_cast<std::chrono::duration<std::int64_t, Period>>(nanoseconds::max());
    if constexpr (std::is_signed_v<Rep>) {
        if (span < -most) return nanoseconds::min();
    }
    return span > most ? nanoseconds::max() : nanoseconds(span);
}
}  // namespace detail

/// Bounds every blocking call made by this fiber or thread until the end of the enclosing block: from then on they fail
/// with errc::timed_out, before they start if need be. Deadlines nest and the nearest wins. Lives in automatic storage
/// of the fiber it bounds, last made first destroyed. A fiber spawned inside has deadlines of its own; it is bounded
/// through join(). Monotonic time: a step of the wall clock moves nothing.
class deadline {
  public:
    explicit deadline(std::chrono::nanoseconds from_now) noexcept;  ///< `from_now`: until it passes.
    /// Of any unit; longer than 292 years is for ever: `deadline none{hours::max()}`.
    template <class Rep, class Period>
    explicit deadline(std::chrono::duration<Rep, Period> from_now) noexcept : deadline(detail::in_ns(from_now)) {}
    ~deadline();
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    /// Moves it: so much from now. A call that already waits obeys. Any thread may call these four.
    void expire_in(std::chrono::nanoseconds from_now) noexcept;
    template <class Rep, class Period>
    void expire_in(std::chrono::duration<Rep, Period> from_now) noexcept {
        expire_in(detail::in_ns(from_now));
    }
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
    template <class Rep, class Period>
    explicit call_limit(std::chrono::duration<Rep, Period> each) noexcept : call_limit(detail::in_ns(each)) {}
    ~call_limit();
    call_limit(const call_limit&) = delete;
    call_limit& operator=(const call_limit&) = delete;

  private:
    detail::execution& owner_;
    std::int64_t outer_ns_;
};

}  // namespace cardea
