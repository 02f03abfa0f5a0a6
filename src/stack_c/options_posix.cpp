// setsockopt and getsockopt: the system's levels, names and types on one side, the stack's options on the other.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "stack_c/options_posix.hpp"

using namespace cardea::stack_c;
namespace stack_ns = cardea::stack;

namespace {

using stack_ns::socket_option;

/// An option that is an int on both sides, but for its unit.
struct integer_option {
    int level;
    int name;
    socket_option option;
    std::int64_t unit = 1;  ///< how many of the stack's are one of the system's
};

constexpr integer_option integer_options[] = {
    {SOL_SOCKET, SO_REUSEADDR, socket_option::reuse_address},
    {SOL_SOCKET, SO_REUSEPORT, socket_option::reuse_port},
    {SOL_SOCKET, SO_BROADCAST, socket_option::broadcast},
    {SOL_SOCKET, SO_KEEPALIVE, socket_option::keepalive},
    {SOL_SOCKET, SO_SNDBUF, socket_option::send_buffer},
    {SOL_SOCKET, SO_RCVBUF, socket_option::receive_buffer},
    {IPPROTO_TCP, TCP_NODELAY, socket_option::no_delay},
    {IPPROTO_TCP, TCP_CORK, socket_option::cork},
    {IPPROTO_TCP, TCP_QUICKACK, socket_option::quick_ack},
    {IPPROTO_TCP, TCP_KEEPIDLE, socket_option::keepalive_idle_ms, 1000},
    {IPPROTO_TCP, TCP_KEEPINTVL, socket_option::keepalive_interval_ms, 1000},
    {IPPROTO_TCP, TCP_KEEPCNT, socket_option::keepalive_count},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, socket_option::user_timeout_ms},
    {IPPROTO_TCP, TCP_MAXSEG, socket_option::max_segment},
    {IPPROTO_IP, IP_TTL, socket_option::hop_limit},
    {IPPROTO_IP, IP_TOS, socket_option::traffic_class},
    {IPPROTO_IP, IP_MTU, socket_option::path_mtu},
    {IPPROTO_IP, IP_MTU_DISCOVER, socket_option::mtu_discover},
    {IPPROTO_IP, IP_RECVERR, socket_option::receive_errors},
    {IPPROTO_IPV6, IPV6_V6ONLY, socket_option::v6_only},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, socket_option::hop_limit},
    {IPPROTO_IPV6, IPV6_TCLASS, socket_option::traffic_class},
    {IPPROTO_IPV6, IPV6_MTU, socket_option::path_mtu},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, socket_option::mtu_discover},
    {IPPROTO_IPV6, IPV6_RECVERR, socket_option::receive_errors},
    {IPPROTO_IP, IP_MULTICAST_TTL, socket_option::multicast_hops},
    {IPPROTO_IP, IP_MULTICAST_LOOP, socket_option::multicast_loop},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, socket_option::multicast_hops},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, socket_option::multicast_loop},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, socket_option::multicast_interface},
    {SOL_SOCKET, SO_NO_CHECK, socket_option::checksum_off},
    {IPPROTO_UDP, UDP_SEGMENT, socket_option::segment_size},
};

integer_option const* find_integer(int level, int name) {
    auto const at = std::find_if(std::begin(integer_options), std::end(integer_options),
                                 [=](auto const& o) { return o.level == level && o.name == name; });
    return at == std::end(integer_options) ? nullptr : at;
}

template <typename T>
outcome write_value(T const& v, void* value, socklen_t* size) {
    std::memcpy(value, &v, std::min<std::size_t>(*size, sizeof v));
    *size = static_cast<socklen_t>(std::min<std::size_t>(*size, sizeof v));
    return {};
}

outcome set_linger(descriptor& d, void const* value, socklen_t size, time_ns now) {
    auto const l = read_value<linger>(value, size);
    if (!l) return outcome::failed(EINVAL);
    std::int64_t const ms = l->l_onoff != 0 ? std::int64_t{std::max(l->l_linger, 0)} * 1000 : -1;
    return outcome::of(d.socket->set_option(socket_option::linger_ms, ms, now));
}

outcome get_linger(descriptor& d, void* value, socklen_t* size, time_ns now) {
    std::int64_t ms = 0;
    if (auto const e = d.socket->get_option(socket_option::linger_ms, ms, now); e != stack_ns::error::ok)
        return outcome::of(e);
    linger l{};
    l.l_onoff = ms >= 0 ? 1 : 0;
    l.l_linger = static_cast<int>(std::clamp<std::int64_t>(ms / 1000, 0, std::numeric_limits<int>::max()));
    return write_value(l, value, size);
}

outcome set_timeout(time_ns& timeout, void const* value, socklen_t size) {
    auto const t = read_value<timeval>(value, size);
    if (!t) return outcome::failed(EINVAL);
    constexpr suseconds_t micros = 1'000'000;
    if (t->tv_usec < 0 || t->tv_usec >= micros) return outcome::failed(EDOM);
    constexpr time_ns longest = 1'000'000'000;  // seconds
    timeout = stack_ns::seconds(std::clamp<time_ns>(t->tv_sec, 0, longest)) + stack_ns::microseconds(t->tv_usec);
    return {};
}

outcome get_timeout(time_ns timeout, void* value, socklen_t* size) {
    timeval t{};
    t.tv_sec = timeout / stack_ns::seconds(1);
    t.tv_usec = timeout % stack_ns::seconds(1) / stack_ns::microseconds(1);
    return write_value(t, value, size);
}

/// IPv4's multicast options may be a byte, as the BSDs have them (ip(7): "a boolean integer argument"; Linux takes
/// both).
bool may_be_a_byte(integer_option const& o) {
    return o.level == IPPROTO_IP && (o.name == IP_MULTICAST_TTL || o.name == IP_MULTICAST_LOOP);
}

outcome set_integer(integer_option const& o, descriptor& d, void const* value, socklen_t size, time_ns now) {
    auto v = read_value<int>(value, size);
    if (!v && may_be_a_byte(o)) v = read_value<unsigned char>(value, size);
    if (!v) return outcome::failed(EINVAL);
    return outcome::of(d.socket->set_option(o.option, *v * o.unit, now));
}

outcome get_integer(integer_option const& o, descriptor& d, void* value, socklen_t* size, time_ns now) {
    std::int64_t v = 0;
    auto const e = d.socket->get_option(o.option, v, now);
    if (e != stack_ns::error::ok) return outcome::of(e);
    auto const clamped = std::min<std::int64_t>(v / o.unit, std::numeric_limits<int>::max());
    return write_value(static_cast<int>(clamped), value, size);
}

outcome get_error(descriptor& d, void* value, socklen_t* size, time_ns now) {
    std::int64_t v = 0;
    auto const e = d.socket->get_option(socket_option::pending_error, v, now);
    if (e != stack_ns::error::ok) return outcome::of(e);
    return write_value(number_of(static_cast<stack_ns::error>(v)), value, size);
}

std::optional<outcome> get_about(cardea_stack const& s, descriptor& d, int level, int name, void* value,
                                 socklen_t* size) {
    auto const& socket = *d.socket;
    bool const tcp = socket.is_stream();
    if (level == SOL_SOCKET) {
        switch (name) {
            case SO_ERROR:
                return get_error(d, value, size, s.now);
            case SO_LINGER:
                return get_linger(d, value, size, s.now);
            case SO_RCVTIMEO:
                return get_timeout(d.receive_timeout, value, size);
            case SO_SNDTIMEO:
                return get_timeout(d.send_timeout, value, size);
            case SO_TYPE:
                return write_value(int{tcp ? SOCK_STREAM : SOCK_DGRAM}, value, size);
            case SO_PROTOCOL:
                return write_value(int{tcp ? IPPROTO_TCP : IPPROTO_UDP}, value, size);
            case SO_ACCEPTCONN:
                return write_value(socket.listener() != nullptr ? 1 : 0, value, size);
            case SO_DOMAIN:
                return write_value(socket.family() == stack_ns::ip_version::v4 ? AF_INET : AF_INET6, value, size);
            default:
                return std::nullopt;
        }
    }
    if (level != IPPROTO_TCP || !tcp) return std::nullopt;
    if (name == TCP_INFO) {
        int const e = write_system_tcp_info(socket, value, size);
        return e == 0 ? outcome{} : outcome::failed(e);
    }
    if (name == TCP_CONGESTION) {
        bool const cubic = s.host.config().tcp.congestion == stack_ns::tcp::congestion_algorithm::cubic;
        std::string_view const text = cubic ? "cubic" : "reno";
        *size = std::min(*size, static_cast<socklen_t>(text.size() + 1));
        std::memcpy(value, text.data(), *size);
        return outcome{};
    }
    return std::nullopt;
}

}  // namespace

int cardea_stack_setsockopt(cardea_stack* stack, int fd, int level, int name, const void* value, socklen_t size) {
    return guarded(-1, [=] {
        if (stack == nullptr) return fail(EINVAL);
        auto const d = stack->find(fd);
        if (!d) return fail(EBADF);
        auto const set = [&] {
            if (level == SOL_SOCKET && name == SO_LINGER) return set_linger(*d, value, size, stack->now);
            if (level == SOL_SOCKET && name == SO_RCVTIMEO) return set_timeout(d->receive_timeout, value, size);
            if (level == SOL_SOCKET && name == SO_SNDTIMEO) return set_timeout(d->send_timeout, value, size);
            if (auto const known = set_multicast(*stack, *d, level, name, value, size)) return *known;
            auto const* o = find_integer(level, name);
            return o == nullptr ? outcome::failed(ENOPROTOOPT) : set_integer(*o, *d, value, size, stack->now);
        };
        auto const o = set();
        stack->settle();
        return report(o);
    });
}

int cardea_stack_getsockopt(cardea_stack* stack, int fd, int level, int name, void* value, socklen_t* size) {
    return guarded(-1, [=] {
        if (stack == nullptr || value == nullptr || size == nullptr) return fail(EINVAL);
        auto const d = stack->find(fd);
        if (!d) return fail(EBADF);
        if (auto const known = get_about(*stack, *d, level, name, value, size)) return report(*known);
        auto const* o = find_integer(level, name);
        return o == nullptr ? fail(ENOPROTOOPT) : report(get_integer(*o, *d, value, size, stack->now));
    });
}
