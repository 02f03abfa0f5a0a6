// How a thread waits for messages: the calls themselves are those of every kernel network (kernel_messages.cpp).
#include <poll.h>

#include "network/thread/thread_socket.hpp"
#include "network/thread/thread_transfer.hpp"

namespace cardea::detail {

namespace {
// How often a full queue of a Unix socket is tried again: no readiness tells of it.
constexpr std::int64_t retry_after_ns = 1'000'000;
}  // namespace

std::error_code thread_socket::until_done(readiness what, trial one) noexcept {
    if (type_ != type::stream || what != readiness::to_write) return attempt_until_done(what, one);
    return in_turn([&] { return io_result{0, attempt_until_done(what, one)}; }).error;
}

std::error_code thread_socket::attempt_until_done(readiness what, trial one) noexcept {
    const use here(*this);
    if (!here) return errc::closed;
    // Where poll(2) must do the waiting: reading the error queue never blocks (recv(2)), and no shutdown(2) wakes those
    // who wait in a packet socket.
    const bool waits_in_call = what != readiness::error && family_ != family::packet;
    const bool bounded = this_thread_execution().interruptible() || !waits_in_call;
    for (;;) {
        const int failure = one(bounded ? MSG_DONTWAIT : 0);
        if (failure == 0) return {};
        if (!would_block(failure)) return here.explain(system_error_code(failure));
        const short events = what == readiness::to_read ? POLLIN : what == readiness::to_write ? POLLOUT : 0;
        std::error_code ended;
        if (what == readiness::room_at_receiver) {
            ended = pause(retry_after_ns);
        } else if (family_ == family::packet) {
            // Nothing wakes a poll(2) of a packet socket when it is closed: it looks up by itself.
            constexpr int look_up_after_ms = 20;
            pollfd watched{fd_, events, 0};
            ::poll(&watched, 1, look_up_after_ms);
            ended = this_thread_execution().interruption();
        } else {
            ended = wait_for(events);
        }
        if (ended) return ended;
        if (!is_open()) return errc::closed;
    }
}

bool thread_socket::take_ahead(mutable_buffer room, io_result& out) noexcept { return take_unread(out, room, false); }

}  // namespace cardea::detail
