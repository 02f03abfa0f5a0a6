// Waiting for each other: mutex, event, semaphore, channel. They park fibers and block plain threads, and work between
// any of them: fibers of one loop, of several, and threads. Deadlines and cancellation end a wait as they end a recv.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace cardea {

namespace detail {
struct waiter;
/// Who waits, first come first served. Guarded by the primitive's own mutex.
class wait_queue {
  public:
    wait_queue() noexcept = default;
    wait_queue(const wait_queue&) = delete;
    wait_queue& operator=(const wait_queue&) = delete;
    /// Waits until woken; `held` is released while waiting and held again after. Throws when the wait was ended by a
    /// deadline (cardea::error, naming `operation`) or by cancellation (`cancelled`), unless the wake-up came first.
    void wait(std::unique_lock<std::mutex>& held, const char* operation);
    /// The same, and again as long as `again()`: all of it one call to a call_limit.
    template <class Again>
    void wait_while(std::unique_lock<std::mutex>& held, const char* operation, Again again) {
        if (again())
            wait_while(
                held, operation, [](void* a) { return (*static_cast<Again*>(a))(); }, &again);
    }
    bool wake_one() noexcept;
    void wake_all() noexcept;
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

  private:
    void wait_while(std::unique_lock<std::mutex>& held, const char* operation, bool (*again)(void*), void* about);
    void link(waiter& w) noexcept;
    void unlink(waiter& w) noexcept;

    waiter* first_ = nullptr;
    waiter* last_ = nullptr;
};
}  // namespace detail

/// Mutual exclusion that may be held across blocking calls. Works with std::lock_guard and std::unique_lock. Fair.
/// Between any of them: fibers of one loop or of several, and plain threads. Not recursive.
class mutex {
  public:
    /// Blocks a thread, or parks a fiber, until it is its turn. A deadline around it that passes (cardea::error with
    /// errc::timed_out) and a cancellation (`cancelled`) end the wait, and it is not held; where the turn comes at the
    /// same moment it is held, and the next blocking call throws.
    void lock();
    bool try_lock() noexcept;  ///< Never blocks; false: somebody has it.
    void unlock() noexcept;    ///< Never blocks. By whoever has locked it.

  private:
    std::mutex guard_;
    detail::wait_queue waiters_;
    bool held_ = false;
};

/// Something that happens once, until reset: set() lets everybody through. Any fiber or thread may call.
class event {
  public:
    void wait();                                 ///< Until it is set. Blocks and throws as mutex::lock().
    void set() noexcept;                         ///< Wakes everybody who waits; later waits end at once.
    void reset() noexcept;                       ///< From now on it has not happened.
    [[nodiscard]] bool is_set() const noexcept;  ///< It has happened.

  private:
    mutable std::mutex guard_;
    detail::wait_queue waiters_;
    bool set_ = false;
};

/// Counts permits: acquire takes one or waits; release gives back. Fair. Any fiber or thread may call.
class semaphore {
  public:
    explicit semaphore(std::size_t permits) noexcept : permits_(permits) {}  ///< With so many to begin with.
    void acquire();                                  ///< Blocks and throws as mutex::lock(): then none was taken.
    bool try_acquire() noexcept;                     ///< False: there is none.
    void release(std::size_t permits = 1) noexcept;  ///< Never blocks.

  private:
    std::mutex guard_;
    detail::wait_queue waiters_;
    std::size_t permits_;
};

/// A bounded queue between fibers of any loops, and threads: push waits while it is full, pop while it is empty. Any
/// number of them may push and pop; values come out in the order in which they went in.
template <class T>
class channel {
  public:
    explicit channel(std::size_t capacity) : capacity_(capacity == 0 ? 1 : capacity) {}  ///< Of 0 as of 1.

    /// Blocks while it is full, as mutex::lock() does; when it throws, `value` has not been put in. False: the channel
    /// is closed, before or while it waited, and `value` was not put in. Throws std::bad_alloc, and what moving a T
    /// throws.
    bool push(T value) { return push_from(value); }
    /// As push(), and where `value` was not put in it is still the caller's.
    bool push_from(T& value) {
        std::unique_lock held(guard_);
        room_.wait_while(held, "channel push", [this] { return !closed_ && items_.size() >= capacity_; });
        if (closed_) return false;
        items_.push_back(std::move(value));
        filled_.wake_one();
        return true;
    }
    /// Blocks while it is empty, as mutex::lock() does; when that throws, nothing has been taken out. nullopt: the
    /// channel is closed and everything in it has been taken. If moving a T throws, that value stays the first.
    std::optional<T> pop() {
        std::unique_lock held(guard_);
        filled_.wait_while(held, "channel pop", [this] { return items_.empty() && !closed_; });
        if (items_.empty()) return std::nullopt;
        std::optional<T> value(std::move(items_.front()));
        items_.pop_front();
        room_.wake_one();
        return value;
    }
    /// No more comes in; what is in it can still be taken out. Wakes everybody. Never blocks; twice is harmless.
    void close() noexcept {
        std::lock_guard held(guard_);
        closed_ = true;
        room_.wake_all();
        filled_.wake_all();
    }
    [[nodiscard]] std::size_t size() const {  ///< Values in it now.
        std::lock_guard held(guard_);
        return items_.size();
    }

  private:
    mutable std::mutex guard_;
    detail::wait_queue room_;
    detail::wait_queue filled_;
    std::deque<T> items_;
    const std::size_t capacity_;
    bool closed_ = false;
};

}  // namespace cardea
