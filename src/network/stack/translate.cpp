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
    constexpr std::array<int, 29> numbers{
        0,           EAGAIN,       EINPROGRESS,   EALREADY,     EISCONN,      ENOTCONN,     EINVAL,       EBADF,
        EOPNOTSUPP,  EADDRINUSE,   EADDRNOTAVAIL, EAFNOSUPPORT, EDESTADDRREQ, EMSGSIZE,     ENOBUFS,      ENOMEM,
        ENOPROTOOPT, EACCES,       EPERM,         EPROTO,       EPIPE,        ECONNABORTED, ECONNREFUSED, ECONNRESET,
        ETIMEDOUT,   EHOSTUNREACH, ENETUNREACH,   ENETDOWN,     EHOSTDOWN,
    };
    static_assert(numbers.size() == static_cast<std::size_t>(tcpip::error::ehostdown) + 1);
    return numbers[static_cast<std::size_t>(e)];
}

}  // namespace

std::error_code to_error_code(tcpip::error e) noexcept {
    return e == tcpip::error::ok ? std::error_code() : system_error_code(number_of(e));
}

std::optional<tcpip::socket_option> to_stack(option_id option) noexcept {
    using tcpip::socket_option;
    switch (option) {
        case option_id::reuse_address:
            return socket_option::reuse_address;
        case option_id::reuse_port:
            return socket_option::reuse_port;
        case option_id::broadcast:
            return socket_option::broadcast;
        case option_id::keepalive:
            return socket_option::keepalive;
        case option_id::linger:
            return socket_option::linger_ms;
        case option_id::send_buffer:
            return socket_option::send_buffer;
        case option_id::receive_buffer:
            return socket_option::receive_buffer;
        case option_id::v6_only:
            return socket_option::v6_only;
        case option_id::tcp_nodelay:
            return socket_option::no_delay;
        case option_id::tcp_user_timeout:
            return socket_option::user_timeout_ms;
        case option_id::error_pending:
            return socket_option::pending_error;
    }
    return std::nullopt;
}

}  // namespace cardea::detail
