// The system's constants by their names.
#include <netinet/tcp.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "sockets.hpp"

namespace script {

namespace {

constexpr std::pair<char const*, int> errors[] = {
    {"EAGAIN", EAGAIN},
    {"EBADF", EBADF},
    {"EINVAL", EINVAL},
    {"EINTR", EINTR},
    {"EPIPE", EPIPE},
    {"EMSGSIZE", EMSGSIZE},
    {"ENOTCONN", ENOTCONN},
    {"EISCONN", EISCONN},
    {"EALREADY", EALREADY},
    {"EINPROGRESS", EINPROGRESS},
    {"ECONNREFUSED", ECONNREFUSED},
    {"ECONNRESET", ECONNRESET},
    {"ECONNABORTED", ECONNABORTED},
    {"ETIMEDOUT", ETIMEDOUT},
    {"EHOSTUNREACH", EHOSTUNREACH},
    {"ENETUNREACH", ENETUNREACH},
    {"EADDRINUSE", EADDRINUSE},
    {"EADDRNOTAVAIL", EADDRNOTAVAIL},
    {"EAFNOSUPPORT", EAFNOSUPPORT},
    {"EOPNOTSUPP", EOPNOTSUPP},
    {"ENOPROTOOPT", ENOPROTOOPT},
    {"EDESTADDRREQ", EDESTADDRREQ},
    {"EACCES", EACCES},
    {"EPROTO", EPROTO},
    {"ENOBUFS", ENOBUFS},
};

constexpr option_name options[] = {
    {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR},
    {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE},
    {"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF},
    {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF},
    {"SO_ERROR", SOL_SOCKET, SO_ERROR},
    {"SO_LINGER", SOL_SOCKET, SO_LINGER},
    {"SO_RCVTIMEO", SOL_SOCKET, SO_RCVTIMEO},
    {"SO_SNDTIMEO", SOL_SOCKET, SO_SNDTIMEO},
    {"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY},
    {"TCP_CORK", IPPROTO_TCP, TCP_CORK},
    {"TCP_QUICKACK", IPPROTO_TCP, TCP_QUICKACK},
    {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE},
    {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL},
    {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT},
    {"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT},
    {"TCP_MAXSEG", IPPROTO_TCP, TCP_MAXSEG},
    {"IP_TTL", IPPROTO_IP, IP_TTL},
    {"IP_TOS", IPPROTO_IP, IP_TOS},
    {"IP_MTU", IPPROTO_IP, IP_MTU},
    {"IP_MTU_DISCOVER", IPPROTO_IP, IP_MTU_DISCOVER},
    {"IP_RECVERR", IPPROTO_IP, IP_RECVERR},
    {"IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY},
    {"IPV6_UNICAST_HOPS", IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    {"IPV6_MTU", IPPROTO_IPV6, IPV6_MTU},
};

constexpr std::pair<std::string_view, short> events[] = {
    {"in", POLLIN}, {"pri", POLLPRI}, {"out", POLLOUT}, {"err", POLLERR}, {"hup", POLLHUP}, {"nval", POLLNVAL},
};

template <typename T>
auto const& find(T const& table, std::string const& name, std::string_view what) {
    auto const at = std::find_if(std::begin(table), std::end(table), [&](auto const& e) { return e.first == name; });
    if (at == std::end(table)) throw failure{"\"" + name + "\" is no " + std::string{what}};
    return *at;
}

}  // namespace

std::string error_name(int error) {
    for (auto const& [name, number] : errors)
        if (number == error) return name;
    return "error " + std::to_string(error);
}

int error_number(std::string const& name) {
    for (auto const& [known, number] : errors)
        if (name == known) return number;
    return -1;
}

option_name const& find_option(std::string const& name) {
    auto const at = std::find_if(std::begin(options), std::end(options), [&](auto const& o) { return o.name == name; });
    if (at == std::end(options)) throw failure{"\"" + name + "\" is no socket option here"};
    return *at;
}

int read_message_flag(std::string const& word) {
    static constexpr std::pair<std::string_view, int> flags[] = {
        {"peek", MSG_PEEK}, {"oob", MSG_OOB}, {"waitall", MSG_WAITALL}, {"dontwait", MSG_DONTWAIT}};
    return find(flags, word, "flag of a message").second;
}

short read_events(std::string const& word) {
    unsigned bits = 0;
    if (word == "none") return 0;
    for (std::size_t at = 0; at <= word.size();) {
        auto const comma = std::min(word.find(',', at), word.size());
        bits |= static_cast<unsigned>(find(events, word.substr(at, comma - at), "event").second);
        at = comma + 1;
    }
    return static_cast<short>(bits);
}

std::string show_events(short bits) {
    std::string text;
    for (auto const& [name, bit] : events)
        if ((bits & bit) != 0) text += (text.empty() ? "" : ",") + std::string{name};
    return text.empty() ? "none" : text;
}

}  // namespace script
