// Keeps SIGPIPE away from calls that have no MSG_NOSIGNAL: sendfile(2), splice(2). POSIX signals.
#pragma once

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <cerrno>

namespace cardea::detail {

/// While it lives, a write of this thread to a broken connection says EPIPE and raises nothing. Must not live across a
/// fiber's park: what it changes belongs to the thread.
class broken_pipe_guard {
  public:
    broken_pipe_guard() noexcept {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        sigset_t pending;
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~broken_pipe_guard() {
        const int kept = errno;
        // Sent to this thread, as it is for a synchronous error (signal(7)): it waits here if it was raised.
        const timespec none{};
        if (!was_pending_) {
            while (sigtimedwait(&pipe_, nullptr, &none) < 0 && errno == EINTR) {
            }
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = kept;
    }
    broken_pipe_guard(const broken_pipe_guard&) = delete;
    broken_pipe_guard& operator=(const broken_pipe_guard&) = delete;

  private:
    sigset_t pipe_;
    sigset_t before_;
    bool was_pending_ = false;
};

}  // namespace cardea::detail
