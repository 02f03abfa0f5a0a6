// How every call of a thread's socket begins, waits and ends: what the files that hold the calls share.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>
#include <mutex>

#include "fiber/thread_execution.hpp"
#include "network/thread/thread_socket.hpp"

namespace cardea::detail {

// One call's stay in the socket; false when it is closed.
class thread_socket::use {
  public:
    explicit use(const thread_socket& s) noexcept : socket_(s) {
        entered_ = (s.users_.fetch_add(1, std::memory_order_acquire) & closing) == 0;
    }
    ~use() {
        if (socket_.users_.fetch_sub(1, std::memory_order_acq_rel) == (closing | 1)) socket_.close_descriptor();
    }
    use(const use&) = delete;
    use& operator=(const use&) = delete;
    explicit operator bool() const noexcept { return entered_; }

    /// An error of a call during which the socket was closed says just that.
    [[nodiscard]] std::error_code explain(std::error_code failed) const noexcept {
        return socket_.is_open() ? failed : errc::closed;
    }

  private:
    const thread_socket& socket_;
    bool entered_;
};

// Runs `call(flags)` until it succeeds or fails for good, waiting as this thread must.
template <class Call>
io_result thread_socket::transfer(short events, Call call) noexcept {
    const use here(*this);
    if (!here) return {0, errc::closed};
    const bool bounded = this_thread_execution().interruptible();
    for (;;) {
        const ssize_t n = call(bounded ? MSG_DONTWAIT : 0);
        if (n >= 0) return {static_cast<std::size_t>(n), is_open() || n > 0 ? std::error_code() : errc::closed};
        if (errno == EINTR) continue;
        // SO_RCVTIMEO or O_NONBLOCK of an adopted descriptor also lead here.
        if (!would_block(errno)) return {0, here.explain(last_error())};
        if (const std::error_code failed = wait_for(events)) return {0, failed};
    }
}

// A stream's senders, one at a time, so that its order is the callers'. A close() reaches who sends, and then the next.
template <class Call>
io_result thread_socket::in_turn(Call call) noexcept {
    try {
        const std::lock_guard turn(sending_);
        return call();
    } catch (const error& e) {
        return {0, e.code()};
    } catch (const cancelled&) {
        return {0, errc::cancelled};
    }
}

}  // namespace cardea::detail
