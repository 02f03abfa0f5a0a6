// How a call of an epoll socket is tried, waits in line and is tried again: what the files that hold the calls share.
#pragma once

#include <sys/types.h>

#include <cerrno>

#include "fiber/loop.hpp"
#include "network/epoll/epoll_network.hpp"
#include "network/epoll/epoll_socket.hpp"

namespace cardea::detail {

// How often a call is tried again that no readiness ends (connect(2) and sendto(2), EAGAIN of Unix sockets): the queue
// of the listener or of a datagram's receiver is full. epoll even reports EPOLLOUT then, after every attempt.
inline constexpr std::int64_t retry_after_ns = 1'000'000;

/// The same call again where a signal has ended it.
template <class Call>
ssize_t restarted(Call call) noexcept {
    ssize_t n = 0;
    do {
        n = call();
    } while (n < 0 && errno == EINTR);
    return n;
}

// Runs `attempt`, which gives 0, an errno, or EAGAIN for "not yet", until it is not that.
template <class Attempt>
std::error_code epoll_socket::perform(epoll_side& side, std::uint32_t wanted, Attempt attempt) noexcept {
    if (side.ready && side.idle()) {
        const int failure = attempt();
        if (!would_block(failure)) [[likely]] {
            const std::error_code result = failure == 0 ? std::error_code() : system_error_code(failure);
            loop::current()->count_call();
            return result;
        }
        side.ready = false;
    }
    return perform_waiting(side, wanted, attempt);
}

template <class Attempt>
std::error_code epoll_socket::perform_waiting(epoll_side& side, std::uint32_t wanted, Attempt& attempt) noexcept {
    loop& here = *loop::current();
    epoll_waiter me(*here.running());
    side.join(me);
    std::error_code result;
    std::error_code interrupted;
    for (;;) {
        if (side.ready && side.is_first(me)) {
            const int failure = attempt();
            if (!would_block(failure)) {
                if (failure != 0) result = system_error_code(failure);
                break;
            }
            side.ready = false;
        }
        // Asked for as well: events that keep coming for nothing must not keep a deadline from its turn.
        result = interrupted ? interrupted : me.who.interruption();
        if (!result) result = home_.load(std::memory_order_relaxed)->watch(*record_, fd_, wanted);
        if (result) break;
        interrupted =
            wanted == epoll_tells_nothing ? pause(retry_after_ns) : to_error(here.park(patience::interruptible));
        if (me.closed) return errc::closed;  // the socket itself may be gone
        if (wanted == epoll_tells_nothing) side.ready = true;
    }
    side.leave(me);
    return result;
}

}  // namespace cardea::detail
