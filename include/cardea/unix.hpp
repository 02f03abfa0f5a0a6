// Sockets between processes of one host: unix_listener, unix_stream, unix_datagram (unix(7)).
#pragma once

#include <cardea/stream.hpp>
#include <string>

namespace cardea {

/// One end of a Unix-domain connection: a `stream`, where its calls are.
class unix_stream : public stream {
  public:
    unix_stream() noexcept = default;
    explicit unix_stream(socket&& connected) noexcept : stream(std::move(connected)) {}
    /// "unix:/path" or "unix:@abstract". Blocks while the listener's queue is full.
    static unix_stream connect(address server);
    static unix_stream connect(address server, std::error_code& ec) noexcept;
};

/// A listening Unix-domain socket. One that made a path removes it when closed. A path that an earlier process left
/// behind, with nobody listening, is taken over; one with a listener is std::errc::address_in_use. A thin type on
/// `socket`: see there for blocking, errors, threads and cancellation.
class unix_listener {
  public:
    unix_listener() noexcept = default;
    /// Binds and listens. Text that is no Unix name: errc::bad_address. To learn whether a path is stale it is
    /// connected to, and nobody is waited for.
    explicit unix_listener(address where, int backlog = default_backlog);
    unix_listener(address where, int backlog, std::error_code& ec) noexcept;
    /// Takes over a socket that listens, and with it the path that it is bound to.
    explicit unix_listener(socket&& listening);
    unix_listener(unix_listener&& other) noexcept;
    unix_listener& operator=(unix_listener&& other) noexcept;
    ~unix_listener();

    unix_stream accept();                              ///< Waits for a connection (accept(2)).
    unix_stream accept(std::error_code& ec) noexcept;  ///< Likewise.
    void close() noexcept;                             ///< And removes the path that it made.
    /// The path stays when this closes: somebody else listens there, with a duplicate of this socket.
    void keep_path() noexcept { path_.clear(); }
    [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }
    [[nodiscard]] endpoint local() const { return socket_.local(); }
    [[nodiscard]] endpoint local(std::error_code& ec) const noexcept { return socket_.local(ec); }
    void detach() { socket_.detach(); }
    void detach(std::error_code& ec) noexcept { socket_.detach(ec); }
    template <class Option>
    void set(const Option& option) {
        socket_.set(option);
    }
    template <class Option>
    void set(const Option& option, std::error_code& ec) noexcept {
        socket_.set(option, ec);
    }
    [[nodiscard]] socket& handle() noexcept { return socket_; }

  private:
    socket socket_;
    std::string path_;
};

/// Datagrams between processes of one host: reliable and in order, unlike UDP's, so that a send blocks while the
/// receiver's queue is full. A thin type on `socket`: see there for blocking, errors, threads and cancellation.
class unix_datagram {
  public:
    unix_datagram() noexcept = default;
    /// Unbound: it can send, and receive nothing but what a connected peer sends.
    static unix_datagram open();
    static unix_datagram open(std::error_code& ec) noexcept;
    /// Bound to a path (removed when closed; a stale one is taken over, as unix_listener does it) or an abstract name.
    static unix_datagram bind(address where);
    static unix_datagram bind(address where, std::error_code& ec) noexcept;
    unix_datagram(unix_datagram&& other) noexcept;
    unix_datagram& operator=(unix_datagram&& other) noexcept;
    ~unix_datagram();

    void connect(address peer) { socket_.connect(peer); }
    void connect(address peer, std::error_code& ec) noexcept { socket_.connect(peer, ec); }
    std::size_t send(const_buffer datagram) { return socket_.send(datagram); }
    std::size_t send(const_buffer datagram, std::error_code& ec) noexcept { return socket_.send(datagram, ec); }
    std::size_t recv(mutable_buffer room) { return socket_.recv(room); }
    std::size_t recv(mutable_buffer room, std::error_code& ec) noexcept { return socket_.recv(room, ec); }
    std::size_t send_to(const_buffer datagram, address to) { return socket_.send_to(datagram, to); }
    std::size_t send_to(const_buffer datagram, address to, std::error_code& ec) noexcept {
        return socket_.send_to(datagram, to, ec);
    }
    received recv_from(mutable_buffer room) { return socket_.recv_from(room); }
    received recv_from(mutable_buffer room, std::error_code& ec) noexcept { return socket_.recv_from(room, ec); }
    void close() noexcept;  ///< And removes the path that it made.
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
    [[nodiscard]] socket& handle() noexcept { return socket_; }

  private:
    socket socket_;
    std::string path_;
};

}  // namespace cardea
