// Options of a socket as its user meets them: errors with the option's name, and the names.
#include <cardea/ip_option.hpp>
#include <cardea/socket.hpp>
#include <cardea/tcp_option.hpp>
#include <string>

namespace cardea {

const char* name(option_id option) noexcept {
    switch (option) {
        case option_id::reuse_address:
            return "SO_REUSEADDR";
        case option_id::reuse_port:
            return "SO_REUSEPORT";
        case option_id::broadcast:
            return "SO_BROADCAST";
        case option_id::keepalive:
            return "SO_KEEPALIVE";
        case option_id::linger:
            return "SO_LINGER";
        case option_id::send_buffer:
            return "SO_SNDBUF";
        case option_id::receive_buffer:
            return "SO_RCVBUF";
        case option_id::error_pending:
            return "SO_ERROR";
        case option_id::receive_low_water:
            return "SO_RCVLOWAT";
        case option_id::priority:
            return "SO_PRIORITY";
        case option_id::mark:
            return "SO_MARK";
        case option_id::bind_to_device:
            return "SO_BINDTODEVICE";
        case option_id::busy_poll:
            return "SO_BUSY_POLL";
        case option_id::max_pacing_rate:
            return "SO_MAX_PACING_RATE";
        case option_id::incoming_cpu:
            return "SO_INCOMING_CPU";
        case option_id::dont_route:
            return "SO_DONTROUTE";
        case option_id::listening:
            return "SO_ACCEPTCONN";
        case option_id::send_buffer_force:
            return "SO_SNDBUFFORCE";
        case option_id::receive_buffer_force:
            return "SO_RCVBUFFORCE";
        case option_id::prefer_busy_poll:
            return "SO_PREFER_BUSY_POLL";
        case option_id::busy_poll_budget:
            return "SO_BUSY_POLL_BUDGET";
        case option_id::incoming_napi_id:
            return "SO_INCOMING_NAPI_ID";
        case option_id::protocol:
            return "SO_PROTOCOL";
        case option_id::cookie:
            return "SO_COOKIE";
        case option_id::dropped:
            return "SO_MEMINFO";
        case option_id::v6_only:
            return "IPV6_V6ONLY";
        case option_id::hop_limit:
            return "IP_TTL";
        case option_id::min_hop_limit:
            return "IP_MINTTL";
        case option_id::traffic_class:
            return "IP_TOS";
        case option_id::transparent:
            return "IP_TRANSPARENT";
        case option_id::free_bind:
            return "IP_FREEBIND";
        case option_id::bind_address_no_port:
            return "IP_BIND_ADDRESS_NO_PORT";
        case option_id::local_port_range:
            return "IP_LOCAL_PORT_RANGE";
        case option_id::unicast_interface:
            return "IP_UNICAST_IF";
        case option_id::original_destination:
            return "SO_ORIGINAL_DST";
        case option_id::udp_cork:
            return "UDP_CORK";
        case option_id::tcp_nodelay:
            return "TCP_NODELAY";
        case option_id::tcp_cork:
            return "TCP_CORK";
        case option_id::tcp_quick_ack:
            return "TCP_QUICKACK";
        case option_id::tcp_keepalive_idle:
            return "TCP_KEEPIDLE";
        case option_id::tcp_keepalive_interval:
            return "TCP_KEEPINTVL";
        case option_id::tcp_keepalive_count:
            return "TCP_KEEPCNT";
        case option_id::tcp_user_timeout:
            return "TCP_USER_TIMEOUT";
        case option_id::tcp_congestion_control:
            return "TCP_CONGESTION";
        case option_id::tcp_defer_accept:
            return "TCP_DEFER_ACCEPT";
        case option_id::tcp_fast_open:
            return "TCP_FASTOPEN";
        case option_id::tcp_fast_open_connect:
            return "TCP_FASTOPEN_CONNECT";
        case option_id::tcp_fast_open_no_cookie:
            return "TCP_FASTOPEN_NO_COOKIE";
        case option_id::tcp_max_segment:
            return "TCP_MAXSEG";
        case option_id::tcp_syn_count:
            return "TCP_SYNCNT";
        case option_id::tcp_fin_wait:
            return "TCP_LINGER2";
        case option_id::tcp_window_clamp:
            return "TCP_WINDOW_CLAMP";
        case option_id::tcp_unsent_low_water:
            return "TCP_NOTSENT_LOWAT";
        case option_id::tcp_is_multipath:
            return "TCP_IS_MPTCP";
        case option_id::metadata:
            return "IP_PKTINFO";
        case option_id::mtu_discovery:
            return "IP_MTU_DISCOVER";
        case option_id::path_mtu:
            return "IP_MTU";
        case option_id::receive_errors:
            return "IP_RECVERR";
        case option_id::multicast_loop:
            return "IP_MULTICAST_LOOP";
        case option_id::multicast_hops:
            return "IP_MULTICAST_TTL";
        case option_id::multicast_interface:
            return "IP_MULTICAST_IF";
        case option_id::multicast_all:
            return "IP_MULTICAST_ALL";
        case option_id::pass_credentials:
            return "SO_PASSCRED";
    }
    return "unknown option";
}

const char* name(tcp_state s) noexcept {
    switch (s) {
        case tcp_state::closed:
            return "CLOSED";
        case tcp_state::listen:
            return "LISTEN";
        case tcp_state::syn_sent:
            return "SYN_SENT";
        case tcp_state::syn_received:
            return "SYN_RECEIVED";
        case tcp_state::established:
            return "ESTABLISHED";
        case tcp_state::fin_wait_1:
            return "FIN_WAIT_1";
        case tcp_state::fin_wait_2:
            return "FIN_WAIT_2";
        case tcp_state::close_wait:
            return "CLOSE_WAIT";
        case tcp_state::closing:
            return "CLOSING";
        case tcp_state::last_ack:
            return "LAST_ACK";
        case tcp_state::time_wait:
            return "TIME_WAIT";
    }
    return "unknown state";
}

void socket::fail_option(std::error_code ec, const char* operation, option_id id) const {
    std::error_code ignored;
    std::string text = std::string(operation) + ' ' + name(id);
    if (const endpoint mine = local(ignored); !ignored) text += " of " + mine.to_string();
    throw error(ec, operation, text);
}

void socket::set_option(option_id id, option_value value) {
    std::error_code ec;
    set_option(id, value, ec);
    if (ec) fail_option(ec, "set option", id);
}

void socket::set_option(option_id id, option_value value, std::error_code& ec) noexcept {
    ec = impl_ != nullptr ? impl_->set_option(id, value) : std::error_code(errc::closed);
}

option_value socket::get_option(option_id id) const {
    std::error_code ec;
    const option_value value = get_option(id, ec);
    if (ec) fail_option(ec, "get option", id);
    return value;
}

option_value socket::get_option(option_id id, std::error_code& ec) const noexcept {
    option_value value = 0;
    ec = impl_ != nullptr ? impl_->get_option(id, value) : std::error_code(errc::closed);
    return value;
}

void socket::set_option(option_id id, const std::string& value) {
    std::error_code ec;
    set_option(id, value, ec);
    if (ec) fail_option(ec, "set option", id);
}

void socket::set_option(option_id id, const std::string& value, std::error_code& ec) noexcept {
    ec = impl_ != nullptr ? impl_->set_text_option(id, value) : std::error_code(errc::closed);
}

std::string socket::get_text_option(option_id id) const {
    std::error_code ec;
    std::string value = get_text_option(id, ec);
    if (ec) fail_option(ec, "get option", id);
    return value;
}

std::string socket::get_text_option(option_id id, std::error_code& ec) const {
    std::string value;
    ec = impl_ != nullptr ? impl_->get_text_option(id, value) : std::error_code(errc::closed);
    return value;
}

tcp_info socket::info() const {
    std::error_code ec;
    const tcp_info known = info(ec);
    if (ec) fail(ec, "info");
    return known;
}

tcp_info socket::info(std::error_code& ec) const noexcept {
    tcp_info known;
    ec = impl_ != nullptr ? impl_->info(known) : std::error_code(errc::closed);
    return known;
}

}  // namespace cardea
