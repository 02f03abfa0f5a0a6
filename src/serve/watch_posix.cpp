// SIGINT and SIGTERM by sigaction(2), waiting by poll(2). The signal handler only counts and makes descriptors
// readable.
#include <poll.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <mutex>

#include "fiber/thread_execution.hpp"
#include "serve/watch.hpp"

namespace cardea::detail {

// Everybody who watches the signals. The handler walks the list while others change it: who takes himself out waits
// until no handler that may have seen him is under way.
struct signal_list {
    static constexpr int caught[] = {SIGINT, SIGTERM};

    static void on_signal(int) noexcept {
        walking.fetch_add(1, std::memory_order_seq_cst);
        for (watch* w = first.load(std::memory_order_seq_cst); w != nullptr; w = w->next_.load()) {
            w->seen_.fetch_add(1, std::memory_order_release);
            w->woken_.signal();
        }
        walking.fetch_sub(1, std::memory_order_seq_cst);
    }

    static void add(watch& w) {
        std::lock_guard held(guard);
        const bool was_empty = first.load() == nullptr;
        w.next_.store(first.load());
        first.store(&w, std::memory_order_seq_cst);
        if (!was_empty) return;
        struct sigaction act {};
        act.sa_handler = on_signal;
        act.sa_flags = SA_RESTART;
        sigemptyset(&act.sa_mask);
        for (std::size_t i = 0; i < std::size(caught); ++i) ::sigaction(caught[i], &act, &earlier[i]);
    }

    static void remove(watch& w) noexcept {
        std::lock_guard held(guard);
        std::atomic<watch*>* link = &first;
        while (link->load() != &w) link = &link->load()->next_;
        link->store(w.next_.load(), std::memory_order_seq_cst);
        if (first.load() == nullptr) give_back();
        while (walking.load(std::memory_order_seq_cst) != 0) {
        }
    }

    // Unless somebody has put a handler of his own in the place of ours.
    static void give_back() noexcept {
        for (std::size_t i = 0; i < std::size(caught); ++i) {
            struct sigaction present {};
            ::sigaction(caught[i], nullptr, &present);
            if (present.sa_handler == on_signal) ::sigaction(caught[i], &earlier[i], nullptr);
        }
    }

    static std::mutex guard;
    static std::atomic<watch*> first;
    static std::atomic<int> walking;
    static struct sigaction earlier[2];
};

constinit std::mutex signal_list::guard;
constinit std::atomic<watch*> signal_list::first{nullptr};
constinit std::atomic<int> signal_list::walking{0};
struct sigaction signal_list::earlier[2];

watch::watch(bool signals) : signals_(signals) {
    if (signals_) signal_list::add(*this);
}

watch::~watch() {
    if (signals_) signal_list::remove(*this);
}

void watch::wait(std::int64_t until_ns) const noexcept {
    thread_execution& me = this_thread_execution();
    const std::int64_t until = std::min(until_ns, me.wait_until());
    {
        const kernel_wait wait(me, until);
        pollfd watched[2] = {{woken_.descriptor(), POLLIN, 0}, {wait.descriptor(), POLLIN, 0}};
        if (!me.cancel_requested()) ::ppoll(watched, 2, wait.limit(), nullptr);
    }
    woken_.drain();
}

void watch::wait_uninterruptibly() const noexcept {
    pollfd watched{woken_.descriptor(), POLLIN, 0};
    ::poll(&watched, 1, -1);
    woken_.drain();
}

}  // namespace cardea::detail
