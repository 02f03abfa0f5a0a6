// See call_counts.hpp: whose counts are whose. Without a lock, which a fork could leave locked for ever.
#include "trace/call_counts.hpp"

#include <new>

namespace cardea::detail {

namespace {

/// All counts there are. They are never given up: a thread that ends leaves its own to one that begins, which counts
/// on.
constinit std::atomic<call_counts*> all{nullptr};
/// For threads that have none of their own: at their very end, or out of memory. They count here at the same time, so
/// that a count may be lost then; nothing else is.
constinit call_counts common;

call_counts* take_one() noexcept {
    for (call_counts* c = all.load(std::memory_order_acquire); c != nullptr; c = c->next) {
        bool taken = false;
        if (c->taken.compare_exchange_strong(taken, true, std::memory_order_acquire)) return c;
    }
    auto* made = new (std::nothrow) call_counts;
    if (made == nullptr) return nullptr;
    made->taken.store(true, std::memory_order_relaxed);
    made->next = all.load(std::memory_order_relaxed);
    while (!all.compare_exchange_weak(made->next, made, std::memory_order_release, std::memory_order_relaxed)) {
    }
    return made;
}

/// A thread's hold on its counts.
class tenancy {
  public:
    tenancy() noexcept : mine_(take_one()) { own_counts = mine_ != nullptr ? mine_ : &common; }
    tenancy(const tenancy&) = delete;
    tenancy& operator=(const tenancy&) = delete;
    ~tenancy() {
        own_counts = &common;  // sockets that are destroyed even later
        if (mine_ != nullptr) mine_->taken.store(false, std::memory_order_release);
    }

  private:
    call_counts* mine_;
};

}  // namespace

thread_local constinit call_counts* own_counts = nullptr;

call_counts& find_counts() noexcept {
    static thread_local tenancy here;
    return *own_counts;
}

void call_counts::count_failure(call_kind kind, std::error_code what, std::uint64_t times) noexcept {
    const std::size_t known = failures_known.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < known; ++i) {
        failure_tally& f = failures[i];
        if (f.kind.load(std::memory_order_relaxed) == kind && f.value.load(std::memory_order_relaxed) == what.value() &&
            f.category.load(std::memory_order_relaxed) == &what.category()) {
            return f.count.add(times);
        }
    }
    if (known == most_failures) return other_failures.add(times);
    failure_tally& f = failures[known];
    f.category.store(&what.category(), std::memory_order_relaxed);
    f.value.store(what.value(), std::memory_order_relaxed);
    f.kind.store(kind, std::memory_order_relaxed);
    f.count.add(times);
    failures_known.store(known + 1, std::memory_order_release);
}

void call_counts::take_over(const call_counts& other) noexcept {
    for (std::size_t i = 0; i < call_kinds; ++i) {
        calls[i].add(other.calls[i].get());
        bytes[i].add(other.bytes[i].get());
    }
    opened.add(other.opened.get());
    closed.add(other.closed.get());
    accept_pauses.add(other.accept_pauses.get());
    const std::size_t known = other.failures_known.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < known; ++i) {
        const failure_tally& f = other.failures[i];
        const std::error_code what(f.value.load(std::memory_order_relaxed),
                                   *f.category.load(std::memory_order_relaxed));
        count_failure(f.kind.load(std::memory_order_relaxed), what, f.count.get());
    }
    other_failures.add(other.other_failures.get());
}

void sum_of_counts(call_counts& out) noexcept {
    out.take_over(common);
    for (const call_counts* c = all.load(std::memory_order_acquire); c != nullptr; c = c->next) out.take_over(*c);
}

}  // namespace cardea::detail
