// A socket whose calls park their fiber until epoll tells that it is worth trying again. For fibers of its network's
// loop; what else may happen elsewhere (destruction, taking over an orphan) says so.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "network/epoll/epoll_registration.hpp"
#include "network/kernel_socket.hpp"

namespace cardea::detail {

class epoll_network;

class epoll_socket final : public kernel_socket {
  public:
    epoll_socket(epoll_network& home, int fd, family f, type t) noexcept : kernel_socket(fd, f, t), home_(&home) {}
    ~epoll_socket() override { end(); }

    void register_as(epoll_registration& r) noexcept { record_ = &r; }
    /// Takes over what another network released. Before first use.
    void settle_in(native_socket& from) noexcept;
    /// It was never in order: the descriptor stays the caller's.
    void disown() noexcept;
    /// Its network ends. While holding `ends`.
    void orphan() noexcept;

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
    io_result send_file(int file, std::uint64_t offset, std::size_t size, bool& reading_failed) noexcept override;
    std::error_code shutdown(direction how) noexcept override;
    std::error_code close() noexcept override;
    [[nodiscard]] bool is_open() const noexcept override { return fd_ >= 0; }
    std::error_code local(endpoint& out) const noexcept override;
    std::error_code peer(endpoint& out) const noexcept override;
    std::error_code set_option(option_id option, option_value value) noexcept override;
    std::error_code get_option(option_id option, option_value& value) const noexcept override;
    [[nodiscard]] network* home() const noexcept override;
    std::error_code release(native_socket& out) noexcept override;

    /// Guards the two rare meetings of threads: a socket that ends away from its loop, and a network that ends before
    /// its sockets. Nothing on the loop's ordinary ways takes it.
    static std::mutex ends;

  protected:
    std::error_code until_done(readiness what, trial one) noexcept override;
    bool take_ahead(mutable_buffer room, io_result& out) noexcept override;
    [[nodiscard]] bool nothing_ahead() const noexcept override { return unread_.empty(); }

  private:
    template <class Attempt>
    std::error_code perform(epoll_side& side, std::uint32_t wanted, Attempt attempt) noexcept;
    template <class Attempt>
    std::error_code perform_waiting(epoll_side& side, std::uint32_t wanted, Attempt& attempt) noexcept;
    io_result take_unread(mutable_buffer room) noexcept;
    io_result send_from_memory(int file, std::uint64_t offset, std::size_t size) noexcept;
    [[nodiscard]] std::error_code usable() const noexcept;
    void leave_network() noexcept;
    void end() noexcept;

    std::atomic<epoll_network*> home_;  // nullptr: an orphan, or closed
    epoll_registration* record_ = nullptr;
    unread_bytes unread_;
    /// The last lease was full: the next one gets a bigger buffer.
    bool bulk_ = false;
};

}  // namespace cardea::detail
