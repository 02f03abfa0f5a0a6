// Between the system's words and the stack's: addresses and error numbers.
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "stack_c/handle.hpp"

namespace cardea::stack_c {

int number_of(stack::error e) {
    using stack::error;
    switch (e) {
        case error::ok:
            return 0;
        case error::eagain:
            return EAGAIN;
        case error::einprogress:
            return EINPROGRESS;
        case error::ealready:
            return EALREADY;
        case error::eisconn:
            return EISCONN;
        case error::enotconn:
            return ENOTCONN;
        case error::einval:
            return EINVAL;
        case error::ebadf:
            return EBADF;
        case error::eopnotsupp:
            return EOPNOTSUPP;
        case error::eaddrinuse:
            return EADDRINUSE;
        case error::eaddrnotavail:
            return EADDRNOTAVAIL;
        case error::eafnosupport:
            return EAFNOSUPPORT;
        case error::edestaddrreq:
            return EDESTADDRREQ;
        case error::emsgsize:
            return EMSGSIZE;
        case error::enobufs:
            return ENOBUFS;
        case error::enomem:
            return ENOMEM;
        case error::enoprotoopt:
            return ENOPROTOOPT;
        case error::eacces:
            return EACCES;
        case error::eperm:
            return EPERM;
        case error::eproto:
            return EPROTO;
        case error::epipe:
            return EPIPE;
        case error::econnaborted:
            return ECONNABORTED;
        case error::econnrefused:
            return ECONNREFUSED;
        case error::econnreset:
            return ECONNRESET;
        case error::etimedout:
            return ETIMEDOUT;
        case error::ehostunreach:
            return EHOSTUNREACH;
        case error::enetunreach:
            return ENETUNREACH;
        case error::enetdown:
            return ENETDOWN;
        case error::ehostdown:
            return EHOSTDOWN;
        case error::enodev:
            return ENODEV;
    }
    return EIO;
}

outcome outcome::of(stack::error e) { return e == stack::error::ok ? outcome{} : failed(number_of(e)); }

outcome outcome::of(stack::io_result const& r) {
    return r.problem == stack::error::ok ? outcome{static_cast<ssize_t>(r.size), 0} : failed(number_of(r.problem));
}

int read_address(sockaddr const* address, socklen_t size, stack::ip_version family, stack::endpoint& into) {
    if (address == nullptr || size < sizeof address->sa_family) return EINVAL;
    sa_family_t given = 0;
    std::memcpy(&given, address, sizeof given);
    into = {};
    if (given == AF_UNSPEC) return 0;
    if (given != (family == stack::ip_version::v4 ? AF_INET : AF_INET6)) return EAFNOSUPPORT;
    if (given == AF_INET) {
        sockaddr_in in;
        if (size < sizeof in) return EINVAL;
        std::memcpy(&in, address, sizeof in);
        into = {stack::ip_address::v4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
        return 0;
    }
    sockaddr_in6 in;
    if (size < sizeof in) return EINVAL;
    std::memcpy(&in, address, sizeof in);
    std::array<std::uint8_t, 16> bytes;
    std::copy_n(in.sin6_addr.s6_addr, bytes.size(), bytes.begin());
    into = {stack::ip_address::v6(bytes), ntohs(in.sin6_port)};
    return 0;
}

void write_address(stack::endpoint const& from, sockaddr* address, socklen_t* size) {
    if (address == nullptr || size == nullptr) return;
    sockaddr_storage storage{};
    socklen_t whole = 0;
    if (from.address.is_v4()) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(from.port);
        in.sin_addr.s_addr = htonl(from.address.v4_value());
        std::memcpy(&storage, &in, whole = sizeof in);
    } else {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(from.port);
        std::copy(from.address.bytes.begin(), from.address.bytes.end(), in.sin6_addr.s6_addr);
        std::memcpy(&storage, &in, whole = sizeof in);
    }
    std::memcpy(address, &storage, std::min(*size, whole));
    *size = whole;
}

}  // namespace cardea::stack_c
