// The process's call observer, and the names of calls.
#include "trace/call_trace.hpp"

namespace cardea {

namespace detail {
constinit std::atomic<call_observer*> observer_of_calls{nullptr};
}

call_observer* observe_calls(call_observer* observer) noexcept {
    return detail::observer_of_calls.exchange(observer, std::memory_order_acq_rel);
}

std::string_view to_string(call_kind kind) noexcept {
    switch (kind) {
        case call_kind::socket:
            return "socket";
        case call_kind::bind:
            return "bind";
        case call_kind::listen:
            return "listen";
        case call_kind::accept:
            return "accept";
        case call_kind::connect:
            return "connect";
        case call_kind::send:
            return "send";
        case call_kind::recv:
            return "recv";
        case call_kind::send_to:
            return "send_to";
        case call_kind::recv_from:
            return "recv_from";
        case call_kind::shutdown:
            return "shutdown";
        case call_kind::close:
            return "close";
        case call_kind::peek:
            return "peek";
        case call_kind::put_back:
            return "put_back";
    }
    return "?";
}

}  // namespace cardea
