// The names of the stack's errors.
#include "stack/error.hpp"

namespace cardea::stack {

char const* name(error e) {
    switch (e) {
        case error::ok:
            return "OK";
        case error::eagain:
            return "EAGAIN";
        case error::einprogress:
            return "EINPROGRESS";
        case error::ealready:
            return "EALREADY";
        case error::eisconn:
            return "EISCONN";
        case error::enotconn:
            return "ENOTCONN";
        case error::einval:
            return "EINVAL";
        case error::ebadf:
            return "EBADF";
        case error::eopnotsupp:
            return "EOPNOTSUPP";
        case error::eaddrinuse:
            return "EADDRINUSE";
        case error::eaddrnotavail:
            return "EADDRNOTAVAIL";
        case error::eafnosupport:
            return "EAFNOSUPPORT";
        case error::edestaddrreq:
            return "EDESTADDRREQ";
        case error::emsgsize:
            return "EMSGSIZE";
        case error::enobufs:
            return "ENOBUFS";
        case error::enomem:
            return "ENOMEM";
        case error::enoprotoopt:
            return "ENOPROTOOPT";
        case error::eacces:
            return "EACCES";
        case error::eperm:
            return "EPERM";
        case error::eproto:
            return "EPROTO";
        case error::epipe:
            return "EPIPE";
        case error::econnaborted:
            return "ECONNABORTED";
        case error::econnrefused:
            return "ECONNREFUSED";
        case error::econnreset:
            return "ECONNRESET";
        case error::etimedout:
            return "ETIMEDOUT";
        case error::ehostunreach:
            return "EHOSTUNREACH";
        case error::enetunreach:
            return "ENETUNREACH";
        case error::enetdown:
            return "ENETDOWN";
        case error::ehostdown:
            return "EHOSTDOWN";
    }
    return "?";
}

}  // namespace cardea::stack
