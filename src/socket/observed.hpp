// How a call of a socket reaches whoever observes calls: the one template that every call goes through.
#pragma once

#include <cardea/network.hpp>
#include <cardea/socket.hpp>
#include <cardea/trace.hpp>
#include <memory>

#include "fiber/execution.hpp"
#include "trace/call_trace.hpp"

namespace cardea {

namespace detail {

struct what_is_called {
    call_kind kind;
    std::uint64_t socket;
    std::size_t asked;
    const endpoint* peer;
    const std::uint64_t* made;
    const std::unique_ptr<network_socket>* impl;
};

// Out of line, so that the event does not take up every caller's stack frame.
template <class Call>
[[gnu::noinline]] io_result report(call_observer& observer, const what_is_called& what, Call& call) noexcept {
    call_event event;
    event.kind = what.kind;
    event.socket = what.socket;
    event.who = execution::current().name();
    event.asked = what.asked;
    const auto look = [&] {
        if (*what.impl != nullptr && (*what.impl)->is_open()) {
            (*what.impl)->local(event.local);
            event.local = event.local.unmapped();
        }
        if (what.peer != nullptr) event.peer = what.peer->unmapped();
    };
    look();
    event.begin_ns = this_network().now_ns();
    observer.call_begins(event);
    const io_result done = call();
    event.end_ns = this_network().now_ns();
    event.bytes = done.bytes;
    event.result = done.error;
    if (what.made != nullptr) event.made = *what.made;
    look();
    observer.call_ended(event);
    return done;
}

}  // namespace detail

template <class Call>
io_result socket::observed(call_kind kind, std::size_t asked, const endpoint* peer, const std::uint64_t* made,
                           Call call) const noexcept {
    call_observer* observer = detail::observer_of_calls.load(std::memory_order_acquire);
    if (observer == nullptr) [[likely]] {
        return call();
    }
    return detail::report(*observer, {kind, id_, asked, peer, made, &impl_}, call);
}

}  // namespace cardea
