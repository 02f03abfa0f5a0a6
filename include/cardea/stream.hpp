// What every connected byte stream can do, whatever carries it: the base of tcp_stream and unix_stream.
#pragma once

#include <cardea/socket.hpp>

namespace cardea {

/// A connected stream of bytes, both ways. A thin type on `socket` (see there for blocking, errors and threads) that
/// has no listen, accept or send_to. Move-only; the destructor closes.
class stream {
  public:
    stream() noexcept = default;
    /// Takes a connected stream socket.
    explicit stream(socket&& connected) noexcept : socket_(std::move(connected)) {}

    /// At least one byte; 0: the peer has closed.
    std::size_t recv(mutable_buffer room) { return socket_.recv(room); }
    std::size_t recv(mutable_buffer room, std::error_code& ec) noexcept { return socket_.recv(room, ec); }
    void recv_exactly(mutable_buffer room) { socket_.recv_exactly(room); }
    std::size_t recv_exactly(mutable_buffer room, std::error_code& ec) noexcept {
        return socket_.recv_exactly(room, ec);
    }
    std::size_t send(const_buffer data) { return socket_.send(data); }
    std::size_t send(const_buffer data, std::error_code& ec) noexcept { return socket_.send(data, ec); }
    void send_all(const_buffer data) { socket_.send_all(data); }
    std::size_t send_all(const_buffer data, std::error_code& ec) noexcept { return socket_.send_all(data, ec); }

    void shutdown(direction how) { socket_.shutdown(how); }
    void shutdown(direction how, std::error_code& ec) noexcept { socket_.shutdown(how, ec); }
    void close() noexcept { socket_.close(); }
    void reset() noexcept { socket_.reset(); }
    farewell close_gracefully(std::chrono::nanoseconds limit = std::chrono::seconds(10)) {
        return socket_.close_gracefully(limit);
    }

    [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }
    [[nodiscard]] endpoint local() const { return socket_.local(); }
    [[nodiscard]] endpoint peer() const { return socket_.peer(); }
    template <class Option>
    void set(const Option& option) {
        socket_.set(option);
    }
    template <class Option>
    [[nodiscard]] auto get() const {
        return socket_.template get<Option>();
    }
    void detach() { socket_.detach(); }
    /// The socket underneath, for what has no place here.
    [[nodiscard]] socket& handle() noexcept { return socket_; }
    [[nodiscard]] const socket& handle() const noexcept { return socket_; }

  private:
    socket socket_;
};

/// Sends everything that `from` receives to `to` until the end of `from`, then half-closes `to`. Returns the bytes
/// copied. Blocks; throws as recv and send_all do.
std::uint64_t copy(stream& from, stream& to);

}  // namespace cardea
