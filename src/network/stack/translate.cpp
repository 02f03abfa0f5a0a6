// See translate.hpp.
#include "network/stack/translate.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include "network/kernel_socket.hpp"

namespace cardea::detail {

tcpip::endpoint to_stack(const endpoint& from) noexcept {
    tcpip::endpoint to;
    if (!from.is_ip()) return to;
    const std::array<std::uint8_t, 16> bytes = from.address_bytes();
    to.address = from.family() == family::inet ? tcpip::ip_address::v4(bytes[12], bytes[13], bytes[14], bytes[15])
                                               : tcpip::ip_address::v6(bytes);
    to.port = from.port();
    return to;
}

endpoint from_stack(const tcpip::endpoint& from) noexcept {
    const auto& b = from.address.bytes;
    if (from.address.is_v4()) return endpoint::inet({b[0], b[1], b[2], b[3]}, from.port);
    return from.address.is_v6() ? endpoint::inet6(b, from.port) : endpoint();
}

namespace {

int number_of(tcpip::error e) noexcept {
    constexpr std::array<int, 30> numbers{
        0,           EAGAIN,       EINPROGRESS,   EALREADY,     EISCONN,      ENOTCONN,     EINVAL,       EBADF,
        EOPNOTSUPP,  EADDRINUSE,   EADDRNOTAVAIL, EAFNOSUPPORT, EDESTADDRREQ, EMSGSIZE,     ENOBUFS,      ENOMEM,
        ENOPROTOOPT, EACCES,       EPERM,         EPROTO,       EPIPE,        ECONNABORTED, ECONNREFUSED, ECONNRESET,
        ETIMEDOUT,   EHOSTUNREACH, ENETUNREACH,   ENETDOWN,     EHOSTDOWN,    ENODEV,
    };
    static_assert(numbers.size() == static_cast<std::size_t>(tcpip::error::enodev) + 1);
    return numbers[static_cast<std::size_t>(e)];
}

}  // namespace

std::error_code to_error_code(tcpip::error e) noexcept {
    return e == tcpip::error::ok ? std::error_code() : system_error_code(number_of(e));
}

std::optional<stack_option> to_stack(option_id option) noexcept {
    using tcpip::socket_option;
    constexpr std::int64_t milliseconds_in_a_second = 1000;
    switch (option) {
        case option_id::reuse_address:
            return stack_option{socket_option::reuse_address};
        case option_id::reuse_port:
            return stack_option{socket_option::reuse_port};
        case option_id::broadcast:
            return stack_option{socket_option::broadcast};
        case option_id::multicast_loop:
            return stack_option{socket_option::multicast_loop};
        case option_id::multicast_hops:
            return stack_option{socket_option::multicast_hops};
        case option_id::multicast_interface:
            return stack_option{socket_option::multicast_interface};
        case option_id::keepalive:
            return stack_option{socket_option::keepalive};
        case option_id::linger:
            return stack_option{socket_option::linger_ms, milliseconds_in_a_second};
        case option_id::send_buffer:
            return stack_option{socket_option::send_buffer};
        case option_id::receive_buffer:
            return stack_option{socket_option::receive_buffer};
        case option_id::error_pending:
            return stack_option{socket_option::pending_error};
        case option_id::v6_only:
            return stack_option{socket_option::v6_only};
        case option_id::hop_limit:
            return stack_option{socket_option::hop_limit};
        case option_id::traffic_class:
            return stack_option{socket_option::traffic_class};
        case option_id::tcp_nodelay:
            return stack_option{socket_option::no_delay};
        case option_id::tcp_cork:
            return stack_option{socket_option::cork};
        case option_id::tcp_quick_ack:
            return stack_option{socket_option::quick_ack};
        case option_id::tcp_keepalive_idle:
            return stack_option{socket_option::keepalive_idle_ms, milliseconds_in_a_second};
        case option_id::tcp_keepalive_interval:
            return stack_option{socket_option::keepalive_interval_ms, milliseconds_in_a_second};
        case option_id::tcp_keepalive_count:
            return stack_option{socket_option::keepalive_count};
        case option_id::tcp_user_timeout:
            return stack_option{socket_option::user_timeout_ms};
        case option_id::tcp_max_segment:
            return stack_option{socket_option::max_segment};
        case option_id::mtu_discovery:
            return stack_option{socket_option::mtu_discover};
        case option_id::path_mtu:
            return stack_option{socket_option::path_mtu};
        case option_id::receive_errors:
            return stack_option{socket_option::receive_errors};
        default:
            return std::nullopt;
    }
}

tcp_info from_stack(const tcpip::tcp::connection_info& from) noexcept {
    using std::chrono::duration_cast;
    using std::chrono::microseconds;
    using std::chrono::nanoseconds;
    const auto span = [](tcpip::time_ns t) { return duration_cast<microseconds>(nanoseconds(t)); };
    constexpr std::array states{tcp_state::closed,       tcp_state::listen,      tcp_state::syn_sent,
                                tcp_state::syn_received, tcp_state::established, tcp_state::fin_wait_1,
                                tcp_state::fin_wait_2,   tcp_state::close_wait,  tcp_state::closing,
                                tcp_state::last_ack,     tcp_state::time_wait};
    static_assert(static_cast<std::size_t>(tcpip::tcp::state::time_wait) == states.size() - 1);
    tcp_info to;
    to.state = states[static_cast<std::size_t>(from.current)];
    to.in_recovery = from.in_recovery || from.in_loss;
    to.timestamps = from.timestamps;
    to.selective_acks = from.sack;
    to.window_scaling = from.window_scaling;
    to.ecn = from.ecn;
    to.smoothed_rtt = span(from.srtt);
    to.rtt_variation = span(from.rttvar);
    to.least_rtt = span(from.min_rtt);
    to.retransmission_timeout = span(from.rto);
    to.send_segment_size = from.mss;
    to.congestion_window = from.cwnd;
    to.slow_start_threshold = from.ssthresh >= INT32_MAX ? 0 : from.ssthresh;
    to.send_window = from.send_window;
    to.in_flight = from.unacknowledged;
    to.unsent = from.unsent;
    to.bytes_sent = from.bytes_sent;
    to.bytes_acknowledged = from.bytes_acknowledged;
    to.bytes_received = from.bytes_received;
    to.bytes_resent = from.bytes_resent;
    to.segments_sent = from.segments_out;
    to.segments_received = from.segments_in;
    to.resends = from.resends;
    to.timeouts = from.timeouts;
    to.fast_recoveries = from.fast_recoveries;
    return to;
}

}  // namespace cardea::detail
