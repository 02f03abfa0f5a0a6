// send_batch and recv_batch, on a plain thread and in loops.
#include <algorithm>
#include <cardea/batch.hpp>
#include <cardea/cardea.hpp>

#include "ways.hpp"

namespace udp_bench {

namespace {

std::uint64_t send_all(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop) {
    auto s = cardea::udp_socket::connect(cardea::endpoint::loopback(cardea::family::inet, port));
    const std::size_t count = std::min<std::size_t>(64, 65'507 / size);
    const std::vector<char> data(count * size, 'x');
    std::vector<cardea::outgoing_datagram> datagrams;
    for (std::size_t i = 0; i < count; ++i) datagrams.push_back({{data.data() + i * size, size}});
    std::uint64_t sent = 0;
    while (!stop.load(std::memory_order_relaxed)) {
        std::error_code ec;
        sent += cardea::send_batch(s, datagrams, ec);
    }
    return sent;
}

std::uint64_t receive_all(std::atomic<std::uint16_t>& port, const std::atomic<bool>& stop) {
    auto s = cardea::udp_socket::bind("127.0.0.1:0");
    s.set(cardea::option::receive_buffer{socket_buffer});
    port = s.local().port();
    port.notify_all();
    cardea::datagram_batch batch;
    std::uint64_t received = 0;
    while (true) {
        const cardea::deadline look_up(std::chrono::milliseconds(20));
        std::error_code ec;
        if (cardea::recv_batch(s, batch, ec) == 0 && stop.load(std::memory_order_relaxed)) break;
        for (const auto& one : batch) received += one.data.data()[0] == std::byte{'x'} ? 1U : 0U;
    }
    return received;
}

template <class Work>
std::uint64_t in_loop(const char* network, Work work) {
    return cardea::run({.network = network}, work);
}

}  // namespace

std::uint64_t send_cardea_thread(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop) {
    return send_all(port, size, stop);
}
std::uint64_t receive_cardea_thread(std::atomic<std::uint16_t>& port, std::size_t, const std::atomic<bool>& stop) {
    return receive_all(port, stop);
}
std::uint64_t send_cardea_uring(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop) {
    return in_loop("uring", [&] { return send_all(port, size, stop); });
}
std::uint64_t receive_cardea_uring(std::atomic<std::uint16_t>& port, std::size_t, const std::atomic<bool>& stop) {
    return in_loop("uring", [&] { return receive_all(port, stop); });
}
std::uint64_t send_cardea_epoll(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop) {
    return in_loop("epoll", [&] { return send_all(port, size, stop); });
}
std::uint64_t receive_cardea_epoll(std::atomic<std::uint16_t>& port, std::size_t, const std::atomic<bool>& stop) {
    return in_loop("epoll", [&] { return receive_all(port, stop); });
}

}  // namespace udp_bench
