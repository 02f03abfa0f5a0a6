// bench-tcpip-kernel: the kernel's end of a transfer over TUN. Connects to the endpoint under test and sends or
// receives as fast as it goes; reads the endpoint's CPU clock at the same instants as its own count of bytes.
//   bench-tcpip-kernel send|receive|connect ADDRESS PORT SECONDS PID
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "clocks.hpp"

namespace {

using tcpip_bench::cpu_of;
using tcpip_bench::now;

[[noreturn]] void die(char const* what) {
    std::perror(what);
    std::exit(1);
}

int connected(char const* address, char const* port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(port, nullptr, 10)));
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1) die(address);
    int const s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    timeval const patience{5, 0};
    ::setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(s, reinterpret_cast<sockaddr const*>(&to), sizeof to) != 0) die("connect");
    return s;
}

struct reading {
    double at = now();
    cpu_of cpu;
    std::uint64_t done = 0;
    reading(pid_t pid, std::uint64_t n) : cpu{tcpip_bench::cpu_time(pid)}, done{n} {}
};

/// Calls `step`, which gives how much it has done, through a warm-up and the window, and prints the window.
template <class Step>
void measure(double seconds, pid_t pid, Step step) {
    constexpr double warm_up = 0.2;
    std::uint64_t done = 0;
    for (double const until = now() + warm_up; now() < until;) done += step();
    reading const begin{pid, done};
    do done += step();
    while (now() - begin.at < seconds);
    reading const end{pid, done};
    std::printf("done=%.0f seconds=%.6f cpu=%.6f user=%.6f\n", static_cast<double>(end.done - begin.done),
                end.at - begin.at, end.cpu.all - begin.cpu.all, end.cpu.user - begin.cpu.user);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) return 2;
    std::string_view const what = argv[1];
    double const seconds = std::strtod(argv[4], nullptr);
    auto const pid = static_cast<pid_t>(std::strtol(argv[5], nullptr, 10));
    std::vector<char> room(256 * 1024);
    if (what == "connect") {
        measure(seconds, pid, [&]() -> std::uint64_t {
            int const s = connected(argv[2], argv[3]);
            linger const reset{1, 0};
            if (::send(s, room.data(), 1, 0) != 1 || ::recv(s, room.data(), 1, 0) != 1) die("exchange");
            ::setsockopt(s, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
            ::close(s);
            return 1;
        });
        return 0;
    }
    int const s = connected(argv[2], argv[3]);
    measure(seconds, pid, [&]() -> std::uint64_t {
        auto const n =
            what == "send" ? ::send(s, room.data(), room.size(), MSG_NOSIGNAL) : ::recv(s, room.data(), room.size(), 0);
        if (n <= 0) die("transfer");
        return static_cast<std::uint64_t>(n);
    });
    linger const reset{1, 0};
    ::setsockopt(s, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    ::close(s);
}
