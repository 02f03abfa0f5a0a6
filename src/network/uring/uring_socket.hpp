// A socket of the io_uring network. Receiving and accepting, which keep requests in the kernel between calls, have
// objects of their own (receiver.hpp, acceptor.hpp).
#pragma once

#include <memory>

#include "network/kernel_socket.hpp"
#include "network/uring/acceptor.hpp"
#include "network/uring/operation.hpp"
#include "network/uring/receiver.hpp"

namespace cardea::detail {

class uring_network;

class uring_socket final : public kernel_socket {
  public:
    uring_socket(uring_network& home, int fd, family f, type t) noexcept;
    ~uring_socket() override;
    /// Takes over what another network released. Before first use.
    void settle_in(native_socket& from) noexcept;

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
    std::error_code close() noexcept override;
    [[nodiscard]] bool is_open() const noexcept override { return !closing_; }
    [[nodiscard]] network* home() const noexcept override;
    std::error_code release(native_socket& out) noexcept override;

    // For the network and for the two below.

    /// Completions of the multishot receive and of the multishot accept.
    void received(std::int32_t result, std::uint32_t flags) noexcept;
    void arrived(std::int32_t result, std::uint32_t flags) noexcept;
    /// The loop ends: keeps the descriptor and what was received, for whoever adopts them.
    void orphan() noexcept;

    /// How one operation ended, and what interrupted the wait for it.
    struct outcome {
        std::int32_t result;
        wake why;
    };
    /// Prepares an entry by `prepare(entry)` and waits for its completion.
    template <class Prepare>
    outcome perform(Prepare prepare) noexcept;
    /// What an operation's failure means to the caller: closed, timed out, cancelled, or the system's error.
    [[nodiscard]] std::error_code explain(outcome ended) const noexcept;

    /// Descriptors come with its bytes: only who takes both together may receive them, never the kernel ahead.
    [[nodiscard]] bool may_carry_descriptors() const noexcept { return family_ == family::local; }

  protected:
    std::error_code until_done(readiness what, trial one) noexcept override;
    bool take_ahead(mutable_buffer room, io_result& out) noexcept override;
    [[nodiscard]] bool nothing_ahead() const noexcept override { return receiver_.nothing_ahead(); }
    /// Its requests would fail with EAGAIN where they should wait (io_uring_enter(2)).
    [[nodiscard]] bool may_stay_nonblocking() const noexcept override { return false; }

  private:
    friend class uring_network;
    /// A call's stay in the socket: close() waits until all have left.
    class use;

    std::error_code connect_to(const endpoint& server) noexcept;
    /// Sends a stream's `total` bytes when the senders before have sent theirs; `prepare(entry, done)` fills in the
    /// request for what is left after `done` of them.
    template <class Prepare>
    io_result send_in_turn(std::size_t total, Prepare prepare) noexcept;
    std::error_code attempt_until_done(readiness what, trial one) noexcept;
    std::error_code wait_until(readiness what) noexcept;
    std::error_code wait_to_send(const endpoint* to) noexcept;
    io_result send_record(const void* data, std::size_t size, const endpoint* to) noexcept;
    [[nodiscard]] bool quiet() const noexcept;
    void stop_everything() noexcept;
    void wait_until_quiet() noexcept;
    void note_progress() noexcept;
    std::error_code refuse_release() noexcept;
    struct closed_wait;
    void stand_by(closed_wait& one) noexcept;
    void wait_for_closer() noexcept;
    void let_closers_go() noexcept;
    void check_thread() const noexcept;

    uring_network* home_;
    uring_socket* next_ = nullptr;
    uring_socket* previous_ = nullptr;
    fiber* closer_ = nullptr;
    /// Who waits for that one, on its own stack.
    struct closed_wait {
        fiber* who;
        closed_wait* next = nullptr;
        bool over = false;
    };
    closed_wait* closers_ = nullptr;
    unsigned calls_ = 0;
    bool closing_ = false;
    /// Sending: one at a time, so that the stream's order is the callers'.
    wait_line senders_;
    receiver receiver_;
    std::unique_ptr<acceptor> acceptor_;  // listening sockets only
};

}  // namespace cardea::detail
