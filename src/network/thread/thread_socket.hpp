// A socket whose calls block the calling thread: direct system calls, or poll(2) beside the thread's wake-up descriptor
// where a deadline or a cancellation may have to end the wait.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cardea/sync.hpp>
#include <memory>
#include <mutex>

#include "network/kernel_socket.hpp"

namespace cardea::detail {

class thread_socket final : public kernel_socket {
  public:
    thread_socket(network& home, int fd, family f, type t) noexcept : kernel_socket(fd, f, t), home_(home) {}
    ~thread_socket() override { end(); }

    /// Takes over what another network released. Before first use.
    void settle_in(native_socket& from) noexcept {
        set_nonblocking(is_listening());
        unread_ = unread_bytes(from);
        inherit(from);
        has_unread_.store(!unread_.empty(), std::memory_order_relaxed);
    }

    std::error_code bind(const endpoint& where) noexcept override;
    std::error_code listen(int backlog) noexcept override;
    std::error_code accept(std::unique_ptr<network_socket>& connection, endpoint& client) noexcept override;
    std::error_code connect(const endpoint& server) noexcept override;
    std::error_code begin_connect(const endpoint& server) noexcept override;
    /// How a connect that was begun has ended, once poll(2) says that it has.
    std::error_code end_connect() noexcept;
    io_result send(const_buffer data) noexcept override;
    io_result recv(mutable_buffer room) noexcept override;
    io_result send_to(const_buffer datagram, const endpoint& to) noexcept override;
    io_result recv_from(mutable_buffer room, endpoint& from, bool& truncated) noexcept override;
    io_result send_vectored(const_buffers pieces) noexcept override;
    io_result recv_vectored(mutable_buffers rooms) noexcept override;
    io_result peek(mutable_buffer room) noexcept override;
    std::error_code put_back(const_buffer bytes) noexcept override;
    io_result send_file(int file, std::uint64_t offset, std::size_t size, bool& reading_failed) noexcept override;
    std::error_code shutdown(direction how) noexcept override;
    std::error_code local(endpoint& out) const noexcept override;
    std::error_code peer(endpoint& out) const noexcept override;
    std::error_code set_option(option_id option, option_value value) noexcept override;
    std::error_code get_option(option_id option, option_value& value) const noexcept override;
    std::error_code set_text_option(option_id option, const std::string& value) noexcept override;
    std::error_code get_text_option(option_id option, std::string& value) const noexcept override;
    std::error_code info(cardea::tcp_info& out) const noexcept override;
    std::error_code set_membership(const group_membership& of, bool member) noexcept override;
    std::error_code peer_credentials(credentials& out) const noexcept override;
    std::error_code close() noexcept override;
    [[nodiscard]] bool is_open() const noexcept override { return (users_.load() & closing) == 0; }
    [[nodiscard]] network* home() const noexcept override { return &home_; }
    std::error_code release(native_socket& out) noexcept override;

  protected:
    std::error_code until_done(readiness what, trial one) noexcept override;
    bool take_ahead(mutable_buffer room, io_result& out) noexcept override;
    [[nodiscard]] bool nothing_ahead() const noexcept override { return !has_unread_.load(std::memory_order_acquire); }

  private:
    // Calls under way, and the flag that none may begin any more: the descriptor is closed by the last one out, so that
    // its number cannot be reused under a call (Go's fdMutex does the same).
    static constexpr std::uint32_t closing = 1U << 31;
    class use;

    template <class Call>
    io_result transfer(short events, Call call) noexcept;
    template <class Call>
    io_result in_turn(Call call) noexcept;
    std::error_code attempt_until_done(readiness what, trial one) noexcept;
    io_result send_all(const_buffer data) noexcept;
    io_result send_pieces(const_buffers pieces) noexcept;
    io_result send_file_in_turn(int file, std::uint64_t offset, std::size_t size) noexcept;
    bool take_unread(io_result& out, mutable_buffer room, bool leave) noexcept;
    void end() noexcept;
    std::error_code wait_for(short events) noexcept;
    std::error_code connect_bounded(const endpoint& server) noexcept;
    void close_descriptor() const noexcept;

    network& home_;
    mutable std::atomic<std::uint32_t> users_{0};
    /// The descriptor has been closed, or is somebody else's.
    mutable std::atomic<bool> gone_{false};
    mutex sending_;
    std::atomic<bool> has_unread_{false};
    std::mutex unread_guard_;
    unread_bytes unread_;
};

}  // namespace cardea::detail
