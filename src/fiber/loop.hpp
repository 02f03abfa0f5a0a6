// One thread's scheduler: which fiber runs, who sleeps until when, what other threads ask for. It knows its driver (a
// network) only as something that tells the time and waits.
#pragma once

#include <atomic>
#include <cardea/fiber.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "fiber/driver.hpp"
#include "fiber/fiber.hpp"
#include "fiber/loop_pulse.hpp"
#include "fiber/stack_pool.hpp"
#include "fiber/timer_wheel.hpp"

namespace cardea {
class network;
}

namespace cardea::detail {

class loop {
  public:
    /// Fibers resumed, and calls that succeeded without parking, between two looks at the network.
    static constexpr int budget_per_turn = 256;

    /// Becomes this thread's loop. Throws std::logic_error if it has one. `net` is the network of its first fiber;
    /// where a driver drives one network only, they are the same object.
    loop(driver& drives, network& net);
    ~loop();
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;

    static loop* current() noexcept { return current_; }
    [[nodiscard]] fiber* running() const noexcept { return running_; }
    /// The network of the running fiber; between fibers, the one that the loop was made with.
    [[nodiscard]] network& net() const noexcept { return running_ != nullptr ? *running_->net : net_; }
    [[nodiscard]] bool has_ready() const noexcept { return first_ != nullptr; }
    [[nodiscard]] std::int64_t clock_ns() const noexcept { return driver_.clock_ns(); }
    [[nodiscard]] bool in_virtual_time() const noexcept { return driver_.is_virtual(); }
    /// The clock as it was after the last wait.
    [[nodiscard]] std::int64_t recent_ns() const noexcept { return recent_ns_; }

    /// Makes a fiber, ready to run, on the network of the running one. Throws std::system_error when there is no stack.
    fiber& start(const fiber_options& options, scope_state& of, const callable& how, void* body);
    /// Runs fibers until none is left; afterwards nobody can post work any more.
    void run() noexcept;

    /// For a loop inside another one: to be its thread's loop for a while only, between step_in() and step_out(), and
    /// one round of run() that does not wait. turn() returns how long, in nanoseconds, nothing will be to do unless the
    /// driver's descriptor becomes readable; negative: for ever.
    void step_in() noexcept;
    void step_out() noexcept;
    std::int64_t turn() noexcept;

    /// The running fiber waits. See execution::park.
    wake park(patience how) noexcept;
    /// Ends the fiber's park, if it is parked. This loop's thread only.
    void make_ready(fiber& f, wake why = wake::ready) noexcept {
        if (f.now != fiber::state::parked) return;
        f.now = fiber::state::ready;
        f.reason = why;
        enqueue(f);
    }
    /// Lets other ready fibers and the network have a turn.
    void yield() noexcept;
    /// To be called when a call succeeded without parking: yields when the turn's budget is used up, so that a fiber
    /// whose peer is always ready does not keep the loop to itself.
    void count_call() noexcept {
        if (--budget_ <= 0) yield();
    }
    /// Has `item.act` called on this loop's thread. Any thread.
    void submit(inbox_item& item) noexcept;
    /// Makes run() look at the network again soon. Any thread.
    void wake_up() noexcept;

    [[nodiscard]] loop_statistics statistics() const noexcept;
    /// The numbers that other threads may read.
    [[nodiscard]] const loop_pulse& pulse() const noexcept { return pulse_; }
    /// The first of all its fibers; they are linked by next_alive. This loop's thread only.
    [[nodiscard]] fiber* fibers() const noexcept { return alive_; }
    /// Its number among all loops that the process has had, from 1 on.
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    [[nodiscard]] const char* network_name() const noexcept;
    /// Shared with loop_handle; cut off when the loop ends.
    struct door;
    [[nodiscard]] const std::shared_ptr<door>& outside() const noexcept { return outside_; }
    /// The scope of run() itself: what spawn() and posted work join.
    scope_state* root = nullptr;

  private:
    void enqueue(fiber& f) noexcept {
        f.next_ready = nullptr;
        *(first_ == nullptr ? &first_ : &last_->next_ready) = &f;
        last_ = &f;
    }
    fiber* dequeue() noexcept {
        fiber* f = first_;
        if (f != nullptr) first_ = f->next_ready;
        return f;
    }
    static void fiber_main(void* self);
    void switch_away(context& from) noexcept;
    void resume_first() noexcept;
    void reap() noexcept;
    void drain_inbox() noexcept;
    void fire_timers() noexcept;
    bool closed_for_good() noexcept;
    std::int64_t time_to_wait() noexcept;
    void look_at_network(std::int64_t timeout_ns) noexcept;
    void bury(fiber& f) noexcept;
    void turn_ends() noexcept;

    static thread_local loop* current_;

    driver& driver_;
    network& net_;
    fiber* running_ = nullptr;
    fiber* first_ = nullptr;
    fiber* last_ = nullptr;
    fiber* ended_ = nullptr;
    fiber* alive_ = nullptr;
    int budget_ = 0;
    std::size_t fibers_ = 0;
    std::uint64_t switches_ = 0;
    std::uint64_t waits_ = 0;
    std::uint64_t started_ = 0;
    std::int64_t recent_ns_;
    timer_wheel timers_;
    context thread_;
    stack_pool stacks_;
    std::atomic<inbox_item*> inbox_{nullptr};
    std::atomic<bool> asleep_{false};
    std::shared_ptr<door> outside_;
    loop_pulse pulse_;
    const std::uint64_t number_;
    friend struct all_loops;
    loop* next_loop_ = nullptr;
    loop* previous_loop_ = nullptr;
};

}  // namespace cardea::detail
