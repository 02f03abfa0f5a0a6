// How a fiber waits for a std::future, which has no way to tell anybody: a helper thread waits for it.
#include <atomic>
#include <cardea/future.hpp>

#include "fiber/execution.hpp"
#include "fiber/offload.hpp"

namespace cardea::detail {

void await_other_threads(std::function<bool(std::chrono::nanoseconds)> wait_a_while) {
    // How long a thread may go on waiting for what nobody wants to know any more, or before the next future's turn.
    static constexpr std::chrono::milliseconds look_up_after{100};
    if (in_simulated_world()) throw error(errc::not_supported, "await", "await a future on a simulated host");
    const activity what{"await of a future"};
    const blocking_call whole(execution::current(), what);
    std::error_code failed = execution::current().interruption();
    if (!failed) {
        const auto left = std::make_shared<std::atomic<bool>>(false);
        failed = offload_in_turns([left, wait = std::move(wait_a_while)] {
            return left->load(std::memory_order_relaxed) || wait(look_up_after);
        });
        left->store(true, std::memory_order_relaxed);
    }
    if (failed == errc::cancelled) throw cancelled();
    if (failed) throw error(failed, "await", "await a future");
}

}  // namespace cardea::detail
