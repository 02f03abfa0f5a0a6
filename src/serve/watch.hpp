// How the thread that called serve() waits: for SIGINT and SIGTERM, for the server's own threads, for its own
// cancellation and deadline.
#pragma once

#include <atomic>
#include <cstdint>

#include "fiber/wake_event.hpp"

namespace cardea::detail {

class watch {
  public:
    /// With `signals`, SIGINT and SIGTERM are counted from now on, process-wide, instead of what they did before. Any
    /// number of watches may do so at once: each sees every signal. Throws std::system_error.
    explicit watch(bool signals);
    /// The last one gives the signals back to whom they belonged.
    ~watch();
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;

    /// Ends the current or next wait(). Any thread.
    void wake() const noexcept { woken_.signal(); }
    [[nodiscard]] unsigned signals() const noexcept { return seen_.load(std::memory_order_acquire); }
    /// Blocks until wake(), a signal, `until_ns` (never_ns: no bound), or the thread's own deadline or cancellation.
    /// May return early.
    void wait(std::int64_t until_ns) const noexcept;
    /// The same with neither bound nor deadline nor cancellation.
    void wait_uninterruptibly() const noexcept;

  private:
    friend struct signal_list;
    const wake_event woken_;
    std::atomic<unsigned> seen_{0};
    std::atomic<watch*> next_{nullptr};
    const bool signals_;
};

}  // namespace cardea::detail
