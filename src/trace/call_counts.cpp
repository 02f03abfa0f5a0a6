// See call_counts.hpp: the list of all threads' counts, and what becomes of those of a thread that ends.
#include "trace/call_counts.hpp"

#include <memory>
#include <mutex>
#include <new>

namespace cardea::detail {

namespace {

constinit std::mutex guard;
constinit call_counts* all = nullptr;
/// Of threads that have ended, and of those that could not have counts of their own. The latter count here at the same
/// time, so that a count may be lost then; nothing else is.
constinit call_counts shared;

/// Takes a thread's counts out of the list when the thread ends.
class registration {
  public:
    registration() = default;
    registration(const registration&) = delete;
    registration& operator=(const registration&) = delete;
    ~registration() {
        own_counts = &shared;  // sockets that are destroyed even later
        if (!mine_) return;
        const std::lock_guard held(guard);
        call_counts** at = &all;
        while (*at != mine_.get()) at = &(*at)->next;
        *at = mine_->next;
        shared.take_over(*mine_);
    }

    call_counts& begin() noexcept {
        mine_.reset(new (std::nothrow) call_counts);
        own_counts = mine_ ? mine_.get() : &shared;
        if (mine_) {
            const std::lock_guard held(guard);
            mine_->next = all;
            all = mine_.get();
        }
        return *own_counts;
    }

  private:
    std::unique_ptr<call_counts> mine_;
};

}  // namespace

thread_local constinit call_counts* own_counts = nullptr;

call_counts& find_counts() noexcept {
    static thread_local registration here;
    return here.begin();
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
    const std::lock_guard held(guard);
    out.take_over(shared);
    for (const call_counts* each = all; each != nullptr; each = each->next) out.take_over(*each);
}

}  // namespace cardea::detail
