// Sockets between processes of one host: unix_listener, unix_stream, unix_datagram (unix(7)).
#pragma once

#include <cardea/stream.hpp>
#include <string>

namespace cardea {

/// One end of a Unix-domain connection.
class unix_stream : public stream {
  public:
    unix_stream() noexcept = default;
    explicit unix_stream(socket&& connected) noexcept : stream(std::move(connected)) {}
    /// "unix:/path" or "unix:@abstract". Blocks while the listener's queue is full.
    static unix_stream connect(address server);
    static unix_stream connect(address server, std::error_code& ec) noexcept;
};

/// A listening Unix-domain socket. One that made a path removes it when closed. A path that an earlier process left
/// behind, with nobody listening, is taken over; one with a listener is std::errc::address_in_use.
class unix_listener {
  public:
    unix_listener() noexcept = default;
    explicit unix_listener(address where, int backlog = default_backlog);  ///< Binds and listens.
    unix_listener(unix_listener&& other) noexcept;
    unix_listener& operator=(unix_listener&& other) noexcept;
    ~unix_listener();

    unix_stream accept();                              ///< Waits for a connection (accept(2)).
    unix_stream accept(std::error_code& ec) noexcept;  ///< Likewise.
    void close() noexcept;                             ///< And removes the path that it made.
    [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }
    [[nodiscard]] endpoint local() const { return socket_.local(); }
    void detach() { socket_.detach(); }
    [[nodiscard]] socket& handle() noexcept { return socket_; }

  private:
    socket socket_;
    std::string path_;
};

/// Datagrams between processes of one host: reliable and in order, unlike UDP's.
class unix_datagram {
  public:
    unix_datagram() noexcept = default;
    /// Unbound: it can send, and receive nothing but what a connected peer sends.
    static unix_datagram open();
    /// Bound to a path (removed when closed) or an abstract name.
    static unix_datagram bind(address where);
    unix_datagram(unix_datagram&& other) noexcept;
    unix_datagram& operator=(unix_datagram&& other) noexcept;
    ~unix_datagram();

    void connect(address peer) { socket_.connect(peer); }
    std::size_t send(const_buffer datagram) { return socket_.send(datagram); }
    std::size_t recv(mutable_buffer room) { return socket_.recv(room); }
    std::size_t send_to(const_buffer datagram, address to) { return socket_.send_to(datagram, to); }
    received recv_from(mutable_buffer room) { return socket_.recv_from(room); }
    void close() noexcept;  ///< And removes the path that it made.
    [[nodiscard]] endpoint local() const { return socket_.local(); }
    [[nodiscard]] socket& handle() noexcept { return socket_; }

  private:
    socket socket_;
    std::string path_;
};

}  // namespace cardea
