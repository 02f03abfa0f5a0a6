// Blocking work of a fiber, done on a thread pool, so that its loop goes on: files, databases, compression, libraries
// that know nothing of fibers.
#pragma once

#include <cardea/fiber.hpp>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace cardea {

namespace detail {
/// Runs `how.run(work)`, which must not throw, where offload() says; throws what interrupts the caller.
void run_offloaded(const callable& how, void* work);
}  // namespace detail

/// Runs `work()` on a thread of a pool while the calling fiber waits, and returns what it returned, by value (move-only
/// too); what it throws comes out here.
///
///     const std::string text = offload([&] { return read_whole_file(path); });
///
/// The work may refer to the caller's stack: offload() never returns before the work has ended. So a deadline that
/// passes and a cancellation do not stop work that has begun; once it has ended they are thrown (errc::timed_out,
/// `cancelled`), and its result, or what it threw, is dropped. Work that has not begun by then never runs.
///
/// Inside `work` the thread is a plain one: calls of Cardea block it, deadlines of the fiber do not bound it, and
/// sockets that live on the fiber's loop must not be used. Signals are not delivered to it.
///
/// The pool is the program's: at most 32 threads, made as work comes and ended after a few idle seconds; more work
/// waits its turn. It is not the one that names are looked up by. Any thread may call; concurrently too.
///
/// Where there is nobody to keep waiting the work runs on the caller's own thread: outside of loops (in the pool's
/// threads as well, so that offload() inside offload() cannot deadlock), and on simulated hosts, where a thread's
/// timing would make one run differ from the next. There it takes no virtual time, and a call of Cardea in it parks
/// the fiber.
///
/// At the program's exit: run() waits for its fibers, and each of them for its work, so a program that leaves main()
/// with no loop running has no work under way. exit() elsewhere does not wait: work under way goes on beside the
/// destructors of static objects, and ends with the process. The pool's idle threads hold up nothing.
///
/// Throws std::system_error when no thread can be had (there being none yet), std::bad_alloc.
template <class F>
auto offload(F&& work) -> std::decay_t<std::invoke_result_t<F&>> {
    using result = std::decay_t<std::invoke_result_t<F&>>;
    std::exception_ptr failure;
    if constexpr (std::is_void_v<result>) {
        auto body = [&]() noexcept {
            try {
                work();
            } catch (...) {
                failure = std::current_exception();
            }
        };
        detail::run_offloaded(detail::callable_of<decltype(body)>, &body);
        if (failure) std::rethrow_exception(std::move(failure));
    } else {
        std::optional<result> out;
        auto body = [&]() noexcept {
            try {
                out.emplace(work());
            } catch (...) {
                failure = std::current_exception();
            }
        };
        detail::run_offloaded(detail::callable_of<decltype(body)>, &body);
        if (failure) std::rethrow_exception(std::move(failure));
        return std::move(*out);
    }
}

}  // namespace cardea
