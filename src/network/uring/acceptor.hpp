// How a listening socket of the io_uring network accepts: one by one at first; by a multishot where the caller keeps
// coming back, so that a burst costs one request and not one turn of the loop per connection. A listener that other
// processes have as well is polled instead. Of all accepts that wait in rings a connection wakes one alone (they poll
// with EPOLLEXCLUSIVE), and if that one is just being cancelled, it wakes nobody.
#pragma once

#include <cstdint>

#include "network/kernel_socket.hpp"
#include "network/uring/operation.hpp"

namespace cardea::detail {

class uring_network;
class uring_socket;

class acceptor {
  public:
    /// Accepts after which a caller is taken to be in a loop.
    static constexpr unsigned loop_after = 16;
    /// Connections the multishot may hold that nobody has asked for; then it is stopped, and the rest stays in the
    /// kernel's listen queue.
    static constexpr std::size_t unclaimed_limit = 64;

    /// `polls`: others accept from it, and nobody's accept(2) blocks (O_NONBLOCK).
    acceptor(uring_socket& of, bool polls) noexcept : socket_(of), polls_(polls) {}

    std::error_code accept(uring_network& home, int& fd, endpoint& client) noexcept;
    /// A completion of the multishot.
    void completed(uring_network& home, std::int32_t result, std::uint32_t flags) noexcept;
    /// As receiver::stop().
    bool stop(uring_network& home) noexcept;
    [[nodiscard]] bool armed() const noexcept { return armed_; }
    void wake_everybody() noexcept { callers_.wake_all(); }
    /// Hands on what nobody has asked for. Not armed.
    void give_up(native_socket& out) { unclaimed_.give_to(out); }

  private:
    std::error_code by_ring(uring_network& home, int& fd, endpoint& client) noexcept;
    std::error_code by_polling(int& fd, endpoint& client) noexcept;
    /// EMFILE goes by the limit (RLIMIT_NOFILE) of when the accept was submitted, and it may have been raised since: it
    /// is tried again with that of now, unless that one has been met before.
    bool try_again(int failure) noexcept;
    std::error_code one(int& fd, endpoint& client) noexcept;
    std::error_code from_multishot(uring_network& home, int& fd) noexcept;
    void arm(uring_network& home) noexcept;

    uring_socket& socket_;
    wait_line callers_;
    accepted_ahead unclaimed_;
    std::int32_t error_ = 0;
    std::uint64_t limit_met_ = 0;
    unsigned streak_ = 0;
    bool polls_ = false;
    bool armed_ = false;
    bool stopping_ = false;
};

}  // namespace cardea::detail
