// Between fibers and the rest of a program by std::future: a fiber's result for any thread, and any future for a fiber.
#pragma once

#include <cardea/error.hpp>
#include <cardea/fiber.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <type_traits>
#include <utility>

namespace cardea {

namespace detail {
/// Waits until `wait_a_while` says that it is over; throws what interrupts the caller, and then it may still run once.
void await_other_threads(std::function<bool(std::chrono::nanoseconds)> wait_a_while);
}  // namespace detail

/// Has the loop run `f` on a fiber of its own, and returns at once with the future of what `f` returns or throws. Any
/// thread may call it.
///
///     std::future<std::string> answer = spawn_future(handle, [] { return ask("192.0.2.1:7"); });
///     ... answer.get();  // blocks this thread, not the loop
///
/// `f` is moved; it and its result may be move-only. What `f` throws goes to the future alone: it does not end run(). A
/// fiber that is cancelled makes get() throw `cancelled`. If the loop has ended, or has no stack for the fiber, the
/// future gets cardea::error (errc::no_runtime). run() waits for the fiber; dropping the future stops nothing. A fiber
/// must not call get() on it, which would block its loop, for ever if it is the same one: see await().
/// Throws std::bad_alloc.
template <class F>
auto spawn_future(const loop_handle& where, F&& f) -> std::future<std::invoke_result_t<std::decay_t<F>&>> {
    using result = std::invoke_result_t<std::decay_t<F>&>;
    struct task {
        std::decay_t<F> work;
        std::promise<result> outcome = {};
        bool begun = false;

        explicit task(F&& from) : work(std::forward<F>(from)) {}
        task(const task&) = delete;
        task& operator=(const task&) = delete;
        ~task() {  // the last one to know it: nobody will run it
            if (begun) return;
            try {
                outcome.set_exception(std::make_exception_ptr(error(errc::no_runtime, "spawn_future", "spawn_future")));
            } catch (...) {  // no memory for that: the promise is broken
            }
        }
        void run() {
            begun = true;
            try {
                if constexpr (std::is_void_v<result>) {
                    work();
                    outcome.set_value();
                } else {
                    outcome.set_value(work());
                }
            } catch (...) {
                outcome.set_exception(std::current_exception());
            }
        }
    };
    auto shared = std::make_shared<task>(std::forward<F>(f));
    std::future<result> promised = shared->outcome.get_future();
    where.post([shared = std::move(shared)] { shared->run(); });
    return promised;
}

/// What the future holds, or throws it; the caller waits for it as in any blocking call: a fiber parks and its loop
/// goes on. For futures of any origin: std::async, a promise of another thread, spawn_future().
///
///     const int n = await(std::async(std::launch::async, compute));
///
/// A deadline that passes (cardea::error, errc::timed_out) and a cancellation end the wait at once; the future is used
/// up all the same, and its result is dropped when it comes. The last future of std::async waits for its work in its
/// destructor: that happens on the pool's thread.
///
/// A thread of a pool waits for each future that is not ready, and looks ten times a second whether the caller is still
/// there; of more than 32 at once each has a turn of that length, again and again. The pool is not that of offload(),
/// which a future may well wait for. A deferred future runs on that thread. A future that is
/// ready costs nothing. On simulated hosts, where nothing may depend on other threads, only a future that is ready can
/// be awaited: errc::not_supported. A future without a state: std::future_error (no_state).
template <class T>
T await(std::future<T>&& from) {
    if (!from.valid()) throw std::future_error(std::future_errc::no_state);
    auto shared = std::make_shared<std::future<T>>(std::move(from));
    if (shared->wait_for(std::chrono::nanoseconds(0)) != std::future_status::ready) {
        detail::await_other_threads([shared](std::chrono::nanoseconds at_most) {
            const std::future_status status = shared->wait_for(at_most);
            if (status == std::future_status::deferred) shared->wait();
            return status != std::future_status::timeout;
        });
    }
    return shared->get();
}

}  // namespace cardea
