// Whoever can wait: a fiber of a loop, or a plain thread. Parking, waking, deadlines, cancellation, the name.
// Knows nothing of sockets; the networks and the waiting primitives are written against it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cardea/error.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "fiber/timer_wheel.hpp"

namespace cardea {
class deadline;
class call_limit;
}  // namespace cardea

namespace cardea::detail {

/// Why a park ended. `ready` may be spurious: whoever parks looks at the thing it waits for, first and in a loop.
enum class wake : std::uint8_t { ready, timed_out, cancelled };

/// Whether deadlines and cancellation may end a park.
enum class patience : std::uint8_t { interruptible, uninterruptible };

inline std::error_code to_error(wake why) noexcept {
    if (why == wake::ready) return {};
    return why == wake::timed_out ? errc::timed_out : errc::cancelled;
}

/// What an execution is about while it is in a call that may wait: on its stack, for dumps (dump.hpp). The innermost
/// one tells; `describe` appends to `to` what the name alone does not say, and may be null.
struct activity {
    const char* what;
    void (*describe)(const activity& self, std::string& to) = nullptr;
};

class execution {
  public:
    execution(const execution&) = delete;
    execution& operator=(const execution&) = delete;

    /// The fiber running here, or this thread's own.
    static execution& current() noexcept;

    /// Waits until unpark(), or (interruptible) the nearest deadline or a cancellation. Own thread or fiber only.
    virtual wake park(patience how) noexcept = 0;
    /// Ends a park. Any thread, as long as the waiter cannot be gone (it takes the lock under which this is called).
    virtual void unpark() noexcept = 0;
    /// The clock its deadlines are on.
    [[nodiscard]] virtual std::int64_t now_ns() const noexcept = 0;
    /// The same, perhaps a little old, for nothing.
    [[nodiscard]] virtual std::int64_t recent_ns() const noexcept { return now_ns(); }

    /// Its current or next interruptible call ends as cancelled, and every one after that. Any thread.
    void request_cancel() noexcept;
    [[nodiscard]] bool cancel_requested() const noexcept { return cancel_.load(std::memory_order_acquire); }

    /// What ends a blocking call before it starts: a pending cancellation, a deadline that has passed. Else no error.
    [[nodiscard]] std::error_code interruption() noexcept {
        if (cancel_.load(std::memory_order_relaxed)) return errc::cancelled;
        const std::int64_t nearest = nearest_deadline();
        if (nearest != never_ns && (nearest <= recent_ns() || nearest <= now_ns())) return errc::timed_out;
        return {};
    }
    /// The nearest of its deadlines; never_ns: none. Own thread only.
    [[nodiscard]] std::int64_t nearest_deadline() noexcept {
        if (deadlines_changed_.load(std::memory_order_relaxed)) recompute();
        return nearest_ns_;
    }
    /// When a call that begins to wait now must end: the nearest deadline or the call limit.
    [[nodiscard]] std::int64_t wait_until() noexcept { return std::min(nearest_deadline(), call_end()); }
    /// The call limit's part of that; never_ns: none. Of a blocking_call it stays the same however often it is asked
    /// for, until the call gets on.
    [[nodiscard]] std::int64_t call_end() const noexcept {
        if (call_limit_ns_ == never_ns) return never_ns;
        return call_ends_ns_ != no_call ? call_ends_ns_ : limit_from_now();
    }
    /// The call under way has got on, as by bytes that have left: its limit counts from here.
    void made_progress() noexcept {
        if (call_ends_ns_ != no_call) call_ends_ns_ = limit_from_now();
    }
    /// As if that had been then: others do a part of the call.
    void made_progress_at(std::int64_t when_ns) noexcept {
        if (call_ends_ns_ == no_call) return;
        call_ends_ns_ = call_limit_ns_ > never_ns - when_ns ? never_ns : when_ns + call_limit_ns_;
    }
    /// Each call is bounded by a limit of its own.
    [[nodiscard]] bool has_call_limit() const noexcept { return call_limit_ns_ != never_ns; }
    /// A deadline or a limit is there: it may bound the next wait, or be set to do so while that lasts.
    [[nodiscard]] bool has_bounds() const noexcept { return innermost_ != nullptr || has_call_limit(); }

    [[nodiscard]] std::string_view name() const noexcept { return {name_.data(), name_length_}; }
    void set_name(std::string_view name) noexcept;

    /// What it is about, as far as it has said so. Read by its loop only, while it is not running.
    const activity* doing = nullptr;

    /// Links of its scope's list of children; guarded by the scope.
    execution* next_sibling = nullptr;
    execution* previous_sibling = nullptr;

  protected:
    execution() noexcept = default;
    virtual ~execution() = default;

  private:
    friend class cardea::deadline;
    friend class cardea::call_limit;
    friend class blocking_call;
    static constexpr std::int64_t no_call = std::numeric_limits<std::int64_t>::min();
    void recompute() noexcept;
    [[nodiscard]] std::int64_t limit_from_now() const noexcept;

    deadline* innermost_ = nullptr;
    std::int64_t nearest_ns_ = never_ns;
    std::int64_t call_limit_ns_ = never_ns;
    std::int64_t call_ends_ns_ = no_call;
    std::atomic<bool> deadlines_changed_{false};
    std::atomic<bool> cancel_{false};
    std::uint8_t name_length_ = 0;
    std::array<char, 31> name_{};
};

/// A call that may block, from its begin to its end: what it is about is shown meanwhile (dump.hpp), and a call_limit
/// bounds it from here on, however often it parks. Calls that it makes are parts of it.
class blocking_call {
  public:
    blocking_call(execution& who, const activity& what) noexcept : who_(who), outer_(who.doing) {
        who.doing = &what;
        if (!who.has_call_limit() || who.call_ends_ns_ != execution::no_call) return;
        bounded_ = true;
        who.call_ends_ns_ = who.limit_from_now();
    }
    ~blocking_call() {
        who_.doing = outer_;
        if (bounded_) who_.call_ends_ns_ = execution::no_call;
    }
    blocking_call(const blocking_call&) = delete;
    blocking_call& operator=(const blocking_call&) = delete;

  private:
    execution& who_;
    const activity* const outer_;
    bool bounded_ = false;
};

/// Waits that long, or until a deadline around it (errc::timed_out) or a cancellation (errc::cancelled).
std::error_code pause(std::int64_t ns) noexcept;

/// The running plain thread's own execution, even inside a loop.
class thread_execution;
thread_execution& this_thread_execution() noexcept;

}  // namespace cardea::detail
