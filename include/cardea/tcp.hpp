// The connection-oriented service over IP: tcp_listener and tcp_stream (tcp(7), RFC 9293).
#pragma once

#include <cardea/stream.hpp>

namespace cardea {

class tcp_listener;

/// One end of a TCP connection. TCP_NODELAY is on: small messages leave at once.
class tcp_stream : public stream {
  public:
    tcp_stream() noexcept = default;
    explicit tcp_stream(socket&& connected) noexcept : stream(std::move(connected)) {}

    /// Active open, by number or by name: "192.0.2.1:80", "example.org:http". A name's addresses are tried in the
    /// resolver's order until one answers. Blocks until connected; a deadline around it bounds everything, the look-up
    /// included. Throws cardea::error naming the server and the cause; nothing is left open.
    static tcp_stream connect(address server);
    static tcp_stream connect(address server, std::error_code& ec) noexcept;
};

/// A passive TCP socket: bound and listening.
class tcp_listener {
  public:
    tcp_listener() noexcept = default;
    /// Binds (SO_REUSEADDR on) and listens. "*:7" takes IPv6 and IPv4, or IPv4 alone on a host without IPv6. Port 0
    /// takes a free one: see local().
    explicit tcp_listener(address where, int backlog = default_backlog);
    tcp_listener(address where, int backlog, std::error_code& ec) noexcept;
    explicit tcp_listener(socket&& listening) noexcept : socket_(std::move(listening)) {}

    /// Waits for a connection (accept(2)); `peer()` of what it returns, or the second overload, says whose it is.
    tcp_stream accept();
    tcp_stream accept(endpoint& client);
    tcp_stream accept(std::error_code& ec) noexcept;

    void close() noexcept { socket_.close(); }
    [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }
    [[nodiscard]] endpoint local() const { return socket_.local(); }
    template <class Option>
    void set(const Option& option) {
        socket_.set(option);
    }
    void detach() { socket_.detach(); }
    [[nodiscard]] socket& handle() noexcept { return socket_; }

  private:
    socket socket_;
};

}  // namespace cardea
