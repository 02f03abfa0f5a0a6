// The options of TCP beyond nodelay and user_timeout (tcp(7)): `peer.set(option::keepalive_idle{30s})`.
#pragma once

#include <cardea/option.hpp>
#include <chrono>
#include <string>

namespace cardea {

/// `socket{family::inet6, type::stream, multipath_tcp}`: a TCP socket that may use several paths (IPPROTO_MPTCP,
/// RFC 8684). Where the peer does not speak it, it is plain TCP: see option::is_multipath.
inline constexpr int multipath_tcp = 262;

namespace option {

/// TCP_CORK: hold back partial segments until it is cleared, 200 ms at most.
struct cork {
    bool value = true;
    static constexpr option_id id = option_id::tcp_cork;
};
/// TCP_QUICKACK: acknowledge at once, until the kernel decides otherwise; not a lasting setting.
struct quick_ack {
    bool value = true;
    static constexpr option_id id = option_id::tcp_quick_ack;
};
/// TCP_KEEPIDLE: how long a connection is idle before the first probe, whole seconds. Needs option::keepalive.
struct keepalive_idle {
    std::chrono::seconds value{7200};
    static constexpr option_id id = option_id::tcp_keepalive_idle;
};
/// TCP_KEEPINTVL: between probes, whole seconds.
struct keepalive_interval {
    std::chrono::seconds value{75};
    static constexpr option_id id = option_id::tcp_keepalive_interval;
};
/// TCP_KEEPCNT: probes without an answer until the connection fails with timed_out.
struct keepalive_count {
    int value = 9;
    static constexpr option_id id = option_id::tcp_keepalive_count;
};
/// TCP_CONGESTION: the congestion control algorithm: "cubic", "reno", "bbr". One that is not there: ENOENT.
struct congestion_control {
    std::string value = "cubic";
    static constexpr option_id id = option_id::tcp_congestion_control;
};
/// TCP_DEFER_ACCEPT: a listener's accept() wakes only when data has arrived, or this time has passed.
struct defer_accept {
    std::chrono::seconds value{1};
    static constexpr option_id id = option_id::tcp_defer_accept;
};
/// TCP_FASTOPEN: a listener takes data in the SYN (RFC 7413); how many such connections may wait for their handshake.
struct fast_open {
    int value = 256;
    static constexpr option_id id = option_id::tcp_fast_open;
};
/// TCP_FASTOPEN_CONNECT: connect() returns at once where a cookie is known, and the first send goes with the SYN.
struct fast_open_connect {
    bool value = true;
    static constexpr option_id id = option_id::tcp_fast_open_connect;
};
/// TCP_FASTOPEN_NO_COOKIE (Linux 4.15): fast open without the cookie of RFC 7413, which proves a client's address;
/// for networks where nobody forges one.
struct fast_open_no_cookie {
    bool value = true;
    static constexpr option_id id = option_id::tcp_fast_open_no_cookie;
};
/// TCP_MAXSEG: the largest segment to send and to announce; before connect or listen. Read on a connection: in use.
struct max_segment {
    int value = 0;
    static constexpr option_id id = option_id::tcp_max_segment;
};
/// TCP_SYNCNT: how often a SYN is sent again before connect fails with timed_out.
struct syn_count {
    int value = 6;
    static constexpr option_id id = option_id::tcp_syn_count;
};
/// TCP_LINGER2: how long a closed connection waits in FIN_WAIT_2 for its peer's FIN.
struct fin_wait {
    std::chrono::seconds value{60};
    static constexpr option_id id = option_id::tcp_fin_wait;
};
/// TCP_WINDOW_CLAMP: the largest receive window to announce, in bytes.
struct window_clamp {
    int value = 0;
    static constexpr option_id id = option_id::tcp_window_clamp;
};
/// TCP_NOTSENT_LOWAT: bytes not sent yet up to which the socket counts as writable: a bound on what waits in the
/// kernel and can no longer be changed.
struct unsent_low_water {
    std::uint32_t value = 0;
    static constexpr option_id id = option_id::tcp_unsent_low_water;
};
/// TCP_IS_MPTCP (Linux 5.16): the connection speaks multipath TCP. Read only.
struct is_multipath {
    bool value = false;
    static constexpr option_id id = option_id::tcp_is_multipath;
};

}  // namespace option
}  // namespace cardea
