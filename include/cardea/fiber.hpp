// Fibers and their structure: run, spawn, scope, sleep, yield. A fiber is a function with a stack of its own whose
// blocking calls park it, not its thread.
#pragma once

#include <cardea/deadline.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cardea {

class network;

namespace detail {

/// How a callable crosses into the library: what it needs, how to move it in, how to run it once and be rid of it.
struct callable {
    std::size_t size;
    std::size_t align;
    void (*move_to)(void* to, void* from);
    void (*run)(void* self);  // may throw; does not destroy
    void (*destroy)(void* self) noexcept;
};

template <class F>
inline constexpr callable callable_of{
    sizeof(F), alignof(F), [](void* to, void* from) { ::new (to) F(std::move(*static_cast<F*>(from))); },
    [](void* self) { (*static_cast<F*>(self))(); }, [](void* self) noexcept { static_cast<F*>(self)->~F(); }};

struct scope_state;

}  // namespace detail

/// How a fiber is made.
struct fiber_options {
    /// Shown in errors, traces and dumps; kept up to 31 bytes. Empty: "fiber-N".
    std::string_view name = {};
    /// Stack reserved, in bytes; committed as touched. An overflow ends the program with a message naming the fiber.
    std::size_t stack_size = 256 * 1024;
};

/// How run() makes its loop.
struct run_options {
    /// "uring", "epoll", "sim", "tun:..." (docs/tun.md); empty: CARDEA_NETWORK's, else the best that works here.
    std::string_view network = {};
    fiber_options main = {.name = "main"};
};

/// A nursery: no fiber spawned in it outlives it. In a loop it spawns fibers; on a plain thread outside of any loop it
/// spawns threads, with the same meaning. Belongs to the fiber or thread that made it.
class scope {
  public:
    scope();
    /// Cancels what still runs and waits for it; failures nobody joined for are lost, as with std::jthread.
    ~scope();
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

    /// Starts `f` on a fiber of this loop. It runs when the caller next blocks. `f` is moved onto the new stack. Only
    /// the owner and the scope's own fibers may call it. Throws std::system_error when no stack, or no thread, can be
    /// had; the scope is as before.
    template <class F>
    void spawn(F&& f) {
        spawn(fiber_options{}, std::forward<F>(f));
    }
    template <class F>
    void spawn(const fiber_options& options, F&& f) {
        std::decay_t<F> local(std::forward<F>(f));
        start(options, detail::callable_of<std::decay_t<F>>, &local);
    }
    /// Waits for all of them. Rethrows the first failure, having cancelled the rest and waited for them. If the
    /// waiter's own deadline passes, or it is cancelled, the scope is cancelled and waited for, then that is thrown.
    void join();
    /// Asks every fiber of the scope to stop: its current or next blocking call throws `cancelled`. Does not wait. Any
    /// thread may call it.
    void cancel() noexcept;

  private:
    void start(const fiber_options& options, const detail::callable& how, void* f);
    std::unique_ptr<detail::scope_state> state_;
};

namespace detail {
void run(const run_options& options, const callable& how, void* f);
/// The first fiber ended by `cancelled` and returned nothing: throws that.
[[noreturn]] void no_result();
void spawn(const fiber_options& options, const callable& how, void* f);
}  // namespace detail

/// Makes a loop on this thread, runs `f` as its first fiber, and returns when `f` and every fiber spawned with spawn()
/// have ended; returns what `f` returned. The first failure cancels the rest and is rethrown. Not inside another run().
template <class F>
auto run(const run_options& options, F&& f) {
    using result = std::invoke_result_t<std::decay_t<F>&>;
    if constexpr (std::is_void_v<result>) {
        auto body = [&f] { f(); };
        detail::run(options, detail::callable_of<decltype(body)>, &body);
    } else {
        alignas(result) std::byte storage[sizeof(result)];
        auto* out = reinterpret_cast<result*>(storage);
        bool made = false;
        struct destroyer {
            result* out;
            bool& made;
            ~destroyer() {
                if (made) out->~result();
            }
        } guard{out, made};
        auto body = [&f, out, &made] {
            ::new (static_cast<void*>(out)) result(f());
            made = true;
        };
        detail::run(options, detail::callable_of<decltype(body)>, &body);
        if (!made) detail::no_result();
        return std::move(*out);
    }
}
template <class F>
requires(!std::is_convertible_v<F, run_options>) auto run(F&& f) { return run(run_options{}, std::forward<F>(f)); }

/// Starts `f` on a fiber that run() waits for. It runs when the caller next blocks. What it throws cancels the others
/// and comes out of run(). Throws cardea::error (errc::no_runtime) outside of a loop, and std::system_error when no
/// stack can be had.
template <class F>
void spawn(const fiber_options& options, F&& f) {
    std::decay_t<F> local(std::forward<F>(f));
    detail::spawn(options, detail::callable_of<std::decay_t<F>>, &local);
}
template <class F>
requires(!std::is_convertible_v<F, fiber_options>) void spawn(F&& f) { spawn(fiber_options{}, std::forward<F>(f)); }

/// Blocks for that long, or until the deadline around it (errc::timed_out). A fiber's sleep keeps no thread.
void sleep(std::chrono::nanoseconds how_long);
template <class Rep, class Period>
void sleep(std::chrono::duration<Rep, Period> how_long) {
    sleep(detail::in_ns(how_long));
}
/// Lets the other fibers of this loop that are ready run first; on a plain thread, std::this_thread::yield().
void yield();

/// About the running fiber.
namespace this_fiber {
/// Its name; a plain thread's is "thread-N".
std::string_view name() noexcept;
void set_name(std::string_view name) noexcept;
/// Somebody has asked it to stop; its next blocking call throws `cancelled`.
bool cancel_requested() noexcept;
/// True inside run().
bool on_loop() noexcept;
}  // namespace this_fiber

/// A way into a running loop from other threads. Copyable; outlives its loop harmlessly.
class loop_handle {
  public:
    /// The loop running here. Throws errc::no_runtime outside of one.
    static loop_handle current();
    /// Has the loop run `work` on a fiber of its own, soon, and does not wait for it. False: the loop has ended and
    /// `work` was dropped. What `work` throws, and that no stack could be had for it, counts as the failure of a fiber
    /// that spawn() has started: it cancels the loop's others and comes out of its run() (but `cancelled`, which ends
    /// that fiber only). Throws std::bad_alloc. Any thread may call it.
    bool post(std::function<void()> work) const;

  private:
    std::shared_ptr<void> state_;
};

/// Numbers of this thread's loop, for tests and metrics. All zero outside of a loop.
struct loop_statistics {
    std::size_t fibers = 0;         ///< alive now
    std::size_t sockets = 0;        ///< open now
    std::uint64_t switches = 0;     ///< fiber switches so far
    std::uint64_t waits = 0;        ///< times the loop entered the kernel to wait or submit
    std::size_t stacks_cached = 0;  ///< idle stacks kept for reuse
};
loop_statistics this_loop_statistics() noexcept;  ///< As they are now.

}  // namespace cardea
