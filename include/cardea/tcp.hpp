// The connection-oriented service over IP: tcp_listener and tcp_stream (tcp(7), RFC 9293).
#pragma once

#include <cardea/stream.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace cardea {

class tcp_listener;

/// Which addresses of a name are tried, and in which order; the first family is also the one whose answer the other's
/// waits for. RFC 6724's order, as the resolver gives it, suits nearly everybody.
enum class families : std::uint8_t { as_resolved, inet6_first, inet_first, inet6_only, inet_only };

/// How connect() goes about it.
struct connect_options {
    /// The head start of each address before the next is tried beside it (RFC 8305 section 8, "Connection Attempt
    /// Delay"). Not below 10 ms.
    std::chrono::nanoseconds attempt_delay = std::chrono::milliseconds(250);
    /// How long the addresses of a name's other family are held back, once they are known, for those of the family that
    /// comes first (RFC 8305 sections 3 and 8, "Resolution Delay"). None if not above zero.
    std::chrono::nanoseconds resolution_delay = std::chrono::milliseconds(50);
    cardea::families families = cardea::families::as_resolved;
    /// Where to connect from: an address, a port, or both (the wildcard of a family and port 0 leave it open). Only
    /// addresses of the same family are tried, unless it is a wildcard.
    endpoint local = {};
};

/// One address that connect() tried, or, behind those, a look-up that failed.
struct connect_attempt {
    std::string host;                  ///< the name it came from; empty: none
    endpoint server;                   ///< unspecified: the look-up of `host` is what failed
    std::error_code error;             ///< why it failed; errc::timed_out: the deadline passed meanwhile
    std::chrono::nanoseconds took{0};  ///< from its beginning to its end
    /// Of a look-up: of the addresses of this family alone.
    family asked_for = family::unspecified;
};

/// What connect() throws. code() is errc::timed_out if the deadline passed, else what the first address failed of.
/// what() tells all: "connect to example.org:80: [2001:db8::1]:80: timed out after 3 s; 192.0.2.1:80: Connection
/// refused". Copies do not throw.
class connect_error : public error {
  public:
    /// `untried`: how many addresses were left.
    connect_error(std::error_code code, std::string_view text, std::vector<connect_attempt> attempts,
                  std::size_t untried = 0);

    [[nodiscard]] const char* what() const noexcept override;  ///< The text of it.
    /// In the order in which they began.
    [[nodiscard]] const std::vector<connect_attempt>& attempts() const noexcept;

  private:
    struct details;
    std::shared_ptr<const details> details_;
};

/// One end of a TCP connection: a `stream`, where its calls are. TCP_NODELAY is on: small messages leave at once.
class tcp_stream : public stream {
  public:
    tcp_stream() noexcept = default;
    explicit tcp_stream(socket&& connected) noexcept : stream(std::move(connected)) {}

    /// Active open: to an address "192.0.2.1:80", to a name "example.org:http", or to a service by its name
    /// "_http._tcp.example.org" (SRV, RFC 2782: the hosts and ports come from the domain). The addresses of a name are
    /// raced (RFC 8305): the families are looked up apart, and what comes of one is tried without waiting for the other
    /// (but IPv4 for the resolution delay); each address has its head start, the next begins when it is over or one has
    /// failed, the first to answer wins, and the others are closed before the call returns. Blocks until connected; a
    /// deadline around it bounds everything, look-ups included, and a cancellation ends all of it. Throws
    /// connect_error, which tells each address tried and why it failed; nothing is left open. Text that is no address:
    /// cardea::error (errc::bad_address).
    static tcp_stream connect(address server, const connect_options& how = {});
    static tcp_stream connect(address server, std::error_code& ec) noexcept;
    static tcp_stream connect(address server, const connect_options& how, std::error_code& ec) noexcept;
    /// The same for addresses found elsewhere, raced in this order.
    static tcp_stream connect_any(const std::vector<endpoint>& servers, const connect_options& how = {});
    static tcp_stream connect_any(const std::vector<endpoint>& servers, std::error_code& ec) noexcept;
    static tcp_stream connect_any(const std::vector<endpoint>& servers, const connect_options& how,
                                  std::error_code& ec) noexcept;

    /// What TCP knows of this connection (tcp_info.hpp). Never blocks.
    [[nodiscard]] tcp_info info() const { return handle().info(); }
    [[nodiscard]] tcp_info info(std::error_code& ec) const noexcept { return handle().info(ec); }
};

/// A passive TCP socket: bound and listening. A thin type on `socket`: see there for blocking, errors, threads and
/// cancellation.
class tcp_listener {
  public:
    tcp_listener() noexcept = default;
    /// Binds (SO_REUSEADDR on) and listens. "*:7" takes IPv6 and IPv4, or IPv4 alone on a host without IPv6. Port 0
    /// takes a free one: see local().
    explicit tcp_listener(address where, int backlog = default_backlog);
    tcp_listener(address where, int backlog, std::error_code& ec) noexcept;
    explicit tcp_listener(socket&& listening) noexcept : socket_(std::move(listening)) {}

    /// Waits for a connection (accept(2)); `peer()` of what it returns, or `client`, says whose it is.
    tcp_stream accept();
    tcp_stream accept(std::error_code& ec) noexcept;
    tcp_stream accept(endpoint& client);
    tcp_stream accept(endpoint& client, std::error_code& ec) noexcept;

    void close() noexcept { socket_.close(); }
    [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }
    [[nodiscard]] endpoint local() const { return socket_.local(); }
    [[nodiscard]] endpoint local(std::error_code& ec) const noexcept { return socket_.local(ec); }
    template <class Option>
    void set(const Option& option) {
        socket_.set(option);
    }
    template <class Option>
    void set(const Option& option, std::error_code& ec) noexcept {
        socket_.set(option, ec);
    }
    void detach() { socket_.detach(); }
    void detach(std::error_code& ec) noexcept { socket_.detach(ec); }
    [[nodiscard]] socket& handle() noexcept { return socket_; }

  private:
    socket socket_;
};

}  // namespace cardea
