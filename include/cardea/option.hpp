// Socket options, typed: `s.set(option::nodelay{true})`, `s.get<option::receive_buffer>()`. Those of every socket
// (socket(7)) are here; TCP's and IP's own in tcp_option.hpp and ip_option.hpp.
#pragma once

#include <cardea/endpoint.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>

namespace cardea {

/// The options every network knows of; each maps them to its own. One that a network lacks: errc::not_supported.
enum class option_id : std::uint8_t {
    // socket(7)
    reuse_address,
    reuse_port,
    broadcast,
    keepalive,
    linger,
    send_buffer,
    receive_buffer,
    error_pending,
    receive_low_water,
    priority,
    mark,
    bind_to_device,
    busy_poll,
    max_pacing_rate,
    incoming_cpu,
    dont_route,
    listening,
    send_buffer_force,
    receive_buffer_force,
    prefer_busy_poll,
    busy_poll_budget,
    incoming_napi_id,
    protocol,
    cookie,
    dropped,
    // ip(7), ipv6(7)
    v6_only,
    hop_limit,
    min_hop_limit,
    traffic_class,
    transparent,
    free_bind,
    bind_address_no_port,
    local_port_range,
    unicast_interface,
    original_destination,
    // udp(7)
    udp_cork,
    // tcp(7)
    tcp_nodelay,
    tcp_cork,
    tcp_quick_ack,
    tcp_keepalive_idle,
    tcp_keepalive_interval,
    tcp_keepalive_count,
    tcp_user_timeout,
    tcp_congestion_control,
    tcp_defer_accept,
    tcp_fast_open,
    tcp_fast_open_connect,
    tcp_fast_open_no_cookie,
    tcp_max_segment,
    tcp_syn_count,
    tcp_fin_wait,
    tcp_window_clamp,
    tcp_unsent_low_water,
    tcp_is_multipath,
    // of messages: datagram.hpp, error_queue.hpp, multicast.hpp, passing.hpp
    metadata,
    mtu_discovery,
    path_mtu,
    receive_errors,
    multicast_loop,
    multicast_hops,
    multicast_interface,
    multicast_all,
    pass_credentials,
};

/// How an option crosses the seam: a flag or number, or -1 for "off" where an option has an off state. Those that are
/// text (bind_to_device, tcp_congestion_control) cross as text, and an address (original_destination) as the bytes of
/// its sockaddr.
using option_value = std::int64_t;

/// What an option is called in its manual page: "TCP_NODELAY". For people; a string literal.
[[nodiscard]] const char* name(option_id option) noexcept;

/// Ports from `low` to `high`, both included (option::local_port_range).
struct port_range {
    std::uint16_t low = 0;   ///< the first
    std::uint16_t high = 0;  ///< the last

    [[nodiscard]] friend bool operator==(const port_range&, const port_range&) = default;
};

namespace option {

/// SO_REUSEADDR (socket(7)): a listener may bind while old connections are in TIME_WAIT. tcp_listener sets it.
struct reuse_address {
    bool value = true;
    static constexpr option_id id = option_id::reuse_address;
};
/// SO_REUSEPORT (socket(7)): several sockets share an address and the kernel spreads the load.
struct reuse_port {
    bool value = true;
    static constexpr option_id id = option_id::reuse_port;
};
/// SO_BROADCAST (socket(7)): datagrams may go to a broadcast address.
struct broadcast {
    bool value = true;
    static constexpr option_id id = option_id::broadcast;
};
/// SO_KEEPALIVE (socket(7)): probe an idle connection. How soon and how often: tcp_option.hpp.
struct keepalive {
    bool value = true;
    static constexpr option_id id = option_id::keepalive;
};
/// SO_LINGER (socket(7)): what close() does with unsent data. nullopt: it goes on in the background (the default);
/// 0 s: it is thrown away and the peer gets a reset; n s: close() waits that long for it.
struct linger {
    std::optional<std::chrono::seconds> value;
    static constexpr option_id id = option_id::linger;
};
/// SO_SNDBUF and SO_RCVBUF in bytes (socket(7); Linux reports twice what was set).
struct send_buffer {
    int value = 0;
    static constexpr option_id id = option_id::send_buffer;
};
struct receive_buffer {
    int value = 0;
    static constexpr option_id id = option_id::receive_buffer;
};
/// SO_SNDBUFFORCE and SO_RCVBUFFORCE (socket(7)): the same beyond the system's bounds (net.core.wmem_max, rmem_max).
/// Need CAP_NET_ADMIN; set only.
struct send_buffer_force {
    int value = 0;
    static constexpr option_id id = option_id::send_buffer_force;
};
struct receive_buffer_force {
    int value = 0;
    static constexpr option_id id = option_id::receive_buffer_force;
};
/// SO_ERROR (socket(7)): what has befallen the socket and no call has told yet, none as a rule; reading clears it, so
/// that no call will. Read only: it cannot be set. On uring, where the kernel receives ahead, the error of a connection
/// that has begun to receive waits in the receive instead.
struct pending_error {
    std::error_code value = {};
    static constexpr option_id id = option_id::error_pending;
};
/// SO_RCVLOWAT (socket(7)): recv() waits until this many bytes are there, or the stream ends. On uring, where the
/// kernel receives ahead, it has no effect once traffic has begun.
struct receive_low_water {
    int value = 1;
    static constexpr option_id id = option_id::receive_low_water;
};
/// SO_PRIORITY (socket(7)): the queueing priority of what is sent; above 6 needs CAP_NET_ADMIN.
struct priority {
    int value = 0;
    static constexpr option_id id = option_id::priority;
};
/// SO_MARK (socket(7)): a mark for routing rules and packet filters on what is sent. Needs CAP_NET_ADMIN or
/// CAP_NET_RAW.
struct mark {
    std::uint32_t value = 0;
    static constexpr option_id id = option_id::mark;
};
/// SO_BINDTODEVICE (socket(7)): only packets of this interface; empty: of any. Unprivileged since Linux 5.7 where none
/// is set yet.
struct bind_to_device {
    std::string value = {};
    static constexpr option_id id = option_id::bind_to_device;
};
/// SO_BUSY_POLL (socket(7)): how long a blocking receive polls the device before it sleeps. More than the system's
/// default needs CAP_NET_ADMIN.
struct busy_poll {
    std::chrono::microseconds value{0};
    static constexpr option_id id = option_id::busy_poll;
};
/// SO_PREFER_BUSY_POLL (Linux 5.11; the kernel's napi.rst): the device's interrupts stay off while somebody polls it in
/// busy_poll's way. Needs CAP_NET_ADMIN.
struct prefer_busy_poll {
    bool value = true;
    static constexpr option_id id = option_id::prefer_busy_poll;
};
/// SO_BUSY_POLL_BUDGET (Linux 5.11): the packets of one such poll at most; more needs CAP_NET_ADMIN. Set only.
struct busy_poll_budget {
    int value = 8;
    static constexpr option_id id = option_id::busy_poll_budget;
};
/// SO_INCOMING_NAPI_ID (socket(7)): the device's queue that this socket's packets come by, for a thread for each queue;
/// 0: none known, as over the loopback. Read only.
struct incoming_napi_id {
    std::uint32_t value = 0;
    static constexpr option_id id = option_id::incoming_napi_id;
};
/// SO_MAX_PACING_RATE (tc-fq(8)): bytes a second that TCP, or the fq queueing discipline, lets this socket send at
/// most; nullopt: no limit.
struct max_pacing_rate {
    std::optional<std::uint64_t> value;
    static constexpr option_id id = option_id::max_pacing_rate;
};
/// SO_INCOMING_CPU (socket(7)): the CPU that this socket's packets came in on; set on the listeners of a SO_REUSEPORT
/// group: which one takes connections of which CPU.
struct incoming_cpu {
    int value = 0;
    static constexpr option_id id = option_id::incoming_cpu;
};
/// SO_DONTROUTE (socket(7)): send to directly connected hosts only.
struct dont_route {
    bool value = true;
    static constexpr option_id id = option_id::dont_route;
};
/// SO_ACCEPTCONN (socket(7)): whether the socket listens. Read only.
struct listening {
    bool value = false;
    static constexpr option_id id = option_id::listening;
};
/// SO_PROTOCOL (socket(7)): the protocol's number, 6 is TCP (IANA's registry): of a descriptor made elsewhere. Read
/// only.
struct protocol {
    int value = 0;
    static constexpr option_id id = option_id::protocol;
};
/// SO_COOKIE (Linux 4.12): a number that no other socket of this machine has had since it started, the one that ss(8)
/// and BPF programs tell it by. Read only.
struct cookie {
    std::uint64_t value = 0;
    static constexpr option_id id = option_id::cookie;
};
/// SO_MEMINFO (Linux 4.12): packets that came for this socket and were thrown away, for want of room in its receive
/// buffer as a rule. What SO_RXQ_OVFL tells with each datagram. Read only.
struct dropped {
    std::uint32_t value = 0;
    static constexpr option_id id = option_id::dropped;
};
/// IPV6_V6ONLY (ipv6(7)): false (Cardea's default for IPv6 sockets) takes IPv4 peers too. Only before bind.
struct v6_only {
    bool value = true;
    static constexpr option_id id = option_id::v6_only;
};
/// TCP_NODELAY (tcp(7)): send small segments at once (Nagle's algorithm off, RFC 1122 4.2.3.4). tcp_stream sets it.
struct nodelay {
    bool value = true;
    static constexpr option_id id = option_id::tcp_nodelay;
};
/// TCP_USER_TIMEOUT (tcp(7), RFC 5482): how long sent data may stay unacknowledged before the connection is dropped.
struct user_timeout {
    std::chrono::milliseconds value{0};
    static constexpr option_id id = option_id::tcp_user_timeout;
};

}  // namespace option

namespace detail {

template <class Enum>
requires std::is_enum_v<Enum> option_value to_value(Enum v)
noexcept { return static_cast<option_value>(v); }
template <class Enum>
requires std::is_enum_v<Enum>
void from_value(option_value from, Enum& v) noexcept { v = static_cast<Enum>(from); }

inline option_value to_value(bool v) noexcept { return v ? 1 : 0; }
inline option_value to_value(int v) noexcept { return v; }
inline option_value to_value(std::uint32_t v) noexcept { return v; }
template <class Period>
option_value to_value(std::chrono::duration<std::int64_t, Period> v) noexcept {
    return v.count();
}
inline option_value to_value(const std::optional<std::chrono::seconds>& v) noexcept { return v ? v->count() : -1; }
inline const std::string& to_value(const std::string& v) noexcept { return v; }
inline option_value to_value(const std::optional<std::uint64_t>& v) noexcept {
    return v ? static_cast<option_value>(*v & INT64_MAX) : -1;
}

// The types of every option: socket::set() finds what is declared before it.
inline option_value to_value(port_range v) noexcept { return option_value{v.high} << 16 | v.low; }
inline void from_value(option_value from, port_range& v) noexcept {
    v = {static_cast<std::uint16_t>(from & 0xffff), static_cast<std::uint16_t>(from >> 16 & 0xffff)};
}

inline void from_value(option_value from, bool& v) noexcept { v = from != 0; }
inline void from_value(option_value from, int& v) noexcept { v = static_cast<int>(from); }
inline void from_value(option_value from, std::uint32_t& v) noexcept { v = static_cast<std::uint32_t>(from); }
template <class Period>
void from_value(option_value from, std::chrono::duration<std::int64_t, Period>& v) noexcept {
    v = std::chrono::duration<std::int64_t, Period>(from);
}
inline void from_value(option_value from, std::optional<std::chrono::seconds>& v) noexcept {
    v.reset();
    if (from >= 0) v.emplace(from);
}
inline void from_value(option_value from, std::optional<std::uint64_t>& v) noexcept {
    v.reset();
    if (from >= 0) v.emplace(static_cast<std::uint64_t>(from));
}
inline void from_value(option_value from, std::uint64_t& v) noexcept { v = static_cast<std::uint64_t>(from); }
inline void from_value(option_value from, std::error_code& v) noexcept {
    v.assign(static_cast<int>(from), std::system_category());
}

// What crosses as bytes.
template <class Value>
inline constexpr bool crosses_as_text = std::is_same_v<Value, std::string> || std::is_same_v<Value, endpoint>;
inline void from_value(const std::string& from, std::string& v) { v = from; }
inline void from_value(const std::string& from, endpoint& v) noexcept {
    v = endpoint::from_native(from.data(), from.size());
}

}  // namespace detail
}  // namespace cardea
