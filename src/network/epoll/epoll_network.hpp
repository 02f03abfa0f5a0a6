// The loop's driver over epoll(7), and the sockets that live on it. One thread, its loop's; what others may call says
// so.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>

#include "fiber/wake_event.hpp"
#include "network/epoll/epoll.hpp"
#include "network/epoll/epoll_registration.hpp"

namespace cardea::detail {

class epoll_network final : public epoll_network_base {
  public:
    epoll_network();
    ~epoll_network() override;

    [[nodiscard]] const char* name() const noexcept override { return "epoll"; }
    std::error_code open(family f, type t, int protocol, std::unique_ptr<network_socket>& out) noexcept override;
    std::error_code adopt(native_socket&& from, std::unique_ptr<network_socket>& out) noexcept override;

    [[nodiscard]] std::int64_t clock_ns() const noexcept override { return monotonic_ns(); }
    void wait(std::int64_t timeout_ns) noexcept override;
    void wake_up() noexcept override { wake_.signal(); }
    [[nodiscard]] int pollable() override { return epoll_; }
    [[nodiscard]] std::size_t open_sockets() const noexcept override { return sockets_; }

    /// A socket of this network for a descriptor that does not block; nullptr: no memory, and `fd` is the caller's.
    epoll_socket* make(int fd, family f, type t) noexcept;
    /// From now on events of `wanted` reach `r`, the present state as the first one.
    std::error_code watch(epoll_registration& r, int fd, std::uint32_t wanted) noexcept;
    /// The descriptor is about to be closed or given away: whoever waits is woken, `r` is gone.
    void forget(epoll_registration& r, int fd) noexcept;
    /// The same from another thread. Only while holding `ends`, which keeps the network alive.
    void abandon(epoll_registration& r, int fd) noexcept;

    /// True on the thread whose loop runs on `net`, which need not be alive.
    static bool runs_here(const epoll_network* net) noexcept;

  private:
    /// Events taken per look; more wait for the next.
    static constexpr int events_per_turn = 256;

    int look(std::int64_t timeout_ns) noexcept;
    void unwatch(epoll_registration& r, int fd) noexcept;
    void drop(epoll_registration& r) noexcept;
    void collect_abandoned() noexcept;

    wake_event wake_;
    int epoll_;
    bool no_nanoseconds_ = false;
    std::size_t sockets_ = 0;
    epoll_registration* first_ = nullptr;
    epoll_registration* abandoned_ = nullptr;  // guarded by `ends`
    std::atomic<bool> any_abandoned_{false};
    std::array<epoll_event, events_per_turn> events_;
};

}  // namespace cardea::detail
