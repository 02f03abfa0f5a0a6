// The helper threads: made as work comes, at most thread_limit of them, ended when idle.
#include "fiber/offload.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "fiber/execution.hpp"

namespace cardea::detail {

namespace {

constexpr std::size_t thread_limit = 32;
constexpr std::chrono::seconds idle_limit{5};

class helpers {
  public:
    void add(std::function<void()> work) {
        std::unique_lock held(guard_);
        queue_.push_back(std::move(work));
        if (idle_ >= queue_.size() || threads_ == thread_limit) {
            filled_.notify_one();
            return;
        }
        try {
            std::thread([this] { serve(); }).detach();
            ++threads_;
        } catch (...) {
            if (threads_ > 0) return;  // somebody will come to it
            queue_.pop_back();
            throw;
        }
    }

  private:
    void serve() {
        std::unique_lock held(guard_);
        for (;;) {
            ++idle_;
            const bool more = filled_.wait_for(held, idle_limit, [this] { return !queue_.empty(); });
            --idle_;
            if (!more) break;
            std::function<void()> work = std::move(queue_.front());
            queue_.pop_front();
            held.unlock();
            work();
            work = nullptr;
            held.lock();
        }
        --threads_;
    }

    std::mutex guard_;
    std::condition_variable filled_;
    std::deque<std::function<void()>> queue_;
    std::size_t threads_ = 0;
    std::size_t idle_ = 0;
};

// Never destroyed: its detached threads may outlive main().
helpers& pool() {
    static auto* const all = new helpers;
    return *all;
}

// Shared by the asker and the helper; whoever comes last destroys it.
struct errand {
    std::mutex guard;
    execution* waiting = nullptr;
    bool done = false;
};

}  // namespace

std::error_code offload_unattended(std::function<void()> work) noexcept {
    try {
        pool().add(std::move(work));
        return {};
    } catch (const std::system_error& e) {
        return e.code();
    } catch (...) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
}

std::error_code offload(std::function<void()> work) noexcept {
    execution& me = execution::current();
    std::shared_ptr<errand> sent;
    try {
        sent = std::make_shared<errand>();
        sent->waiting = &me;
        pool().add([sent, work = std::move(work)] {
            work();
            std::lock_guard held(sent->guard);
            sent->done = true;
            if (sent->waiting != nullptr) sent->waiting->unpark();
        });
    } catch (const std::system_error& e) {
        return e.code();
    } catch (...) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
    std::unique_lock held(sent->guard);
    wake why = wake::ready;
    while (!sent->done && why == wake::ready) {
        held.unlock();
        why = me.park(patience::interruptible);
        held.lock();
    }
    sent->waiting = nullptr;
    return sent->done ? std::error_code() : to_error(why);
}

}  // namespace cardea::detail
