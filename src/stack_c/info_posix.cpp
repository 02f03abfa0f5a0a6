// What a stack and its connections tell of themselves.
#include <netinet/tcp.h>

#include <algorithm>
#include <cstring>

#include "stack/tcp/connection.hpp"
#include "stack/tcp/listener.hpp"
#include "stack_c/handle.hpp"

namespace stack_ns = cardea::stack;
using stack_ns::tcp::state;

namespace {

/// As much of `known` as the caller has room for, and zeros for what it knows beyond.
template <typename T>
void write_growing(T const& known, void* into, size_t size) {
    std::memset(into, 0, size);
    std::memcpy(into, &known, std::min(size, sizeof known));
}

std::uint32_t narrow(std::size_t n) { return static_cast<std::uint32_t>(std::min<std::size_t>(n, UINT32_MAX)); }

/// RFC 9293's state in the numbers of Linux's <netinet/tcp.h>.
std::uint8_t system_state(state s) {
    switch (s) {
        case state::closed:
            return TCP_CLOSE;
        case state::listen:
            return TCP_LISTEN;
        case state::syn_sent:
            return TCP_SYN_SENT;
        case state::syn_received:
            return TCP_SYN_RECV;
        case state::established:
            return TCP_ESTABLISHED;
        case state::fin_wait_1:
            return TCP_FIN_WAIT1;
        case state::fin_wait_2:
            return TCP_FIN_WAIT2;
        case state::close_wait:
            return TCP_CLOSE_WAIT;
        case state::closing:
            return TCP_CLOSING;
        case state::last_ack:
            return TCP_LAST_ACK;
        case state::time_wait:
            return TCP_TIME_WAIT;
    }
    return TCP_CLOSE;
}

cardea_stack_tcp_info info_of(stack_ns::tcp::connection_info const& i) {
    cardea_stack_tcp_info o{};
    o.timestamps = i.timestamps, o.sack = i.sack, o.window_scaling = i.window_scaling, o.ecn = i.ecn;
    o.send_shift = i.send_shift, o.receive_shift = i.receive_shift;
    o.in_recovery = i.in_recovery, o.in_loss = i.in_loss;
    o.rto_ns = i.rto, o.srtt_ns = i.srtt, o.rttvar_ns = i.rttvar, o.min_rtt_ns = i.min_rtt;
    o.cwnd = i.cwnd, o.ssthresh = i.ssthresh;
    o.mss = i.mss, o.peer_mss = i.peer_mss;
    o.send_window = i.send_window, o.receive_window = i.receive_window;
    o.in_flight = i.in_flight, o.unacknowledged = i.unacknowledged, o.unsent = i.unsent;
    o.readable = i.readable, o.out_of_order = i.out_of_order;
    o.consecutive_timeouts = i.consecutive_timeouts;
    o.segments_in = i.segments_in, o.segments_out = i.segments_out;
    o.bytes_received = i.bytes_received, o.bytes_sent = i.bytes_sent;
    o.bytes_acknowledged = i.bytes_acknowledged, o.bytes_resent = i.bytes_resent;
    o.resends = i.resends, o.timeouts = i.timeouts;
    o.fast_recoveries = i.fast_recoveries, o.tail_probes = i.tail_probes;
    o.duplicate_acks_in = i.duplicate_acks_in, o.dsacks_in = i.dsacks_in;
    o.challenge_acks_out = i.challenge_acks_out, o.paws_rejects = i.paws_rejects;
    o.window_probes_out = i.window_probes_out, o.keepalives_out = i.keepalives_out;
    return o;
}

}  // namespace

namespace cardea::stack_c {

stack_ns::tcp::state state_of(stack::socket const& s) {
    if (s.listener() != nullptr) return state::listen;
    return s.connection() == nullptr ? state::closed : s.connection()->current_state();
}

int write_system_tcp_info(stack::socket const& s, void* value, socklen_t* size) {
    constexpr stack::time_ns micro = 1000;
    auto const as_micros = [](stack::time_ns t) { return static_cast<std::uint32_t>(t / micro); };
    tcp_info o{};
    o.tcpi_state = system_state(state_of(s));
    if (auto const* c = s.connection()) {
        auto const i = c->info();
        auto const mss = std::max(i.mss, 1U);
        o.tcpi_ca_state = static_cast<std::uint8_t>(i.in_loss       ? TCP_CA_Loss
                                                    : i.in_recovery ? TCP_CA_Recovery
                                                                    : TCP_CA_Open);
        o.tcpi_retransmits = static_cast<std::uint8_t>(std::min(i.consecutive_timeouts, 255U));
        o.tcpi_options =
            static_cast<std::uint8_t>((i.timestamps ? TCPI_OPT_TIMESTAMPS : 0) | (i.sack ? TCPI_OPT_SACK : 0) |
                                      (i.window_scaling ? TCPI_OPT_WSCALE : 0) | (i.ecn ? TCPI_OPT_ECN : 0));
        o.tcpi_snd_wscale = i.send_shift & 0xfU;
        o.tcpi_rcv_wscale = i.receive_shift & 0xfU;
        o.tcpi_rto = as_micros(i.rto);
        o.tcpi_snd_mss = i.mss;
        o.tcpi_rcv_mss = i.peer_mss;
        o.tcpi_unacked = (i.unacknowledged + mss - 1) / mss;  // segments, as Linux counts
        o.tcpi_rtt = as_micros(i.srtt);
        o.tcpi_rttvar = as_micros(i.rttvar);
        o.tcpi_snd_ssthresh = i.ssthresh / mss;
        o.tcpi_snd_cwnd = i.cwnd / mss;
        o.tcpi_advmss = i.mss;
        o.tcpi_rcv_space = i.receive_window;
        o.tcpi_total_retrans = i.resends;
    }
    auto const n = std::min<std::size_t>(*size, sizeof o);
    std::memcpy(value, &o, n);
    *size = static_cast<socklen_t>(n);
    return 0;
}

}  // namespace cardea::stack_c

using namespace cardea::stack_c;

const char* cardea_stack_tcp_state_name(int number) {
    bool const known = number >= CARDEA_STACK_CLOSED && number <= CARDEA_STACK_TIME_WAIT;
    return known ? stack_ns::tcp::name(static_cast<state>(number)) : "?";
}

int cardea_stack_get_tcp_info(cardea_stack* stack, int fd, struct cardea_stack_tcp_info* info, size_t size) {
    return guarded(-1, [=] {
        if (stack == nullptr || info == nullptr) return fail(EINVAL);
        auto const d = stack->find(fd);
        if (!d) return fail(EBADF);
        if (!d->socket->is_stream()) return fail(EOPNOTSUPP);
        cardea_stack_tcp_info o{};
        if (auto const* c = d->socket->connection()) {
            o = info_of(c->info());
            o.urgent_ahead = narrow(c->urgent_ahead());
        }
        if (auto const* l = d->socket->listener()) {
            auto const i = l->info();
            o.syn_queue = narrow(i.pending);
            o.accept_queue = narrow(i.ready);
        }
        o.state = static_cast<std::uint32_t>(state_of(*d->socket));
        write_growing(o, info, size);
        return 0;
    });
}

int cardea_stack_get_counters(const cardea_stack* stack, struct cardea_stack_counters* counters, size_t size) {
    return guarded(-1, [=] {
        if (stack == nullptr || counters == nullptr) return fail(EINVAL);
        auto const c = stack->host.counters();
        cardea_stack_counters o{};
        o.packets_in = c.packets_in;
        o.packets_out = c.packets_out;
        for (auto const n : c.dropped) o.packets_dropped += n;
        o.packets_lost = stack->lost;
        o.sockets = c.sockets;
        o.connections = c.connections;
        write_growing(o, counters, size);
        return 0;
    });
}

uint64_t cardea_stack_dropped(const cardea_stack* stack, size_t index, const char** name) {
    auto const reason = index + 1;  // 0 is "none"
    bool const known = stack != nullptr && reason < stack_ns::drop_reason_count;
    if (name != nullptr) *name = known ? stack_ns::name(static_cast<stack_ns::drop_reason>(reason)) : nullptr;
    return known ? stack->host.counters().dropped[reason] : UINT64_MAX;
}
