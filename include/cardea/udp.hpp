// The connectionless service: udp_socket (udp(7), RFC 768).
#pragma once

#include <cardea/socket.hpp>

namespace cardea {

/// A UDP socket. A thin type on `socket`: see there for blocking, errors and threads.
class udp_socket {
  public:
    udp_socket() noexcept = default;
    explicit udp_socket(socket&& datagram) noexcept : socket_(std::move(datagram)) {}
    /// Unbound: the first send_to gives it an ephemeral port. Reaches IPv6 and IPv4 peers.
    static udp_socket open();
    static udp_socket open(std::error_code& ec) noexcept;
    /// Bound: "*:53" takes IPv6 and IPv4.
    static udp_socket bind(address where);
    static udp_socket bind(address where, std::error_code& ec) noexcept;
    /// Connected to one peer, by number or by name: send and recv go to and from it only, and an ICMP error of its host
    /// is seen (std::errc::connection_refused). Nothing is sent. A name is looked up, as resolve() does it (names.hpp):
    /// that blocks, ends at deadlines and cancellations, and fails in its ways; of its addresses the first is taken
    /// that this host has a way to. A number never blocks.
    static udp_socket connect(address peer);
    static udp_socket connect(address peer, std::error_code& ec) noexcept;

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

    void close() noexcept { socket_.close(); }
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
};

}  // namespace cardea
