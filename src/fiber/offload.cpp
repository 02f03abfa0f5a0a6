// The helper threads: made as work comes, ended when idle. What nobody waits for any more does not hold up the rest: an
// abandoned errand that has not begun is dropped, unless it is owed, and one that has begun does not count among the
// threads at work.
#include "fiber/offload.hpp"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <cardea/offload.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "fiber/execution.hpp"
#include "fiber/loop.hpp"

namespace cardea::detail {

namespace {

/// Threads at work for somebody who waits, in each pool.
constexpr std::size_t attended_limit = 32;
/// Threads in all: the others are caught in calls that nobody waits for, as look-ups of names that no server answers.
constexpr std::size_t thread_limit = 128;
constexpr std::chrono::seconds idle_limit{5};

/// What becomes of work when whoever asked for it is interrupted: has it begun, it is left alone or seen to its end;
/// has it not, it is dropped, unless it is owed.
enum class interrupted : std::uint8_t { leaves_it, sees_it_end, leaves_it_owed };

struct errand {
    enum class state : std::uint8_t { queued, running, ended };

    /// Gives false where it wants another turn.
    std::function<bool()> work;
    std::list<std::shared_ptr<errand>>::iterator place;
    // The rest is guarded by the helpers' lock.
    execution* waiting = nullptr;
    bool attended = false;
    bool owed = false;
    state stands = state::queued;
};

// Signals are for the program's own threads: one that a helper took would interrupt nobody's wait.
class signals_held_back {
  public:
    signals_held_back() noexcept {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~signals_held_back() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signals_held_back(const signals_held_back&) = delete;
    signals_held_back& operator=(const signals_held_back&) = delete;

  private:
    sigset_t before_{};
};

class helpers {
  public:
    helpers* before = nullptr;  // see pool

    void add(const std::shared_ptr<errand>& e) {
        std::unique_lock held(guard_);
        e->place = queue_.insert(queue_.end(), e);
        if (idle_ >= queue_.size()) {
            filled_.notify_one();
            return;
        }
        try {
            grow();
        } catch (...) {
            if (threads_ > 0) return;  // somebody will come to it
            queue_.erase(e->place);
            throw;
        }
    }

    /// Waits until it is done, or the caller is interrupted.
    std::error_code wait_for(errand& e, interrupted how) noexcept {
        std::unique_lock held(guard_);
        wake why = wake::ready;
        while (e.stands != errand::state::ended && why == wake::ready) why = park(held, e, patience::interruptible);
        if (how == interrupted::sees_it_end && e.stands != errand::state::queued) {
            while (e.stands != errand::state::ended) park(held, e, patience::uninterruptible);
            e.waiting = nullptr;
            return to_error(why);
        }
        e.waiting = nullptr;
        if (e.stands == errand::state::ended) return {};
        abandon(e);
        return to_error(why);
    }

    bool has_ended(const errand& e) noexcept {
        const std::lock_guard held(guard_);
        return e.stands == errand::state::ended;
    }
    /// Whoever asked for it waits for it no longer.
    void leave(errand& e) noexcept {
        const std::lock_guard held(guard_);
        e.waiting = nullptr;
        if (e.stands != errand::state::ended) abandon(e);
    }

  private:
    static wake park(std::unique_lock<std::mutex>& held, errand& e, patience how) noexcept {
        held.unlock();
        const wake why = e.waiting->park(how);
        held.lock();
        return why;
    }

    void abandon(errand& e) noexcept {
        e.attended = false;
        if (e.stands == errand::state::queued) {
            if (!e.owed) queue_.erase(e.place);
            return;
        }
        ++unattended_;
        if (queue_.size() <= idle_) return;
        try {
            grow();
        } catch (...) {  // the next thread that is free comes to it
        }
    }

    void grow() {
        if (threads_ - unattended_ >= attended_limit || threads_ >= thread_limit) return;
        const signals_held_back quiet;
        std::thread([this] { serve(); }).detach();
        ++threads_;
    }

    void serve() {
        std::unique_lock held(guard_);
        for (;;) {
            ++idle_;
            const bool more = filled_.wait_for(held, idle_limit, [this] { return !queue_.empty(); });
            --idle_;
            if (!more) break;
            run(held);
            if (threads_ - unattended_ > attended_limit) break;
        }
        --threads_;
    }

    void run(std::unique_lock<std::mutex>& held) {
        std::list<std::shared_ptr<errand>> mine;
        mine.splice(mine.end(), queue_, queue_.begin());
        errand& e = *mine.front();
        e.stands = errand::state::running;
        if (!e.attended) ++unattended_;
        bool over = false;
        do {
            held.unlock();
            over = e.work();
            held.lock();
        } while (!over && queue_.empty());
        if (!e.attended) --unattended_;
        e.stands = over ? errand::state::ended : errand::state::queued;
        if (!over) {  // the next in line has its turn
            queue_.splice(queue_.end(), mine);
            return;
        }
        if (e.waiting != nullptr) e.waiting->unpark();
        held.unlock();
        mine.clear();
        held.lock();
    }

    std::mutex guard_;
    std::condition_variable filled_;
    std::list<std::shared_ptr<errand>> queue_;
    std::size_t threads_ = 0;
    std::size_t idle_ = 0;
    std::size_t unattended_ = 0;  // threads at work that nobody waits for
};

// The pools are made at first use and never destroyed: their detached threads may outlive main().
struct pool {
    std::atomic<helpers*> made{nullptr};
    /// Those of the processes that this one was forked from; reachable, for who looks for leaks.
    helpers* left_behind = nullptr;

    helpers& get() {
        if (helpers* const there = made.load(std::memory_order_acquire)) return *there;
        auto fresh = std::make_unique<helpers>();
        helpers* there = nullptr;
        return made.compare_exchange_strong(there, fresh.get(), std::memory_order_acq_rel) ? *fresh.release() : *there;
    }
    // A child of fork(2) has none of the threads, and the lock may be held by one of them: it begins anew.
    void forget() noexcept {
        helpers* const parents = made.exchange(nullptr, std::memory_order_relaxed);
        if (parents != nullptr) parents->before = std::exchange(left_behind, parents);
    }
};

// The library's own work: names, files, descriptors that linger.
constinit pool own_pool;
// Apart from that: programs' work may take as long as it likes, and names must be found meanwhile.
constinit pool programs_pool;
// Apart from both: what a future waits for may well be some of that work.
constinit pool futures_pool;

[[maybe_unused]] const int forgotten_by_children = ::pthread_atfork(nullptr, nullptr, [] {
    for (pool* p : {&own_pool, &programs_pool, &futures_pool}) p->forget();
});

std::error_code send_off(pool& to, std::function<bool()> work, execution* waiting, bool owed,
                         std::shared_ptr<errand>& sent) noexcept {
    try {
        sent = std::make_shared<errand>();
        sent->work = std::move(work);
        sent->waiting = waiting;
        sent->attended = waiting != nullptr;
        sent->owed = owed;
        to.get().add(sent);
        return {};
    } catch (const std::system_error& e) {
        return e.code();
    } catch (...) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
}

std::error_code send_and_wait(pool& to, std::function<bool()> work, interrupted how) noexcept {
    const activity what{"offload"};
    execution& me = execution::current();
    const blocking_call whole(me, me.doing != nullptr ? *me.doing : what);  // within another call, it is that
    std::shared_ptr<errand> sent;
    const bool owed = how == interrupted::leaves_it_owed;
    if (const std::error_code failed = send_off(to, std::move(work), &me, owed, sent)) return failed;
    return to.get().wait_for(*sent, how);
}

std::function<bool()> in_one_turn(std::function<void()> work) {
    return [work = std::move(work)] {
        work();
        return true;
    };
}

// On a thread of the pool, unless there is nobody to keep waiting.
std::error_code run_where_it_may_block(const callable& how, void* work) {
    const loop* here = loop::current();
    if (here != nullptr && here->running() != nullptr && !in_simulated_world()) {
        const auto once = [&how, work] {
            how.run(work);
            return true;
        };
        return send_and_wait(programs_pool, once, interrupted::sees_it_end);
    }
    how.run(work);
    return {};
}

}  // namespace

std::error_code offload_unattended(std::function<void()> work) noexcept try {
    std::shared_ptr<errand> sent;
    return send_off(own_pool, in_one_turn(std::move(work)), nullptr, true, sent);
} catch (const std::bad_alloc&) {
    return std::make_error_code(std::errc::not_enough_memory);
}

std::error_code offload_owed(std::function<void()> work) noexcept try {
    return send_and_wait(own_pool, in_one_turn(std::move(work)), interrupted::leaves_it_owed);
} catch (const std::bad_alloc&) {
    return std::make_error_code(std::errc::not_enough_memory);
}

std::error_code offload(std::function<void()> work) noexcept try {
    return send_and_wait(own_pool, in_one_turn(std::move(work)), interrupted::leaves_it);
} catch (const std::bad_alloc&) {
    return std::make_error_code(std::errc::not_enough_memory);
}

std::error_code offload_in_turns(std::function<bool()> work) noexcept {
    return send_and_wait(futures_pool, std::move(work), interrupted::leaves_it_owed);
}

struct offloaded::under_way {
    helpers& at;
    std::shared_ptr<errand> what;
};

offloaded::offloaded() noexcept = default;

offloaded::~offloaded() {
    if (it_) it_->at.leave(*it_->what);
}

std::error_code offloaded::begin(std::function<void()> work) noexcept try {
    auto made = std::make_unique<under_way>(under_way{own_pool.get(), {}});
    const std::error_code failed =
        send_off(own_pool, in_one_turn(std::move(work)), &execution::current(), false, made->what);
    if (!failed) it_ = std::move(made);
    return failed;
} catch (const std::bad_alloc&) {
    return std::make_error_code(std::errc::not_enough_memory);
}

bool offloaded::has_ended() const noexcept { return it_ && it_->at.has_ended(*it_->what); }

bool in_simulated_world() noexcept {
    const loop* here = loop::current();
    return here != nullptr && here->in_virtual_time();
}

void run_offloaded(const callable& how, void* work) {
    execution& me = execution::current();
    const std::int64_t end = me.call_end();
    std::error_code failed = me.interruption();
    if (!failed) failed = run_where_it_may_block(how, work);
    // It may have ended late, and yet before a timer could tell.
    if (!failed) failed = me.interruption();
    if (!failed && end != never_ns && end <= me.now_ns()) failed = errc::timed_out;
    if (failed == errc::cancelled) throw cancelled();
    if (failed) throw error(failed, "offload", "offload");
}

}  // namespace cardea::detail
