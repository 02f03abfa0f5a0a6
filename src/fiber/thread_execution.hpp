// A plain thread as one who waits: parks on a condition variable, or in poll(2) beside a descriptor of the thread
// network.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "fiber/execution.hpp"
#include "fiber/wake_event.hpp"

namespace cardea {
class network;
}

namespace cardea::detail {

class thread_execution final : public execution {
  public:
    thread_execution() noexcept;

    wake park(patience how) noexcept override;
    void unpark() noexcept override;
    [[nodiscard]] std::int64_t now_ns() const noexcept override;

    /// True when somebody else may end this thread's waits (it runs in a scope) or a deadline does: then a wait in the
    /// kernel must watch wake_descriptor() and wait_until(). Else a plain blocking system call will do.
    [[nodiscard]] bool interruptible() noexcept;
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

}  // namespace cardea::detail
