// Fibers that wait for one direction of a socket of the stack, in order. The stack's readiness callback wakes the
// first; whoever leaves wakes the next, who looks for itself.
#pragma once

#include "fiber/loop.hpp"

namespace cardea::detail {

/// One fiber's place. Lives on that fiber's stack; after `closed` the socket may be gone.
struct stack_waiter {
    explicit stack_waiter(fiber& waits) noexcept : who(waits) {}

    fiber& who;
    stack_waiter* next = nullptr;
    stack_waiter* previous = nullptr;
    bool closed = false;
};

class waiting_line {
  public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] bool is_first(const stack_waiter& w) const noexcept { return first_ == &w; }

    void join(stack_waiter& w) noexcept;
    void leave(stack_waiter& w) noexcept;
    void wake_first() noexcept {
        if (first_ != nullptr) first_->who.home.make_ready(first_->who);
    }
    /// Tells everybody that the socket is closed.
    void close() noexcept;

  private:
    stack_waiter* first_ = nullptr;
    stack_waiter* last_ = nullptr;
};

}  // namespace cardea::detail
