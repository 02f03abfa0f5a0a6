// Socket options, typed: `s.set(option::nodelay{true})`, `s.get<option::receive_buffer>()`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace cardea {

/// The options every network knows of; each maps them to its own. One that a network lacks: errc::not_supported.
enum class option_id : std::uint8_t {
    reuse_address,
    reuse_port,
    broadcast,
    keepalive,
    linger,
    send_buffer,
    receive_buffer,
    v6_only,
    tcp_nodelay,
    tcp_user_timeout,
    error_pending,
};

/// How an option crosses the seam: a flag or number, or -1 for "off" where an option has an off state.
using option_value = std::int64_t;

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
/// SO_KEEPALIVE (socket(7)): probe an idle connection.
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

inline option_value to_value(bool v) noexcept { return v ? 1 : 0; }
inline option_value to_value(int v) noexcept { return v; }
inline option_value to_value(std::chrono::milliseconds v) noexcept { return v.count(); }
inline option_value to_value(const std::optional<std::chrono::seconds>& v) noexcept { return v ? v->count() : -1; }

inline void from_value(option_value from, bool& v) noexcept { v = from != 0; }
inline void from_value(option_value from, int& v) noexcept { v = static_cast<int>(from); }
inline void from_value(option_value from, std::chrono::milliseconds& v) noexcept {
    v = std::chrono::milliseconds(from);
}
inline void from_value(option_value from, std::optional<std::chrono::seconds>& v) noexcept {
    if (from < 0) {
        v.reset();
    } else {
        v = std::chrono::seconds(from);
    }
}

}  // namespace detail
}  // namespace cardea
