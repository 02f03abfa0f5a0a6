// The stack's errors: errno's names in lower case (errno's own are macros), without errno's numbers, which differ by
// system. Uses nothing.
#pragma once

#include <cstdint>

namespace cardea::stack {

enum class error : std::uint8_t {
    ok = 0,
    eagain,  ///< would block
    einprogress,
    ealready,
    eisconn,
    enotconn,
    einval,
    ebadf,
    eopnotsupp,
    eaddrinuse,
    eaddrnotavail,
    eafnosupport,
    edestaddrreq,
    emsgsize,
    enobufs,
    enomem,
    enoprotoopt,
    eacces,
    eperm,
    eproto,
    epipe,
    econnaborted,
    econnrefused,
    econnreset,
    etimedout,
    ehostunreach,
    enetunreach,
    enetdown,
    ehostdown,
    enodev,
};

/// "ECONNREFUSED" and so on.
char const* name(error e);

}  // namespace cardea::stack
