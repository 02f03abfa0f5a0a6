// The scheduler: turns of ready fibers, then one look at the network, timers and other threads' requests.
#include "fiber/loop.hpp"

#include <algorithm>
#include <array>
#include <cardea/network.hpp>
#include <charconv>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "fiber/all_loops.hpp"
#include "fiber/loop_door.hpp"
#include "fiber/overflow.hpp"
#include "fiber/scope_state.hpp"

namespace cardea::detail {

constinit thread_local loop* loop::current_ = nullptr;

namespace {

std::uint64_t next_number() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

fiber::fiber(loop& at, const stack& given, scope_state& scope, const callable& calls, void* object) noexcept
    : home(at), on(given), of(scope), how(calls), body(object), net(&at.net()) {
    if (const fiber* from = at.running()) wrapper = from->wrapper;
    timer.target = this;
    remote.target = this;
    remote.act = [](inbox_item& item) noexcept {
        auto& wake_up = static_cast<remote_wake&>(item);
        fiber& f = *wake_up.target;
        wake_up.pending.store(false, std::memory_order_release);
        f.home.make_ready(f);
    };
}

wake fiber::park(patience how_long) noexcept { return home.park(how_long); }

void fiber::unpark() noexcept {
    if (loop::current() == &home) {
        home.make_ready(*this);
    } else if (!remote.pending.exchange(true, std::memory_order_acq_rel)) {
        home.submit(remote);
    }
}

std::int64_t fiber::now_ns() const noexcept { return home.clock_ns(); }
std::int64_t fiber::recent_ns() const noexcept { return home.recent_ns(); }

loop::loop(driver& drives, network& net)
    : driver_(drives),
      net_(net),
      recent_ns_(drives.clock_ns()),
      timers_(recent_ns_),
      outside_(std::make_shared<door>()),
      number_(next_number()) {
    if (current_ != nullptr) throw std::logic_error("run() inside run(): this thread has a loop already");
    watch_for_overflow();  // may throw: before anybody can see this loop
    current_ = this;
    outside_->inside = this;
    adopt_thread_context(thread_);
    all_loops::add(*this);
}

loop::~loop() {
    all_loops::remove(*this);
    if (current_ == this) current_ = nullptr;
}

fiber& loop::start(const fiber_options& options, scope_state& of, const callable& how, void* body) {
    const stack on = stacks_.take(options.stack_size);
    // From the top down: the fiber's record, its function object, its frames. Stacks lie a round distance apart, and
    // without different beginnings the busy lines of all of them would fall into the same few sets of the caches.
    constexpr std::uint64_t beginnings = 16;
    constexpr std::uint64_t line = 64;
    auto at = reinterpret_cast<std::uintptr_t>(on.top()) - started_ % beginnings * line;
    at = (at - sizeof(fiber)) & ~(std::uintptr_t{alignof(fiber)} - 1);
    void* record = reinterpret_cast<void*>(at);
    at = (at - how.size) & ~(std::uintptr_t{std::max<std::size_t>(how.align, 64)} - 1);
    void* moved = reinterpret_cast<void*>(at);
    if (at < reinterpret_cast<std::uintptr_t>(on.low) + stack_pool::minimum_size / 2) {
        stacks_.give_back(on);
        throw std::length_error("spawn: the function object leaves no room on a stack of " + std::to_string(on.size) +
                                " bytes");
    }
    try {
        how.move_to(moved, body);
    } catch (...) {
        stacks_.give_back(on);
        throw;
    }
    auto& f = *::new (record) fiber(*this, on, of, how, moved);
    ++started_;
    if (options.name.empty()) {
        std::array<char, 32> text{'f', 'i', 'b', 'e', 'r', '-'};
        const auto end = std::to_chars(text.data() + 6, text.data() + text.size(), started_).ptr;
        f.set_name({text.data(), end});
    } else {
        f.set_name(options.name);
    }
    make_context(f.machine, moved, static_cast<std::size_t>(static_cast<std::byte*>(moved) - on.low), fiber_main, &f);
    ++fibers_;
    f.next_alive = alive_;
    if (alive_ != nullptr) alive_->previous_alive = &f;
    alive_ = &f;
    of.add(f);
    enqueue(f);
    return f;
}

void loop::fiber_main(void* self) {
    auto& f = *static_cast<fiber*>(self);
    loop& home = f.home;
    home.reap();
    std::exception_ptr failure;
    try {
        f.how.run(f.body);
    } catch (const cancelled&) {  // it was asked to end, and has
    } catch (...) {
        failure = std::current_exception();
    }
    f.how.destroy(f.body);
    f.of.child_ended(f, std::move(failure));
    // A wake-up from another thread may still be on its way to this record.
    while (f.remote.pending.load(std::memory_order_acquire)) home.drain_inbox();
    f.now = fiber::state::ended;
    home.bury(f);
    fiber* next = --home.budget_ > 0 ? home.dequeue() : nullptr;
    home.running_ = next;
    if (next != nullptr) {
        next->now = fiber::state::running;
        ++home.switches_;
    }
    leave_context(f.machine, next != nullptr ? next->machine : home.thread_);
}

void loop::bury(fiber& f) noexcept {
    (f.previous_alive != nullptr ? f.previous_alive->next_alive : alive_) = f.next_alive;
    if (f.next_alive != nullptr) f.next_alive->previous_alive = f.previous_alive;
    --fibers_;
    ended_ = &f;
}

// The stack of a fiber that has ended is given back by whoever runs next: nobody can free the ground he stands on.
void loop::reap() noexcept {
    if (ended_ == nullptr) return;
    fiber* f = std::exchange(ended_, nullptr);
    destroy_context(f->machine);
    const stack on = f->on;
    f->~fiber();
    stacks_.give_back(on);
}

void loop::switch_away(context& from) noexcept {
    fiber* next = --budget_ > 0 ? dequeue() : nullptr;
    running_ = next;
    ++switches_;
    if (next == nullptr) {
        switch_context(from, thread_);
    } else {
        next->now = fiber::state::running;
        if (&next->machine != &from) switch_context(from, next->machine);
    }
    reap();
}

wake loop::park(patience how) noexcept {
    fiber& f = *running_;
    if (how == patience::interruptible) {
        if (f.cancel_requested()) return wake::cancelled;
        const std::int64_t until = f.wait_until();
        if (until != never_ns) timers_.add(f.timer, until);
    }
    f.now = fiber::state::parked;
    f.parked_ns = recent_ns_;
    switch_away(f.machine);
    if (f.timer.armed) timers_.remove(f.timer);
    if (how == patience::interruptible && f.cancel_requested()) return wake::cancelled;
    return f.reason;
}

void loop::yield() noexcept {
    fiber& f = *running_;
    f.now = fiber::state::ready;
    enqueue(f);
    switch_away(f.machine);
}

void loop::resume_first() noexcept {
    fiber* next = dequeue();
    running_ = next;
    next->now = fiber::state::running;
    ++switches_;
    switch_context(thread_, next->machine);
    reap();
}

void loop::run() noexcept {
    for (;;) {
        budget_ = budget_per_turn;
        while (first_ != nullptr && budget_ > 0) resume_first();
        turn_ends();
        if (fibers_ == 0 && closed_for_good()) return;
        look_at_network(time_to_wait());
        drain_inbox();
        fire_timers();
    }
}

void loop::step_in() noexcept {
    current_ = this;
    asleep_.store(false, std::memory_order_relaxed);
}

void loop::step_out() noexcept { current_ = nullptr; }

std::int64_t loop::turn() noexcept {
    look_at_network(0);
    drain_inbox();
    fire_timers();
    budget_ = budget_per_turn;
    while (first_ != nullptr && budget_ > 0) resume_first();
    turn_ends();
    driver_.wait(0);  // submits what they have begun, and may find it done
    return time_to_wait();
}

// The last fiber has ended. Work posted before the door is shut is still run; none can come after.
bool loop::closed_for_good() noexcept {
    std::lock_guard held(outside_->guard);
    drain_inbox();
    if (fibers_ > 0) return false;
    outside_->inside = nullptr;
    return true;
}

// Nanoseconds until something is due; negative: nothing is. Unless that is at once, other threads must wake us from now
// on. Dekker's handshake with submit(): either it sees that we sleep, or we see its item.
std::int64_t loop::time_to_wait() noexcept {
    if (first_ != nullptr) return 0;
    asleep_.store(true, std::memory_order_seq_cst);
    if (inbox_.load(std::memory_order_seq_cst) != nullptr) return 0;
    const std::int64_t next = timers_.next();
    return next == never_ns ? -1 : std::max<std::int64_t>(next - driver_.clock_ns(), 0);
}

void loop::look_at_network(std::int64_t timeout_ns) noexcept {
    ++waits_;
    driver_.wait(timeout_ns);
    asleep_.store(false, std::memory_order_relaxed);
    recent_ns_ = driver_.clock_ns();
}

// For who looks from outside, before each look at the network.
void loop::turn_ends() noexcept {
    pulse_.turns.add(driver_.clock_ns() - recent_ns_);
    pulse_.fibers.store(fibers_, std::memory_order_relaxed);
    pulse_.sockets.store(driver_.open_sockets(), std::memory_order_relaxed);
    pulse_.switches.store(switches_, std::memory_order_relaxed);
    pulse_.waits.store(waits_, std::memory_order_relaxed);
}

void loop::fire_timers() noexcept {
    timer_node* due = timers_.expire(recent_ns_);
    while (due != nullptr) {
        timer_node* node = std::exchange(due, due->next);
        node->next = nullptr;
        make_ready(*static_cast<fiber::wake_timer*>(node)->target, wake::timed_out);
    }
}

void loop::submit(inbox_item& item) noexcept {
    inbox_item* head = inbox_.load(std::memory_order_relaxed);
    do {
        item.next = head;
    } while (!inbox_.compare_exchange_weak(head, &item, std::memory_order_seq_cst, std::memory_order_relaxed));
    wake_up();
}

void loop::wake_up() noexcept {
    if (asleep_.load(std::memory_order_seq_cst) && asleep_.exchange(false, std::memory_order_seq_cst)) {
        driver_.wake_up();
    }
}

void loop::drain_inbox() noexcept {
    if (inbox_.load(std::memory_order_relaxed) == nullptr) return;
    inbox_item* taken = inbox_.exchange(nullptr, std::memory_order_acquire);
    inbox_item* in_order = nullptr;
    while (taken != nullptr) {
        inbox_item* item = std::exchange(taken, taken->next);
        item->next = in_order;
        in_order = item;
    }
    while (in_order != nullptr) {
        inbox_item* item = std::exchange(in_order, in_order->next);
        item->act(*item);
    }
}

const char* loop::network_name() const noexcept { return net_.name(); }

loop_statistics loop::statistics() const noexcept {
    return {.fibers = fibers_,
            .sockets = driver_.open_sockets(),
            .switches = switches_,
            .waits = waits_,
            .stacks_cached = stacks_.idle()};
}

}  // namespace cardea::detail
