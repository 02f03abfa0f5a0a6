// Options by their numbers: setsockopt(2), getsockopt(2). One table says where each one lives.
#include <linux/tcp.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "network/kernel_socket.hpp"

namespace cardea::detail {

namespace {

// Newer than Debian 12's headers.
constexpr int ip_local_port_range = 51;  // linux/in.h, 6.3
constexpr int tcp_is_mptcp = 43;         // linux/tcp.h, 5.16

// Of headers that cannot stand beside <netinet/in.h>.
constexpr int so_original_dst = 80;       // linux/netfilter_ipv4.h, linux/netfilter_ipv6/ip6_tables.h
constexpr std::size_t meminfo_drops = 8;  // SK_MEMINFO_DROPS, linux/sock_diag.h

struct place {
    int level = -1;
    int name = -1;
};

struct native_option {
    option_id option;
    place usual;
    place ipv6 = {};  // on an IPv6 socket, where the usual place then holds for its IPv4 peers
};

constexpr std::array table{
    native_option{option_id::reuse_address, {SOL_SOCKET, SO_REUSEADDR}},
    native_option{option_id::reuse_port, {SOL_SOCKET, SO_REUSEPORT}},
    native_option{option_id::broadcast, {SOL_SOCKET, SO_BROADCAST}},
    native_option{option_id::keepalive, {SOL_SOCKET, SO_KEEPALIVE}},
    native_option{option_id::linger, {SOL_SOCKET, SO_LINGER}},
    native_option{option_id::send_buffer, {SOL_SOCKET, SO_SNDBUF}},
    native_option{option_id::receive_buffer, {SOL_SOCKET, SO_RCVBUF}},
    native_option{option_id::error_pending, {SOL_SOCKET, SO_ERROR}},
    native_option{option_id::receive_low_water, {SOL_SOCKET, SO_RCVLOWAT}},
    native_option{option_id::priority, {SOL_SOCKET, SO_PRIORITY}},
    native_option{option_id::mark, {SOL_SOCKET, SO_MARK}},
    native_option{option_id::bind_to_device, {SOL_SOCKET, SO_BINDTODEVICE}},
    native_option{option_id::busy_poll, {SOL_SOCKET, SO_BUSY_POLL}},
    native_option{option_id::max_pacing_rate, {SOL_SOCKET, SO_MAX_PACING_RATE}},
    native_option{option_id::incoming_cpu, {SOL_SOCKET, SO_INCOMING_CPU}},
    native_option{option_id::dont_route, {SOL_SOCKET, SO_DONTROUTE}},
    native_option{option_id::listening, {SOL_SOCKET, SO_ACCEPTCONN}},
    native_option{option_id::send_buffer_force, {SOL_SOCKET, SO_SNDBUFFORCE}},
    native_option{option_id::receive_buffer_force, {SOL_SOCKET, SO_RCVBUFFORCE}},
    native_option{option_id::prefer_busy_poll, {SOL_SOCKET, SO_PREFER_BUSY_POLL}},
    native_option{option_id::busy_poll_budget, {SOL_SOCKET, SO_BUSY_POLL_BUDGET}},
    native_option{option_id::incoming_napi_id, {SOL_SOCKET, SO_INCOMING_NAPI_ID}},
    native_option{option_id::protocol, {SOL_SOCKET, SO_PROTOCOL}},
    native_option{option_id::cookie, {SOL_SOCKET, SO_COOKIE}},
    native_option{option_id::dropped, {SOL_SOCKET, SO_MEMINFO}},
    native_option{option_id::v6_only, {IPPROTO_IPV6, IPV6_V6ONLY}},
    native_option{option_id::hop_limit, {IPPROTO_IP, IP_TTL}, {IPPROTO_IPV6, IPV6_UNICAST_HOPS}},
    native_option{option_id::min_hop_limit, {IPPROTO_IP, IP_MINTTL}, {IPPROTO_IPV6, IPV6_MINHOPCOUNT}},
    native_option{option_id::traffic_class, {IPPROTO_IP, IP_TOS}, {IPPROTO_IPV6, IPV6_TCLASS}},
    native_option{option_id::transparent, {IPPROTO_IP, IP_TRANSPARENT}, {IPPROTO_IPV6, IPV6_TRANSPARENT}},
    native_option{option_id::free_bind, {IPPROTO_IP, IP_FREEBIND}, {IPPROTO_IPV6, IPV6_FREEBIND}},
    native_option{option_id::bind_address_no_port, {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT}},
    native_option{option_id::local_port_range, {IPPROTO_IP, ip_local_port_range}},
    native_option{option_id::unicast_interface, {IPPROTO_IP, IP_UNICAST_IF}, {IPPROTO_IPV6, IPV6_UNICAST_IF}},
    native_option{option_id::original_destination, {IPPROTO_IP, so_original_dst}, {IPPROTO_IPV6, so_original_dst}},
    native_option{option_id::udp_cork, {IPPROTO_UDP, UDP_CORK}},
    native_option{option_id::tcp_nodelay, {IPPROTO_TCP, TCP_NODELAY}},
    native_option{option_id::tcp_cork, {IPPROTO_TCP, TCP_CORK}},
    native_option{option_id::tcp_quick_ack, {IPPROTO_TCP, TCP_QUICKACK}},
    native_option{option_id::tcp_keepalive_idle, {IPPROTO_TCP, TCP_KEEPIDLE}},
    native_option{option_id::tcp_keepalive_interval, {IPPROTO_TCP, TCP_KEEPINTVL}},
    native_option{option_id::tcp_keepalive_count, {IPPROTO_TCP, TCP_KEEPCNT}},
    native_option{option_id::tcp_user_timeout, {IPPROTO_TCP, TCP_USER_TIMEOUT}},
    native_option{option_id::tcp_congestion_control, {IPPROTO_TCP, TCP_CONGESTION}},
    native_option{option_id::tcp_defer_accept, {IPPROTO_TCP, TCP_DEFER_ACCEPT}},
    native_option{option_id::tcp_fast_open, {IPPROTO_TCP, TCP_FASTOPEN}},
    native_option{option_id::tcp_fast_open_connect, {IPPROTO_TCP, TCP_FASTOPEN_CONNECT}},
    native_option{option_id::tcp_fast_open_no_cookie, {IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE}},
    native_option{option_id::tcp_max_segment, {IPPROTO_TCP, TCP_MAXSEG}},
    native_option{option_id::tcp_syn_count, {IPPROTO_TCP, TCP_SYNCNT}},
    native_option{option_id::tcp_fin_wait, {IPPROTO_TCP, TCP_LINGER2}},
    native_option{option_id::tcp_window_clamp, {IPPROTO_TCP, TCP_WINDOW_CLAMP}},
    native_option{option_id::tcp_unsent_low_water, {IPPROTO_TCP, TCP_NOTSENT_LOWAT}},
    native_option{option_id::tcp_is_multipath, {IPPROTO_TCP, tcp_is_mptcp}},
    native_option{option_id::metadata, {}},  // several in one, as receive_errors: kernel_errors.cpp
    native_option{option_id::mtu_discovery, {IPPROTO_IP, IP_MTU_DISCOVER}, {IPPROTO_IPV6, IPV6_MTU_DISCOVER}},
    native_option{option_id::path_mtu, {IPPROTO_IP, IP_MTU}, {IPPROTO_IPV6, IPV6_MTU}},
    native_option{option_id::receive_errors, {IPPROTO_IP, IP_RECVERR}, {IPPROTO_IPV6, IPV6_RECVERR}},
    native_option{option_id::multicast_loop, {IPPROTO_IP, IP_MULTICAST_LOOP}, {IPPROTO_IPV6, IPV6_MULTICAST_LOOP}},
    native_option{option_id::multicast_hops, {IPPROTO_IP, IP_MULTICAST_TTL}, {IPPROTO_IPV6, IPV6_MULTICAST_HOPS}},
    native_option{option_id::multicast_interface, {IPPROTO_IP, IP_MULTICAST_IF}, {IPPROTO_IPV6, IPV6_MULTICAST_IF}},
    native_option{option_id::multicast_all, {IPPROTO_IP, IP_MULTICAST_ALL}, {IPPROTO_IPV6, IPV6_MULTICAST_ALL}},
    native_option{option_id::pass_credentials, {SOL_SOCKET, SO_PASSCRED}},
};

constexpr bool in_order() noexcept {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (static_cast<std::size_t>(table[i].option) != i) return false;
    }
    return true;
}
static_assert(in_order(), "the table is indexed by option_id");

constexpr bool is_text(option_id o) noexcept {
    return o == option_id::bind_to_device || o == option_id::tcp_congestion_control;
}

const native_option* find(option_id o) noexcept {
    const auto at = static_cast<std::size_t>(o);
    return at < table.size() && !is_text(o) && o != option_id::original_destination ? &table[at] : nullptr;
}

template <class Raw>
std::error_code put(int fd, place where, const Raw& raw) noexcept {
    return ::setsockopt(fd, where.level, where.name, &raw, sizeof raw) == 0 ? std::error_code() : last_error();
}

template <class Raw>
std::error_code take(int fd, place where, Raw& raw) noexcept {
    socklen_t size = sizeof raw;
    return ::getsockopt(fd, where.level, where.name, &raw, &size) == 0 ? std::error_code() : last_error();
}

// All but a few options are an int to the kernel.
std::error_code put_number(int fd, const native_option& to, place where, option_value value) noexcept {
    switch (to.option) {
        case option_id::linger:
            return put(fd, where,
                       ::linger{value >= 0 ? 1 : 0, static_cast<int>(std::clamp<option_value>(value, 0, INT32_MAX))});
        case option_id::max_pacing_rate:
            return put(fd, where, value < 0 ? UINT64_MAX : static_cast<std::uint64_t>(value));
        case option_id::mark:
            return put(fd, where, static_cast<std::uint32_t>(value));
        case option_id::local_port_range:
            return put(fd, where, static_cast<std::uint32_t>(value));
        case option_id::unicast_interface:  // in network byte order, alone among interfaces
            return put(fd, where, htonl(static_cast<std::uint32_t>(value)));
        default:
            return put(fd, where, static_cast<int>(std::clamp<option_value>(value, INT32_MIN, INT32_MAX)));
    }
}

std::error_code take_number(int fd, const native_option& from, place where, option_value& value) noexcept {
    std::error_code failed;
    if (from.option == option_id::linger) {
        ::linger raw{};
        failed = take(fd, where, raw);
        if (!failed) value = raw.l_onoff != 0 ? raw.l_linger : -1;
    } else if (from.option == option_id::max_pacing_rate) {
        std::uint64_t raw = 0;
        failed = take(fd, where, raw);
        if (!failed) value = raw > INT64_MAX ? -1 : static_cast<option_value>(raw);
    } else if (from.option == option_id::cookie) {
        failed = take(fd, where, value);
    } else if (from.option == option_id::dropped) {
        std::array<std::uint32_t, meminfo_drops + 1> raw{};
        failed = take(fd, where, raw);
        if (!failed) value = raw[meminfo_drops];
    } else if (from.option == option_id::unicast_interface) {
        std::uint32_t raw = 0;
        failed = take(fd, where, raw);
        if (!failed) value = ntohl(raw);
    } else {
        int raw = 0;
        failed = take(fd, where, raw);
        const bool unsigned_one = from.option == option_id::mark || from.option == option_id::local_port_range ||
                                  from.option == option_id::tcp_unsent_low_water ||
                                  from.option == option_id::incoming_napi_id;
        if (!failed) value = unsigned_one ? option_value{std::bit_cast<std::uint32_t>(raw)} : option_value{raw};
    }
    return failed;
}

// A dual-stack socket's connection is tracked by the version of IP that its packets have: the other answers that there
// is no such connection, or, without that filter, no such option.
std::error_code take_original_destination(int fd, family f, std::string& value) {
    const native_option& from = table[static_cast<std::size_t>(option_id::original_destination)];
    std::error_code failed = errc::not_supported;
    sockaddr_storage raw{};
    if (f == family::inet6) failed = take(fd, from.ipv6, raw);
    if (failed && (f == family::inet || f == family::inet6)) {
        raw = {};
        const std::error_code other = take(fd, from.usual, raw);
        if (!other || f == family::inet) failed = other;
    }
    if (!failed) {
        value.assign(reinterpret_cast<const char*>(&raw),
                     raw.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
    }
    return failed;
}

}  // namespace

std::error_code kernel_socket::set_option(option_id option, option_value value) noexcept {
    if (!is_open()) return errc::closed;
    if (option == option_id::metadata) return set_metadata(static_cast<metadata>(value));
    if (option == option_id::receive_errors) return set_receive_errors(value != 0);
    if (option == option_id::multicast_interface) return set_multicast_interface(static_cast<std::uint32_t>(value));
    // IPv4's would be cut to eight bits, without a word.
    if (option == option_id::traffic_class && (value < 0 || value > 255)) return system_error_code(EINVAL);
    const native_option* to = find(option);
    if (to == nullptr) return errc::not_supported;
    const bool has_two = family_ == family::inet6 && to->ipv6.level >= 0;
    const std::error_code failed = put_number(fd_, *to, has_two ? to->ipv6 : to->usual, value);
    // For its IPv4 peers. A socket that takes none refuses, which is no failure.
    if (!failed && has_two) put_number(fd_, *to, to->usual, value);
    if (!failed && option == option_id::linger) {
        lingers_ = value > 0;
        lingered_ = lingered_ || lingers_;
    }
    return failed;
}

std::error_code kernel_socket::get_option(option_id option, option_value& value) const noexcept {
    if (!is_open()) return errc::closed;
    const native_option* from = find(option);
    if (from == nullptr || option == option_id::metadata) return errc::not_supported;
    // The kernel tells an address, not an interface.
    if (option == option_id::multicast_interface && family_ != family::inet6) return errc::not_supported;
    const bool has_two = family_ == family::inet6 && from->ipv6.level >= 0;
    return take_number(fd_, *from, has_two ? from->ipv6 : from->usual, value);
}

std::error_code kernel_socket::set_text_option(option_id option, const std::string& value) noexcept {
    if (!is_open()) return errc::closed;
    if (!is_text(option)) return errc::not_supported;
    const place to = table[static_cast<std::size_t>(option)].usual;
    const int rc = ::setsockopt(fd_, to.level, to.name, value.data(), static_cast<socklen_t>(value.size()));
    return rc == 0 ? std::error_code() : last_error();
}

std::error_code kernel_socket::get_text_option(option_id option, std::string& value) const noexcept try {
    if (!is_open()) return errc::closed;
    if (option == option_id::original_destination) return take_original_destination(fd_, family_, value);
    if (!is_text(option)) return errc::not_supported;
    const place from = table[static_cast<std::size_t>(option)].usual;
    std::array<char, 64> raw{};  // interfaces have 15 characters, algorithms 15 as well
    socklen_t size = raw.size() - 1;
    if (::getsockopt(fd_, from.level, from.name, raw.data(), &size) != 0) return last_error();
    value.assign(raw.data(), ::strnlen(raw.data(), size));
    return {};
} catch (const std::bad_alloc&) {
    return std::make_error_code(std::errc::not_enough_memory);
}

std::error_code kernel_socket::info(cardea::tcp_info& out) const noexcept {
    if (!is_open()) return errc::closed;
    ::tcp_info raw{};  // an older kernel fills less of it
    socklen_t size = sizeof raw;
    if (::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &raw, &size) != 0) {
        return errno == EOPNOTSUPP || errno == ENOPROTOOPT ? std::error_code(errc::not_supported) : last_error();
    }
    // The kernel's numbers of the states (include/net/tcp_states.h), from 1 on.
    using enum tcp_state;
    constexpr std::array states{closed, established, syn_sent, syn_received, fin_wait_1, fin_wait_2,  time_wait,
                                closed, close_wait,  last_ack, listen,       closing,    syn_received};
    const std::uint64_t segment = raw.tcpi_snd_mss;
    out = {};
    out.state = raw.tcpi_state < states.size() ? states[raw.tcpi_state] : closed;
    out.in_recovery = raw.tcpi_ca_state == TCP_CA_Recovery || raw.tcpi_ca_state == TCP_CA_Loss;
    out.timestamps = (raw.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0;
    out.selective_acks = (raw.tcpi_options & TCPI_OPT_SACK) != 0;
    out.window_scaling = (raw.tcpi_options & TCPI_OPT_WSCALE) != 0;
    out.ecn = (raw.tcpi_options & TCPI_OPT_ECN) != 0;
    out.smoothed_rtt = std::chrono::microseconds(raw.tcpi_rtt);
    out.rtt_variation = std::chrono::microseconds(raw.tcpi_rttvar);
    out.least_rtt = std::chrono::microseconds(raw.tcpi_min_rtt == UINT32_MAX ? 0 : raw.tcpi_min_rtt);
    out.retransmission_timeout = std::chrono::microseconds(raw.tcpi_rto);
    out.send_segment_size = raw.tcpi_snd_mss;
    out.path_mtu = raw.tcpi_pmtu;
    out.congestion_window = raw.tcpi_snd_cwnd * segment;
    constexpr std::uint32_t no_threshold = 0x7fffffff;  // TCP_INFINITE_SSTHRESH
    out.slow_start_threshold = raw.tcpi_snd_ssthresh >= no_threshold ? 0 : raw.tcpi_snd_ssthresh * segment;
    out.send_window = raw.tcpi_snd_wnd;
    out.in_flight = raw.tcpi_unacked * segment;
    out.unsent = raw.tcpi_notsent_bytes;
    out.bytes_sent = raw.tcpi_bytes_sent;
    out.bytes_acknowledged = raw.tcpi_bytes_acked;
    out.bytes_received = raw.tcpi_bytes_received;
    out.bytes_resent = raw.tcpi_bytes_retrans;
    out.segments_sent = raw.tcpi_segs_out;
    out.segments_received = raw.tcpi_segs_in;
    out.resends = raw.tcpi_total_retrans;
    out.delivery_rate = raw.tcpi_delivery_rate;
    out.pacing_rate = raw.tcpi_pacing_rate == UINT64_MAX ? 0 : raw.tcpi_pacing_rate;
    return {};
}

}  // namespace cardea::detail
