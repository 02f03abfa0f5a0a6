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
    // See socket for these.
    std::size_t send_vectored(const_buffers pieces) { return socket_.send_vectored(pieces); }
    std::size_t send_vectored(const_buffers pieces, std::error_code& ec) noexcept {
        return socket_.send_vectored(pieces, ec);
    }
    std::size_t recv_vectored(mutable_buffers rooms) { return socket_.recv_vectored(rooms); }
    std::size_t recv_vectored(mutable_buffers rooms, std::error_code& ec) noexcept {
        return socket_.recv_vectored(rooms, ec);
    }
    std::size_t peek(mutable_buffer room) { return socket_.peek(room); }
    std::size_t peek(mutable_buffer room, std::error_code& ec) noexcept { return socket_.peek(room, ec); }
    /// `while (auto bytes = peer.recv_lease()) peer.send_all(bytes);`
    lease recv_lease() { return socket_.recv_lease(); }
    lease recv_lease(std::error_code& ec) noexcept { return socket_.recv_lease(ec); }
    std::size_t recv_until(mutable_buffer room, const_buffer delimiter) { return socket_.recv_until(room, delimiter); }
    std::size_t recv_until(mutable_buffer room, const_buffer delimiter, std::error_code& ec) noexcept {
        return socket_.recv_until(room, delimiter, ec);
    }
    void put_back(const_buffer bytes) { socket_.put_back(bytes); }
    void put_back(const_buffer bytes, std::error_code& ec) noexcept { socket_.put_back(bytes, ec); }
    std::uint64_t send_file(const file& from, std::uint64_t offset = 0, std::uint64_t length = whole_file) {
        return socket_.send_file(from, offset, length);
    }
    std::uint64_t send_file(const file& from, std::uint64_t offset, std::uint64_t length,
                            std::error_code& ec) noexcept {
        return socket_.send_file(from, offset, length, ec);
    }

    void shutdown(direction how) { socket_.shutdown(how); }
    void shutdown(direction how, std::error_code& ec) noexcept { socket_.shutdown(how, ec); }
    void close() noexcept { socket_.close(); }
    void reset() noexcept { socket_.reset(); }
    farewell close_gracefully(std::chrono::nanoseconds limit = std::chrono::seconds(10)) {
        return socket_.close_gracefully(limit);
    }

    [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }
    [[nodiscard]] endpoint local() const { return socket_.local(); }
    [[nodiscard]] endpoint local(std::error_code& ec) const noexcept { return socket_.local(ec); }
    [[nodiscard]] endpoint peer() const { return socket_.peer(); }
    [[nodiscard]] endpoint peer(std::error_code& ec) const noexcept { return socket_.peer(ec); }
    template <class Option>
    void set(const Option& option) {
        socket_.set(option);
    }
    template <class Option>
    void set(const Option& option, std::error_code& ec) noexcept {
        socket_.set(option, ec);
    }
    template <class Option>
    [[nodiscard]] auto get() const {
        return socket_.template get<Option>();
    }
    template <class Option>
    [[nodiscard]] auto get(std::error_code& ec) const {
        return socket_.template get<Option>(ec);
    }
    void detach() { socket_.detach(); }
    void detach(std::error_code& ec) noexcept { socket_.detach(ec); }
    /// The socket underneath, for what has no place here.
    [[nodiscard]] socket& handle() noexcept { return socket_; }
    [[nodiscard]] const socket& handle() const noexcept { return socket_; }

  private:
    socket socket_;
};

}  // namespace cardea
