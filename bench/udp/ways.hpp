// The ways to send and receive that udp_bench compares, and one run of one of them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace udp_bench {

struct run_options {
    std::size_t size = 1200;
    int milliseconds = 300;
};

struct outcome {
    std::uint64_t sent = 0;
    std::uint64_t delivered = 0;
    std::int64_t sender_cpu_ns = 0;
    std::int64_t receiver_cpu_ns = 0;
};

/// Datagrams offered to one call, at most.
inline constexpr std::size_t batch = 256;
inline constexpr int socket_buffer = 8 << 20;

/// Both functions work on UDP sockets over the loopback. The receiver binds, tells its port, counts datagrams until
/// `stop`; the sender connects to the port and sends until `stop`, and returns how many it has sent.
struct way {
    const char* name;
    std::uint64_t (*send)(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop);
    std::uint64_t (*receive)(std::atomic<std::uint16_t>& port, std::size_t size, const std::atomic<bool>& stop);
};

/// The first is what the others are compared with.
std::vector<way> all_ways();
outcome run(const way& w, const run_options& options);

// Each in a file of its own.
std::uint64_t send_raw_gso(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop);
std::uint64_t receive_raw_gro(std::atomic<std::uint16_t>& port, std::size_t size, const std::atomic<bool>& stop);
std::uint64_t send_raw_single(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop);
std::uint64_t receive_raw_single(std::atomic<std::uint16_t>& port, std::size_t size, const std::atomic<bool>& stop);
std::uint64_t send_cardea_thread(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop);
std::uint64_t receive_cardea_thread(std::atomic<std::uint16_t>& port, std::size_t size, const std::atomic<bool>& stop);
std::uint64_t send_cardea_uring(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop);
std::uint64_t receive_cardea_uring(std::atomic<std::uint16_t>& port, std::size_t size, const std::atomic<bool>& stop);
std::uint64_t send_cardea_epoll(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop);
std::uint64_t receive_cardea_epoll(std::atomic<std::uint16_t>& port, std::size_t size, const std::atomic<bool>& stop);
std::uint64_t send_asio(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop);
std::uint64_t receive_asio(std::atomic<std::uint16_t>& port, std::size_t size, const std::atomic<bool>& stop);

}  // namespace udp_bench
