// A plain thread as one who waits: parks on a condition variable, or in poll(2) beside a descriptor of the thread
// network.
#pragma once

#include <time.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "fiber/execution.hpp"
#include "fiber/wake_event.hpp"

namespace cardea {
class network;
}

namespace cardea::detail {

/// The longest that a thread waits in the kernel where nothing can wake it.
inline constexpr std::int64_t look_up_after_ns = 20'000'000;

class thread_execution final : public execution {
  public:
    thread_execution() noexcept;

    wake park(patience how) noexcept override;
    void unpark() noexcept override;
    [[nodiscard]] std::int64_t now_ns() const noexcept override;

    /// True when somebody else may end this thread's waits (it runs in a scope) or a deadline does, be it one that is
    /// far away or cleared now (any thread may move it): then a wait in the kernel must be a kernel_wait. Else a plain
    /// blocking system call will do.
    [[nodiscard]] bool interruptible() const noexcept { return cancellable_ || has_bounds(); }
    void set_cancellable() noexcept { cancellable_ = true; }
    /// The descriptor that unpark() makes readable between begin_kernel_wait() and end_kernel_wait(); -1 when none can
    /// be had.
    [[nodiscard]] int begin_kernel_wait() noexcept;
    void end_kernel_wait() noexcept;
    void forget_parents_event() noexcept;

    /// What this_network() says instead of the thread network, if anything: a wrapper around it. Handed on to the
    /// threads of a scope.
    network* wrapper = nullptr;

  private:
    std::mutex guard_;
    std::condition_variable changed_;
    bool permit_ = false;
    bool in_kernel_ = false;
    bool cancellable_ = false;
    std::unique_ptr<wake_event> event_;
};

/// A thread's wait in ppoll(2): what to watch beside the thing itself, and for how long at most. It ends at `until_ns`
/// or when the thread is unparked; or, where no descriptor can be had for that, after a little while: who waits looks
/// again.
class kernel_wait {
  public:
    kernel_wait(thread_execution& me, std::int64_t until_ns) noexcept : me_(me), wakes_(me.begin_kernel_wait()) {
        std::int64_t left = until_ns == never_ns ? never_ns : std::max<std::int64_t>(until_ns - me.now_ns(), 0);
        if (wakes_ < 0) left = std::min(left, look_up_after_ns);
        for_ever_ = left == never_ns;
        limit_ = {left / 1'000'000'000, left % 1'000'000'000};
    }
    ~kernel_wait() { me_.end_kernel_wait(); }
    kernel_wait(const kernel_wait&) = delete;
    kernel_wait& operator=(const kernel_wait&) = delete;

    /// Readable when the thread is unparked; -1: poll(2) passes over it.
    [[nodiscard]] int descriptor() const noexcept { return wakes_; }
    [[nodiscard]] const timespec* limit() const noexcept { return for_ever_ ? nullptr : &limit_; }

  private:
    thread_execution& me_;
    int wakes_;
    bool for_ever_;
    timespec limit_;
};

}  // namespace cardea::detail
