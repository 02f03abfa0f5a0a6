// execution's bookkeeping of deadlines and names, and the plain thread's way of waiting.
#include "fiber/execution.hpp"

#include <pthread.h>

#include <algorithm>
#include <cardea/deadline.hpp>
#include <chrono>
#include <string>
#include <system_error>

#include "fiber/loop.hpp"
#include "fiber/thread_execution.hpp"

namespace cardea::detail {

execution& execution::current() noexcept {
    if (loop* here = loop::current(); here != nullptr && here->running() != nullptr) return *here->running();
    return this_thread_execution();
}

void execution::request_cancel() noexcept {
    cancel_.store(true, std::memory_order_release);
    unpark();
}

void execution::recompute() noexcept {
    deadlines_changed_.exchange(false, std::memory_order_acquire);
    nearest_ns_ = never_ns;
    for (const deadline* d = innermost_; d != nullptr; d = d->outer_) {
        nearest_ns_ = std::min(nearest_ns_, d->when_ns_.load(std::memory_order_relaxed));
    }
}

std::int64_t execution::limit_from_now() const noexcept {
    // Not recent_ns(): after a long computation that is long ago, and the call would end before it had begun.
    const std::int64_t now = now_ns();
    return call_limit_ns_ > never_ns - now ? never_ns : now + call_limit_ns_;
}

void execution::set_name(std::string_view name) noexcept {
    name_length_ = static_cast<std::uint8_t>(std::min(name.size(), name_.size()));
    std::copy_n(name.data(), name_length_, name_.data());
}

std::error_code pause(std::int64_t ns) noexcept {
    const deadline until{std::chrono::nanoseconds(ns)};
    execution& me = execution::current();
    const activity what{"sleep"};
    const blocking_call whole(me, me.doing != nullptr ? *me.doing : what);  // within a socket's call, it is that
    for (;;) {
        const wake why = me.park(patience::interruptible);
        if (why == wake::cancelled) return errc::cancelled;
        if (until.expired()) return {};
        if (why == wake::timed_out) return errc::timed_out;  // another deadline was nearer
    }
}

thread_execution::thread_execution() noexcept {
    static std::atomic<unsigned> count{0};
    try {
        set_name("thread-" + std::to_string(++count));
    } catch (...) {
        set_name("thread");  // out of memory: a name is not worth failing for
    }
}

std::int64_t thread_execution::now_ns() const noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

wake thread_execution::park(patience how) noexcept {
    std::unique_lock held(guard_);
    wake why = wake::ready;
    if (how == patience::interruptible && cancel_requested()) {
        why = wake::cancelled;
    } else if (!permit_) {
        const std::int64_t until = how == patience::interruptible ? wait_until() : never_ns;
        if (until == never_ns) {
            changed_.wait(held, [this] { return permit_; });
        } else {
            const std::chrono::steady_clock::time_point when{std::chrono::nanoseconds(until)};
            if (!changed_.wait_until(held, when, [this] { return permit_; })) why = wake::timed_out;
        }
        if (how == patience::interruptible && cancel_requested()) why = wake::cancelled;
    }
    permit_ = false;
    return why;
}

void thread_execution::unpark() noexcept {
    std::lock_guard held(guard_);
    permit_ = true;
    if (in_kernel_ && event_) event_->signal();
    changed_.notify_one();
}

int thread_execution::begin_kernel_wait() noexcept {
    std::lock_guard held(guard_);
    if (!event_) {
        try {
            event_ = std::make_unique<wake_event>();
        } catch (...) {
            return -1;
        }
    }
    in_kernel_ = true;
    if (permit_) event_->signal();
    return event_->descriptor();
}

// A child of fork(2) shares the descriptor with its parent, and would take the parent's wake-ups for its own.
void thread_execution::forget_parents_event() noexcept { event_.reset(); }

namespace {
[[maybe_unused]] const int forgotten_by_children =
    ::pthread_atfork(nullptr, nullptr, [] { this_thread_execution().forget_parents_event(); });
}

void thread_execution::end_kernel_wait() noexcept {
    std::lock_guard held(guard_);
    in_kernel_ = false;
    permit_ = false;
    if (event_) event_->drain();
}

thread_execution& this_thread_execution() noexcept {
    static thread_local thread_execution mine;
    return mine;
}

}  // namespace cardea::detail
