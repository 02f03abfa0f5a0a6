// One operation of a socket, from entry to outcome, and what else the files that hold the calls share.
#pragma once

#include <cerrno>

#include "network/uring/uring_network.hpp"
#include "network/uring/uring_socket.hpp"

namespace cardea::detail {

template <class Prepare>
uring_socket::outcome uring_socket::perform(Prepare prepare) noexcept {
    operation op;
    io_uring_sqe* e = home_->entry();
    prepare(e);
    e->user_data = tag(&op, target::operation);
    const wake why = home_->await(op);
    // Not cancelled by this socket: by another one of the same open file (dup(2)), which is how the kernel chooses them
    // (IORING_ASYNC_CANCEL_FD). That is no affair of this call's: it begins again, as after a signal.
    const bool of_another = op.result == -ECANCELED && why == wake::ready && !closing_;
    return {of_another ? -EINTR : op.result, why};
}

class uring_socket::use {
  public:
    explicit use(uring_socket& s) noexcept : socket_(s) { ++s.calls_; }
    ~use() {
        --socket_.calls_;
        socket_.note_progress();
    }
    use(const use&) = delete;
    use& operator=(const use&) = delete;

  private:
    uring_socket& socket_;
};

// Piece by piece, as the socket has room. With MSG_WAITALL the kernel would go on by itself until all is sent, and keep
// two things to itself: that it gets on, which a call_limit must know; and what ended it behind the first bytes. It
// takes the error out of the socket then and reports the bytes (io_send() of Linux 6.18), so that a reset would look
// like EPIPE to the next send, and like an orderly end to the next receive.
template <class Prepare>
io_result uring_socket::send_in_turn(std::size_t total, Prepare prepare) noexcept {
    fiber& me = *loop::current()->running();
    wait_line::place mine{&me};
    senders_.join(mine);
    io_result done;
    while (senders_.front() != &mine && !done.error) {
        const wake why = loop::current()->park(patience::interruptible);
        done.error = closing_ ? std::error_code(errc::closed) : to_error(why);
    }
    while (!done.error && done.bytes < total) {
        const auto ended = perform([&](io_uring_sqe* e) { prepare(e, done.bytes); });
        if (ended.result >= 0) done.bytes += static_cast<std::size_t>(ended.result);
        if (ended.result > 0) me.made_progress();
        const bool failed = ended.result < 0 && ended.result != -EINTR;
        const bool interrupted = ended.why != wake::ready && done.bytes < total;
        if (failed || interrupted || (closing_ && done.bytes < total)) done.error = explain(ended);
    }
    senders_.leave(mine);
    senders_.wake_front();
    return done;
}

}  // namespace cardea::detail
