// What stands behind a scope: its running children, its first failure, and who waits for them.
#pragma once

#include <exception>
#include <list>
#include <mutex>
#include <thread>

#include "fiber/execution.hpp"

namespace cardea::detail {

class loop;

/// A child outside of any loop; guarded by its scope.
struct scope_thread {
    std::thread handle;
    bool ended = false;  // but for its last steps: may be joined without waiting for its work
};

struct scope_state {
    explicit scope_state(execution& waits) noexcept : owner(waits) {}

    /// Counts a child and makes it known to cancel().
    void add(execution& child) noexcept;
    /// The second half of add() alone; `guard` is held.
    void link(execution& child) noexcept;
    /// The child's function has ended, by `failure` if not null. After this the child touches the scope no more.
    void child_ended(execution& child, std::exception_ptr failure) noexcept;
    void cancel() noexcept;
    /// Waits until no child is left. What ended the wait early, after which everything was cancelled: see join().
    wake wait_for_children(patience how) noexcept;

    std::mutex guard;
    execution& owner;
    execution* children = nullptr;
    std::size_t alive = 0;
    std::exception_ptr first_failure;
    bool cancelled = false;
    bool owner_waits = false;
    std::list<scope_thread> threads;

  private:
    void cancel_children() noexcept;
};

}  // namespace cardea::detail
