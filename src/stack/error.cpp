// The names of the stack's errors.
#include "stack/error.hpp"

#include <array>
#include <cstddef>

namespace cardea::stack {

namespace {

constexpr std::array<char const*, 30> names{
    "OK",           "EAGAIN",       "EINPROGRESS", "EALREADY",     "EISCONN",       "ENOTCONN",
    "EINVAL",       "EBADF",        "EOPNOTSUPP",  "EADDRINUSE",   "EADDRNOTAVAIL", "EAFNOSUPPORT",
    "EDESTADDRREQ", "EMSGSIZE",     "ENOBUFS",     "ENOMEM",       "ENOPROTOOPT",   "EACCES",
    "EPERM",        "EPROTO",       "EPIPE",       "ECONNABORTED", "ECONNREFUSED",  "ECONNRESET",
    "ETIMEDOUT",    "EHOSTUNREACH", "ENETUNREACH", "ENETDOWN",     "EHOSTDOWN",     "ENODEV",
};
static_assert(names.size() == static_cast<std::size_t>(error::enodev) + 1);

}  // namespace

char const* name(error e) {
    auto const at = static_cast<std::size_t>(e);
    return at < names.size() ? names[at] : "?";
}

}  // namespace cardea::stack
