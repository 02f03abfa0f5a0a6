// The one template that every call of a socket goes through: it is counted (metrics.hpp), shown while it lasts
// (dump.hpp), and told to whoever observes calls (trace.hpp).
#pragma once

#include <cardea/network.hpp>
#include <cardea/socket.hpp>
#include <cardea/trace.hpp>
#include <memory>

#include "fiber/execution.hpp"
#include "trace/call_counts.hpp"
#include "trace/call_trace.hpp"

namespace cardea {

namespace detail {

struct what_is_called : activity {
    call_kind kind;
    std::uint64_t socket;
    std::size_t asked;
    const endpoint* peer;
    const std::uint64_t* made;
    const std::unique_ptr<network_socket>* impl;
};

/// "recv 0.0.0.0:7 from 192.0.2.1:49152", for dumps.
void describe_call(const activity& call, std::string& to);

/// A step from one stream to another, which is two calls to whoever observes: a dump shows both ends of it.
struct what_is_spliced : activity {
    what_is_called from;
    what_is_called to;
};

/// "splice from recv on 0.0.0.0:7, ..., socket 3 to send on ..., socket 4", for dumps.
void describe_splice(const activity& step, std::string& to);

/// A call that somebody observes, from its begin to its end.
class reported_call {
  public:
    reported_call(call_observer& observer, const what_is_called& what) noexcept : observer_(observer), what_(what) {
        event_.kind = what.kind;
        event_.socket = what.socket;
        event_.who = execution::current().name();
        event_.asked = what.asked;
        look();
        event_.begin_ns = this_network().now_ns();
        observer_.call_begins(event_);
    }

    void ended(const io_result& done) noexcept {
        event_.end_ns = this_network().now_ns();
        event_.bytes = done.bytes;
        event_.result = done.error;
        if (what_.made != nullptr) event_.made = *what_.made;
        look();
        observer_.call_ended(event_);
    }

  private:
    void look() noexcept {
        if (*what_.impl != nullptr && (*what_.impl)->is_open()) {
            [[maybe_unused]] const std::error_code unknown = (*what_.impl)->local(event_.local);
            event_.local = event_.local.unmapped();
        }
        if (what_.peer != nullptr) event_.peer = what_.peer->unmapped();
    }

    call_observer& observer_;
    what_is_called what_;
    call_event event_;
};

// Out of line, so that the event does not take up every caller's stack frame.
template <class Call>
[[gnu::noinline]] io_result report(call_observer& observer, const what_is_called& what, Call& call) noexcept {
    reported_call reported(observer, what);
    const io_result done = call();
    reported.ended(done);
    return done;
}

}  // namespace detail

template <class Call>
io_result socket::observed(call_kind kind, std::size_t asked, const endpoint* peer, const std::uint64_t* made,
                           Call call) const noexcept {
    const detail::what_is_called what{{nullptr, detail::describe_call}, kind, id_, asked, peer, made, &impl_};
    const detail::blocking_call whole(detail::execution::current(), what);
    call_observer* observer = detail::observer_of_calls.load(std::memory_order_acquire);
    const io_result done = observer == nullptr ? call() : detail::report(*observer, what, call);
    detail::count_call(kind, done.bytes, done.error);
    return done;
}

}  // namespace cardea
