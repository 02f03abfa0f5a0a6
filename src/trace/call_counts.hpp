// What each thread has done with sockets, counted where it is done: no lock, no allocation, no line of the caches that
// two threads write. Who reads adds up the threads; see metrics.hpp for what the numbers mean.
#pragma once

#include <array>
#include <atomic>
#include <cardea/trace.hpp>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace cardea::detail {

/// A number that one thread counts up and any thread reads.
class tally {
  public:
    void add(std::uint64_t n) noexcept {
        counted_.store(counted_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t get() const noexcept { return counted_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> counted_{0};
};

/// One kind of failure of one kind of call.
struct failure_tally {
    std::atomic<const std::error_category*> category{nullptr};
    std::atomic<int> value{0};
    std::atomic<call_kind> kind{};
    tally count;
};

/// The counts of one thread, and of those that had them before it.
struct call_counts {
    /// Kinds of failures told apart; what comes beyond them is counted as one more kind.
    static constexpr std::size_t most_failures = 64;

    std::array<tally, call_kinds> calls;
    std::array<tally, call_kinds> bytes;
    tally opened;
    tally closed;
    tally accept_pauses;
    std::array<failure_tally, most_failures> failures;
    std::atomic<std::size_t> failures_known{0};
    tally other_failures;
    std::atomic<bool> taken{false};  // by a thread that lives
    call_counts* next = nullptr;     // never changes once it is in the list of all

    void count_failure(call_kind kind, std::error_code what, std::uint64_t times) noexcept;
    /// Adds everything that `other` has counted.
    void take_over(const call_counts& other) noexcept;
};

/// This thread's; nullptr before its first call: see counts_of_this_thread(). At its very end it is one that others
/// share.
extern thread_local constinit call_counts* own_counts;
/// Where this thread counts when it has no counts of its own: before its first call, at its very end, out of memory.
call_counts& find_counts() noexcept;

[[nodiscard]] inline call_counts& counts_of_this_thread() noexcept {
    return own_counts != nullptr ? *own_counts : find_counts();
}

/// The sum over all threads, those that have ended included.
void sum_of_counts(call_counts& out) noexcept;

inline void count_call(call_kind kind, std::size_t bytes, std::error_code result) noexcept {
    call_counts& mine = counts_of_this_thread();
    const auto at = static_cast<std::size_t>(kind);
    mine.calls[at].add(1);
    if (bytes > 0) mine.bytes[at].add(bytes);
    if (result) [[unlikely]] {
        mine.count_failure(kind, result, 1);
    }
}

}  // namespace cardea::detail
