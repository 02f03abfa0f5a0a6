// How a fiber waits for messages on io_uring: tried at once, and again when a poll has said that it is worth it. The
// calls themselves are those of every kernel network (kernel_messages.cpp).
#include <poll.h>
#include <sys/socket.h>

#include "network/uring/perform.hpp"

namespace cardea::detail {

namespace {
// How often a full queue of a Unix socket is tried again.
constexpr std::int64_t retry_after_ns = 1'000'000;
}  // namespace

std::error_code uring_socket::until_done(readiness what, trial one) noexcept {
    const use here(*this);
    if (type_ != type::stream || what != readiness::to_write) return attempt_until_done(what, one);
    wait_line::place mine{loop::current()->running()};
    senders_.join(mine);
    std::error_code ended;
    while (senders_.front() != &mine && !ended) {
        const wake why = loop::current()->park(patience::interruptible);
        ended = closing_ ? std::error_code(errc::closed) : to_error(why);
    }
    if (!ended) ended = attempt_until_done(what, one);
    senders_.leave(mine);
    senders_.wake_front();
    return ended;
}

std::error_code uring_socket::attempt_until_done(readiness what, trial one) noexcept {
    while (!closing_) {
        const int failure = one(MSG_DONTWAIT);
        if (!would_block(failure)) {
            loop::current()->count_call();
            return failure == 0 ? std::error_code() : system_error_code(failure);
        }
        if (const std::error_code ended = wait_until(what)) return ended;
    }
    return errc::closed;
}

std::error_code uring_socket::wait_until(readiness what) noexcept {
    if (what == readiness::room_at_receiver) return pause(retry_after_ns);
    // Errors and hang-ups are told in any case (poll(2)).
    const unsigned events = what == readiness::to_read ? POLLIN : what == readiness::to_write ? POLLOUT : 0;
    const auto ended = perform([&](io_uring_sqe* e) { io_uring_prep_poll_add(e, fd_, events); });
    if (ended.result < 0 && ended.result != -EINTR) return explain(ended);
    return ended.why != wake::ready ? explain(ended) : std::error_code();
}

bool uring_socket::take_ahead(mutable_buffer room, io_result& out) noexcept {
    const use here(*this);
    if (closing_) {
        out = {0, errc::closed};
        return true;
    }
    return receiver_.take_ahead(*home_, room, out);
}

}  // namespace cardea::detail
