// Asio: one asynchronous call per datagram, which is what it has.
#include <asio.hpp>
#include <functional>

#include "ways.hpp"

namespace udp_bench {

std::uint64_t send_asio(std::uint16_t port, std::size_t size, const std::atomic<bool>& stop) {
    asio::io_context context(1);
    asio::ip::udp::socket s(context, asio::ip::udp::v4());
    s.connect({asio::ip::address_v4::loopback(), port});
    const std::vector<char> data(size, 'x');
    std::uint64_t sent = 0;
    std::function<void()> next = [&] {
        s.async_send(asio::buffer(data), [&](const asio::error_code& ec, std::size_t) {
            if (!ec) ++sent;
            if (!stop.load(std::memory_order_relaxed)) next();
        });
    };
    next();
    context.run();
    return sent;
}

std::uint64_t receive_asio(std::atomic<std::uint16_t>& port, std::size_t, const std::atomic<bool>& stop) {
    asio::io_context context(1);
    asio::ip::udp::socket s(context, {asio::ip::address_v4::loopback(), 0});
    asio::error_code ignored;
    s.set_option(asio::socket_base::receive_buffer_size(socket_buffer), ignored);
    port = s.local_endpoint().port();
    port.notify_all();
    std::vector<char> room(65'536);
    asio::ip::udp::endpoint from;
    std::uint64_t received = 0;
    std::function<void()> next = [&] {
        s.async_receive_from(asio::buffer(room), from, [&](const asio::error_code& ec, std::size_t n) {
            if (!ec && n > 0 && room[0] == 'x') ++received;
            next();
        });
    };
    next();
    while (!stop.load(std::memory_order_relaxed)) context.run_for(std::chrono::milliseconds(20));
    return received;
}

}  // namespace udp_bench
