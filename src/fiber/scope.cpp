// scope: children as fibers of the owner's loop, or as threads outside of loops; first failure, cancellation, joining.
#include <algorithm>
#include <cardea/error.hpp>
#include <cardea/fiber.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "fiber/loop.hpp"
#include "fiber/scope_state.hpp"
#include "fiber/thread_execution.hpp"

namespace cardea {

namespace detail {

void scope_state::add(execution& child) noexcept {
    std::lock_guard held(guard);
    ++alive;
    link(child);
}

void scope_state::link(execution& child) noexcept {
    child.previous_sibling = nullptr;
    child.next_sibling = children;
    if (children != nullptr) children->previous_sibling = &child;
    children = &child;
    if (cancelled) child.request_cancel();
}

void scope_state::cancel_children() noexcept {
    cancelled = true;
    for (execution* child = children; child != nullptr; child = child->next_sibling) child->request_cancel();
}

void scope_state::child_ended(execution& child, std::exception_ptr failure) noexcept {
    std::lock_guard held(guard);
    (child.previous_sibling != nullptr ? child.previous_sibling->next_sibling : children) = child.next_sibling;
    if (child.next_sibling != nullptr) child.next_sibling->previous_sibling = child.previous_sibling;
    --alive;
    if (failure && !first_failure) {
        first_failure = std::move(failure);
        cancel_children();
    }
    if (alive == 0 && owner_waits) owner.unpark();
}

void scope_state::cancel() noexcept {
    std::lock_guard held(guard);
    cancel_children();
}

wake scope_state::wait_for_children(patience how) noexcept {
    const activity what{"join of a scope"};
    const blocking_call whole(owner, what);
    wake ended_by = wake::ready;
    std::unique_lock held(guard);
    owner_waits = true;
    while (alive > 0) {
        held.unlock();
        const wake why = owner.park(how);
        held.lock();
        if (alive > 0 && why != wake::ready) {
            ended_by = why;
            how = patience::uninterruptible;
            cancel_children();
        }
    }
    owner_waits = false;
    std::list<scope_thread> ended;
    ended.swap(threads);
    held.unlock();
    for (scope_thread& t : ended) t.handle.join();
    return ended_by;
}

namespace {

// A scope's child outside of any loop: a thread of its own, with a copy of the function object.
class child_thread {
  public:
    child_thread(scope_state& of, const fiber_options& options, const callable& how, void* f)
        : of_(of), how_(how), name_(options.name), memory_(std::aligned_alloc(aligned(how), rounded(how))) {
        if (memory_ == nullptr) throw std::bad_alloc();
        try {
            how.move_to(memory_, f);
        } catch (...) {
            std::free(memory_);
            throw;
        }
    }
    ~child_thread() {
        if (memory_ == nullptr) return;
        how_.destroy(memory_);
        std::free(memory_);
    }
    child_thread(const child_thread&) = delete;
    child_thread& operator=(const child_thread&) = delete;

    void operator()(scope_thread& mine) noexcept {
        thread_execution& me = this_thread_execution();
        me.set_cancellable();
        me.wrapper = wrapper_;
        if (!name_.empty()) me.set_name(name_);
        {
            std::lock_guard held(of_.guard);
            of_.link(me);  // counted when it was spawned
        }
        std::exception_ptr failure;
        try {
            how_.run(memory_);
        } catch (const cancelled&) {  // it was asked to end, and has
        } catch (...) {
            failure = std::current_exception();
        }
        how_.destroy(memory_);
        std::free(std::exchange(memory_, nullptr));
        {
            std::lock_guard held(of_.guard);
            mine.ended = true;
        }
        of_.child_ended(me, std::move(failure));
    }

  private:
    static std::size_t aligned(const callable& how) noexcept { return std::max(how.align, alignof(std::max_align_t)); }
    static std::size_t rounded(const callable& how) noexcept {
        return (how.size + aligned(how) - 1) / aligned(how) * aligned(how);
    }

    scope_state& of_;
    const callable& how_;
    std::string name_;
    network* wrapper_ = this_thread_execution().wrapper;  // of whoever spawns it
    void* memory_;
};

void start_thread(scope_state& of, const fiber_options& options, const callable& how, void* f) {
    auto child = std::make_unique<child_thread>(of, options, how, f);
    std::list<scope_thread> made(1);
    std::list<scope_thread> ended;
    {
        std::lock_guard held(of.guard);
        made.front().handle = std::thread([child = std::move(child), &mine = made.front()] { (*child)(mine); });
        ++of.alive;
        for (auto t = of.threads.begin(); t != of.threads.end();) {
            const auto here = t++;
            if (here->ended) ended.splice(ended.end(), of.threads, here);
        }
        of.threads.splice(of.threads.end(), made);
    }
    // A thread that has not been joined keeps its stack: those of a long-lived scope must not pile up.
    for (scope_thread& t : ended) t.handle.join();
}

}  // namespace
}  // namespace detail

scope::scope() : state_(std::make_unique<detail::scope_state>(detail::execution::current())) {}

scope::~scope() {
    state_->cancel();
    state_->wait_for_children(detail::patience::uninterruptible);
}

void scope::start(const fiber_options& options, const detail::callable& how, void* f) {
    if (detail::loop* here = detail::loop::current(); here != nullptr && here->running() != nullptr) {
        here->start(options, *state_, how, f);
    } else {
        detail::start_thread(*state_, options, how, f);
    }
}

void scope::join() {
    const detail::wake ended_by = state_->wait_for_children(detail::patience::interruptible);
    if (std::exception_ptr failure = std::exchange(state_->first_failure, nullptr)) {
        state_->cancelled = false;
        std::rethrow_exception(failure);
    }
    if (ended_by == detail::wake::cancelled) throw cancelled();
    if (ended_by == detail::wake::timed_out) throw error(errc::timed_out, "join", "join of a scope");
}

void scope::cancel() noexcept { state_->cancel(); }

}  // namespace cardea
