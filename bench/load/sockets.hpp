// Small helpers over the socket calls that both loads need. Linux calls only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace load {

[[noreturn]] inline void die(const char* what, int error = errno) {
    std::fprintf(stderr, "bench-load: %s: %s\n", what, std::strerror(error));
    std::exit(1);
}

inline sockaddr_in loopback(std::uint32_t host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(host);
    address.sin_port = htons(port);
    return address;
}

/// A connected, blocking socket. `source` is an address in 127.0.0.0/8: ports in TIME_WAIT are counted per address,
/// so churn spreads over several. On loopback the handshake is over before connect would have slept.
inline int connect_to(std::uint16_t port, std::uint32_t source = INADDR_LOOPBACK) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) die("socket");
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (source != INADDR_LOOPBACK) {
        setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        sockaddr_in from = loopback(source, 0);
        if (bind(descriptor, reinterpret_cast<sockaddr*>(&from), sizeof from) < 0) die("bind");
    }
    sockaddr_in to = loopback(INADDR_LOOPBACK, port);
    if (connect(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof to) < 0) die("connect");
    return descriptor;
}

/// Closes with a reset: leaves no TIME_WAIT behind.
inline void reset(int descriptor) {
    linger now{1, 0};
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(descriptor);
}

inline void watch(int epoll, int operation, int descriptor, std::uint32_t interest, std::size_t index) {
    epoll_event event{};
    event.events = interest;
    event.data.u64 = index;
    if (epoll_ctl(epoll, operation, descriptor, &event) < 0) die("epoll_ctl");
}

}  // namespace load
