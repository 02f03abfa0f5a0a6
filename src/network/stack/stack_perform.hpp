// How a call of a stack's socket is tried, waits in line and is tried again: what the files that hold the calls share.
#pragma once

#include "fiber/loop.hpp"
#include "network/stack/stack_socket.hpp"
#include "network/stack/translate.hpp"

namespace cardea::detail {

// Runs `attempt`, which gives an error of the stack, EAGAIN for "not yet", until it is not that.
template <class Attempt>
std::error_code stack_socket::perform(waiting_line& line, Attempt attempt) noexcept {
    if (line.empty()) {
        const tcpip::error result = attempt();
        if (result != tcpip::error::eagain) {
            home_.load(std::memory_order_relaxed)->call_done();
            loop::current()->count_call();
            return to_error_code(result);
        }
    }
    return perform_waiting(line, attempt);
}

template <class Attempt>
std::error_code stack_socket::perform_waiting(waiting_line& line, Attempt& attempt) noexcept {
    loop& here = *loop::current();
    stack_waiter me(*here.running());
    line.join(me);
    std::error_code result;
    std::error_code interrupted;
    for (;;) {
        if (line.is_first(me)) {
            const tcpip::error tried = attempt();
            if (tried != tcpip::error::eagain) {
                result = to_error_code(tried);
                break;
            }
            result = cut_off();
            if (result) break;
        }
        // Asked for as well: wake-ups that keep coming for nothing must not keep a deadline from its turn.
        result = interrupted ? interrupted : me.who.interruption();
        if (result) break;
        interrupted = to_error(here.park(patience::interruptible));
        if (me.closed) return errc::closed;  // the socket itself may be gone
    }
    line.leave(me);
    return result;
}

}  // namespace cardea::detail
