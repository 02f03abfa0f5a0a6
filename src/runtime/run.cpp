// run(), spawn() and what else a program says to the loop it runs on.
#include <cardea/error.hpp>
#include <cardea/fiber.hpp>
#include <mutex>
#include <thread>

#include "fiber/loop.hpp"
#include "fiber/loop_door.hpp"
#include "fiber/scope_state.hpp"
#include "fiber/thread_execution.hpp"
#include "runtime/networks.hpp"

namespace cardea {

namespace detail {

namespace {

loop& needed_loop(const char* operation) {
    loop* here = loop::current();
    if (here == nullptr) throw error(errc::no_runtime, operation, operation);
    return *here;
}

// Work from another thread, run by a fiber of the loop's root scope.
struct posted : inbox_item {
    explicit posted(std::function<void()> w) : work(std::move(w)) {
        act = [](inbox_item& item) noexcept {
            const std::unique_ptr<posted> self(static_cast<posted*>(&item));
            loop& here = *loop::current();
            try {
                here.start({.name = "posted"}, *here.root, callable_of<std::function<void()>>, &self->work);
            } catch (...) {
                std::lock_guard held(here.root->guard);
                if (!here.root->first_failure) here.root->first_failure = std::current_exception();
            }
        };
    }
    std::function<void()> work;
};

}  // namespace

void run(const run_options& options, const callable& how, void* f) {
    const loop_network under = make_loop_network(options.network);
    loop here(*under.drives, *under.net);
    scope_state root(this_thread_execution());
    here.root = &root;
    here.start(options.main, root, how, f);
    here.run();
    if (root.first_failure) std::rethrow_exception(root.first_failure);
}

void no_result() { throw cancelled(); }

void spawn(const fiber_options& options, const callable& how, void* f) {
    loop& here = needed_loop("spawn");
    here.start(options, *here.root, how, f);
}

}  // namespace detail

void sleep(std::chrono::nanoseconds how_long) {
    const std::error_code interrupted = detail::pause(how_long.count());
    if (interrupted == errc::cancelled) throw cancelled();
    if (interrupted) throw error(interrupted, "sleep", "sleep");
}

void yield() {
    detail::loop* here = detail::loop::current();
    if (here == nullptr || here->running() == nullptr) {
        std::this_thread::yield();
    } else {
        here->yield();
    }
    if (detail::execution::current().cancel_requested()) throw cancelled();
}

namespace this_fiber {

std::string_view name() noexcept { return detail::execution::current().name(); }
void set_name(std::string_view name) noexcept { detail::execution::current().set_name(name); }
bool cancel_requested() noexcept { return detail::execution::current().cancel_requested(); }
bool on_loop() noexcept { return detail::loop::current() != nullptr; }

}  // namespace this_fiber

loop_handle loop_handle::current() {
    loop_handle h;
    h.state_ = detail::needed_loop("loop_handle::current").outside();
    return h;
}

bool loop_handle::post(std::function<void()> work) const {
    if (!state_) return false;
    auto item = std::make_unique<detail::posted>(std::move(work));
    auto& outside = *static_cast<detail::loop::door*>(state_.get());
    std::lock_guard held(outside.guard);
    if (outside.inside == nullptr) return false;
    outside.inside->submit(*item.release());
    return true;
}

loop_statistics this_loop_statistics() noexcept {
    const detail::loop* here = detail::loop::current();
    return here != nullptr ? here->statistics() : loop_statistics{};
}

}  // namespace cardea
