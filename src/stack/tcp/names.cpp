// The names of states, timers and reasons, for drawings and messages.
#include "stack/tcp/config.hpp"
#include "stack/tcp/observer.hpp"

namespace cardea::stack::tcp {

char const* name(state s) {
    switch (s) {
        case state::closed:
            return "CLOSED";
        case state::listen:
            return "LISTEN";
        case state::syn_sent:
            return "SYN-SENT";
        case state::syn_received:
            return "SYN-RECEIVED";
        case state::established:
            return "ESTABLISHED";
        case state::fin_wait_1:
            return "FIN-WAIT-1";
        case state::fin_wait_2:
            return "FIN-WAIT-2";
        case state::close_wait:
            return "CLOSE-WAIT";
        case state::closing:
            return "CLOSING";
        case state::last_ack:
            return "LAST-ACK";
        case state::time_wait:
            return "TIME-WAIT";
    }
    return "?";
}

char const* name(timer t) {
    switch (t) {
        case timer::retransmit:
            return "RTO";
        case timer::persist:
            return "persist";
        case timer::delayed_ack:
            return "delayed ACK";
        case timer::keepalive:
            return "keepalive";
        case timer::linger:
            return "linger";
        case timer::reorder:
            return "reorder";
        case timer::probe:
            return "tail probe";
        case timer::cork:
            return "cork";
    }
    return "?";
}

char const* name(resend_reason r) {
    switch (r) {
        case resend_reason::timeout:
            return "timeout";
        case resend_reason::fast_retransmit:
            return "fast retransmit";
        case resend_reason::recovery:
            return "recovery";
        case resend_reason::tail_probe:
            return "tail probe";
        case resend_reason::path_mtu:
            return "path MTU";
        case resend_reason::handshake:
            return "handshake";
    }
    return "?";
}

}  // namespace cardea::stack::tcp
