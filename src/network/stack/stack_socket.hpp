// A socket of the stack whose blocking calls park their fiber until the stack's readiness callback. For fibers of its
// network's loop; it may be destroyed elsewhere, and after its network.
#pragma once

#include <atomic>
#include <cardea/message.hpp>
#include <cardea/network.hpp>
#include <cstdint>
#include <memory>

#include "network/stack/stack_network.hpp"
#include "network/stack/waiting_line.hpp"
#include "network/unread_bytes.hpp"
#include "stack/socket/socket.hpp"

namespace cardea::detail {

class stack_socket final : public network_socket, private tcpip::socket_observer {
  public:
    stack_socket(stack_network& home, std::unique_ptr<tcpip::socket> inner, family f, type t) noexcept;
    ~stack_socket() override { end(); }
    /// Its network ends. While holding `ends`.
    void orphan() noexcept;
    /// Whoever waits asks again what has become of the network.
    void look_again() noexcept;

    std::error_code bind(const endpoint& where) noexcept override;
    std::error_code listen(int backlog) noexcept override;
    std::error_code accept(std::unique_ptr<network_socket>& connection, endpoint& client) noexcept override;
    std::error_code connect(const endpoint& server) noexcept override;
    io_result send(const_buffer data) noexcept override;
    io_result recv(mutable_buffer room) noexcept override;
    io_result send_to(const_buffer datagram, const endpoint& to) noexcept override;
    io_result recv_from(mutable_buffer room, endpoint& from, bool& truncated) noexcept override;
    io_result send_vectored(const_buffers pieces) noexcept override;
    io_result recv_vectored(mutable_buffers rooms) noexcept override;
    io_result peek(mutable_buffer room) noexcept override;
    io_result recv_lease(lease& out) noexcept override;
    std::error_code put_back(const_buffer bytes) noexcept override;
    io_result send_message(const outgoing_message& message) noexcept override;
    io_result recv_message(incoming_message& message) noexcept override;
    std::error_code recv_error(datagram_error& out) noexcept override;
    std::error_code set_membership(const group_membership& of, bool member) noexcept override;
    std::error_code shutdown(direction how) noexcept override;
    std::error_code close() noexcept override;
    [[nodiscard]] bool is_open() const noexcept override { return inner_ != nullptr; }
    std::error_code local(endpoint& out) const noexcept override;
    std::error_code peer(endpoint& out) const noexcept override;
    std::error_code set_option(option_id option, option_value value) noexcept override;
    std::error_code get_option(option_id option, option_value& value) const noexcept override;
    std::error_code info(tcp_info& out) const noexcept override;
    [[nodiscard]] network* home() const noexcept override { return home_.load(std::memory_order_acquire); }
    /// Never: there is no descriptor that another network could take.
    std::error_code release(native_socket& out) noexcept override;

    /// Links of the network's list of its sockets.
    stack_socket* next = nullptr;
    stack_socket* previous = nullptr;

  private:
    template <class Attempt>
    std::error_code perform(waiting_line& line, Attempt attempt) noexcept;
    template <class Attempt>
    std::error_code perform_waiting(waiting_line& line, Attempt& attempt) noexcept;
    void on_ready(tcpip::socket& s, unsigned newly) override;
    tcpip::error send_two(const_buffer first, const_buffer second, std::size_t& sent) noexcept;
    [[nodiscard]] std::error_code usable() const noexcept;
    /// Its network's link is gone, and it does not lead to this host itself.
    [[nodiscard]] std::error_code cut_off() const noexcept;
    [[nodiscard]] std::error_code may_send() const noexcept;
    [[nodiscard]] tcpip::time_ns now() const noexcept { return home_.load(std::memory_order_relaxed)->now_ns(); }
    bool pass_over(tcpip::error problem) noexcept;
    void start_afresh() noexcept;
    void end() noexcept;

    std::atomic<stack_network*> home_;  // nullptr: its network has ended, or it is closed
    std::unique_ptr<tcpip::socket> inner_;
    waiting_line in_;
    waiting_line out_;
    waiting_line errors_;
    metadata told_ = metadata::none;
    bool wants_errors_ = false;
    unsigned shut_down_ = 0;      // 1: receiving, 2: sending
    unread_bytes unread_;         // put back by a reader
    tcpip::endpoint bound_;       // by bind(); port 0: it was not
    tcpip::endpoint last_local_;  // what an orphan still knows of its names
    tcpip::endpoint last_peer_;
    const family family_;
    const type type_;
};

}  // namespace cardea::detail
