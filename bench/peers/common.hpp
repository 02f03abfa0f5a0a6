// What the echo peers share: the command line, the `ready PORT` line, the exit on SIGTERM, and a listening socket for
// those that have no library to make one. POSIX and the standard library only.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace bench {

[[noreturn]] inline void die(const char* what, int error = errno) {
    std::fprintf(stderr, "%s: %s\n", what, std::strerror(error));
    std::exit(1);
}

struct arguments {
    std::uint16_t port = 0;
    std::size_t buffer_bytes = 4096;  // one receive buffer
    std::size_t buffer_count = 1024;  // only for a peer with a pool of them
};

template <typename Number>
Number parse_number(std::string_view text) {
    Number value{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) die("not a number, or too large", EINVAL);
    return value;
}

/// `peer PORT [BUFFER_BYTES [BUFFER_COUNT]]`. Also arms SIGTERM: it ends the process at once, whatever loop it runs,
/// so that no peer pays for looking at a flag.
inline arguments start(int argc, char** argv) {
    arguments result;
    if (argc < 2 || argc > 4) {
        std::fprintf(stderr, "usage: %s PORT [BUFFER_BYTES [BUFFER_COUNT]]\n", argv[0]);
        std::exit(2);
    }
    result.port = parse_number<std::uint16_t>(argv[1]);
    if (argc > 2) result.buffer_bytes = parse_number<std::size_t>(argv[2]);
    if (argc > 3) result.buffer_count = parse_number<std::size_t>(argv[3]);
    if (result.buffer_bytes == 0 || result.buffer_count == 0) die("buffers", EINVAL);
    std::signal(SIGTERM, [](int) { _exit(0); });
    std::signal(SIGPIPE, SIG_IGN);
    return result;
}

inline void announce(std::uint16_t port) {
    std::printf("ready %u\n", static_cast<unsigned>(port));
    std::fflush(stdout);
}

/// A non-blocking listener on 127.0.0.1; prints its port. Accepted sockets inherit TCP_NODELAY from it (Linux).
inline int listen_on(std::uint16_t port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0) die("socket");
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), length) < 0) die("bind");
    if (listen(listener, SOMAXCONN) < 0) die("listen");
    if (getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) < 0) die("getsockname");
    announce(ntohs(address.sin_port));
    return listener;
}

}  // namespace bench
