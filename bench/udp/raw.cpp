// By hand: one sendmsg(2) with UDP_SEGMENT per 64 KiB, one recvmsg(2) with UDP_GRO; and one call per datagram.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "ways.hpp"

namespace udp_bench {

namespace {

constexpr int udp_segment = 103;
constexpr int udp_gro = 104;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

int sender_to(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const sockaddr_in to = loopback(port);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) std::abort();
    return fd;
}

// Looks up every now and then, to see whether it is to stop.
int receiver(std::atomic<std::uint16_t>& port) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in at = loopback(0);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &socket_buffer, sizeof socket_buffer);
    const timeval limit{0, 20'000};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    socklen_t size = sizeof at;
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) std::abort();
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin_port);
    port.notify_all();
    return fd;
}

}  // namespace

std::uint64_t send_raw_gso(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop) {
    const int fd = sender_to(port);
    const int segment = static_cast<int>(size);
    ::setsockopt(fd, IPPROTO_UDP, udp_segment, &segment, sizeof segment);
    const std::size_t count = std::min<std::size_t>(64, 65'507 / size);
    const std::vector<char> data(count * size, 'x');
    std::uint64_t sent = 0;
    while (!stop.load(std::memory_order_relaxed)) {
        if (::send(fd, data.data(), data.size(), 0) > 0) sent += count;
    }
    ::close(fd);
    return sent;
}

std::uint64_t receive_raw_gro(std::atomic<std::uint16_t>& port, std::size_t, const std::atomic<bool>& stop) {
    const int fd = receiver(port);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_UDP, udp_gro, &on, sizeof on);
    std::vector<char> room(65'536);
    std::uint64_t received = 0;
    while (true) {
        alignas(cmsghdr) char control[64];
        sockaddr_in from{};
        iovec where{room.data(), room.size()};
        msghdr h{};
        h.msg_name = &from;
        h.msg_namelen = sizeof from;
        h.msg_iov = &where;
        h.msg_iovlen = 1;
        h.msg_control = control;
        h.msg_controllen = sizeof control;
        const ssize_t n = ::recvmsg(fd, &h, 0);
        if (n < 0 && stop.load(std::memory_order_relaxed)) break;
        if (n < 0) continue;
        int step = static_cast<int>(n);
        for (cmsghdr* c = CMSG_FIRSTHDR(&h); c != nullptr; c = CMSG_NXTHDR(&h, c)) {
            if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == udp_gro) std::memcpy(&step, CMSG_DATA(c), sizeof step);
        }
        for (ssize_t at = 0; at < n; at += step) received += room[static_cast<std::size_t>(at)] == 'x' ? 1U : 0U;
    }
    ::close(fd);
    return received;
}

std::uint64_t send_raw_single(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop) {
    const int fd = sender_to(port);
    const std::vector<char> data(size, 'x');
    std::uint64_t sent = 0;
    while (!stop.load(std::memory_order_relaxed)) sent += ::send(fd, data.data(), data.size(), 0) > 0 ? 1U : 0U;
    ::close(fd);
    return sent;
}

std::uint64_t receive_raw_single(std::atomic<std::uint16_t>& port, std::size_t, const std::atomic<bool>& stop) {
    const int fd = receiver(port);
    std::vector<char> room(65'536);
    std::uint64_t received = 0;
    while (true) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const ssize_t n = ::recvfrom(fd, room.data(), room.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (n < 0 && stop.load(std::memory_order_relaxed)) break;
        if (n > 0) received += room[0] == 'x' ? 1U : 0U;
    }
    ::close(fd);
    return received;
}

}  // namespace udp_bench
