// mutex, event, semaphore and the queue of waiters they share.
#include <cardea/error.hpp>
#include <cardea/sync.hpp>

#include "fiber/execution.hpp"

namespace cardea {

namespace detail {

/// Lives on the stack of whoever waits; guarded by the primitive's mutex.
struct waiter {
    execution* who;
    waiter* next = nullptr;
    waiter* previous = nullptr;
    bool woken = false;
};

// Not inline: g++ 12 takes a waiter that is linked and unlinked in one function for one that dangles.
[[gnu::noinline]] void wait_queue::link(waiter& w) noexcept {
    w.previous = last_;
    (last_ != nullptr ? last_->next : first_) = &w;
    last_ = &w;
}

void wait_queue::unlink(waiter& w) noexcept {
    (w.previous != nullptr ? w.previous->next : first_) = w.next;
    (w.next != nullptr ? w.next->previous : last_) = w.previous;
}

void wait_queue::wait(std::unique_lock<std::mutex>& held, const char* operation) {
    execution& me = execution::current();
    const activity what{operation};
    const blocking_call whole(me, what);
    waiter mine{&me};
    link(mine);
    wake why = wake::ready;
    while (!mine.woken && why == wake::ready) {
        held.unlock();
        why = me.park(patience::interruptible);
        held.lock();
    }
    if (mine.woken) return;
    unlink(mine);
    held.unlock();
    if (why == wake::cancelled) throw cancelled();
    throw error(errc::timed_out, operation, operation);
}

void wait_queue::wait_while(std::unique_lock<std::mutex>& held, const char* operation, bool (*again)(void*),
                            void* about) {
    const activity what{operation};
    const blocking_call whole(execution::current(), what);
    do {
        wait(held, operation);
    } while (again(about));
}

bool wait_queue::wake_one() noexcept {
    waiter* w = first_;
    if (w == nullptr) return false;
    first_ = w->next;
    (first_ != nullptr ? first_->previous : last_) = nullptr;
    w->woken = true;
    w->who->unpark();
    return true;
}

void wait_queue::wake_all() noexcept {
    while (wake_one()) {
    }
}

}  // namespace detail

void mutex::lock() {
    std::unique_lock held(guard_);
    if (!held_) {
        held_ = true;
        return;
    }
    waiters_.wait(held, "mutex lock");  // unlock() leaves it held, for us
}

bool mutex::try_lock() noexcept {
    std::lock_guard held(guard_);
    if (held_) return false;
    return held_ = true;
}

void mutex::unlock() noexcept {
    std::lock_guard held(guard_);
    if (!waiters_.wake_one()) held_ = false;
}

void event::wait() {
    std::unique_lock held(guard_);
    if (!set_) waiters_.wait(held, "event wait");  // whom set() has woken goes through, reset() or not
}

void event::set() noexcept {
    std::lock_guard held(guard_);
    set_ = true;
    waiters_.wake_all();
}

void event::reset() noexcept {
    std::lock_guard held(guard_);
    set_ = false;
}

bool event::is_set() const noexcept {
    std::lock_guard held(guard_);
    return set_;
}

void semaphore::acquire() {
    std::unique_lock held(guard_);
    if (permits_ > 0) {
        --permits_;
        return;
    }
    waiters_.wait(held, "semaphore acquire");  // release() has handed us a permit
}

bool semaphore::try_acquire() noexcept {
    std::lock_guard held(guard_);
    if (permits_ == 0) return false;
    --permits_;
    return true;
}

void semaphore::release(std::size_t permits) noexcept {
    std::lock_guard held(guard_);
    for (; permits > 0; --permits) {
        if (!waiters_.wake_one()) ++permits_;
    }
}

}  // namespace cardea
