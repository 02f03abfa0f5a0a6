// The io_uring network: drives one loop, opens its sockets, and lets fibers wait for operations in its ring.
#pragma once

#include <cstddef>
#include <memory>

#include "fiber/loop.hpp"
#include "fiber/wake_event.hpp"
#include "network/uring/buffer_pool.hpp"
#include "network/uring/operation.hpp"
#include "network/uring/ring.hpp"
#include "network/uring/uring.hpp"

namespace cardea::detail {

class uring_socket;

class uring_network final : public uring_network_base {
  public:
    uring_network();
    ~uring_network() override;

    [[nodiscard]] const char* name() const noexcept override { return "uring"; }
    std::error_code open(family f, type t, int protocol, std::unique_ptr<network_socket>& out) noexcept override;
    std::error_code adopt(native_socket&& from, std::unique_ptr<network_socket>& out) noexcept override;

    [[nodiscard]] std::int64_t clock_ns() const noexcept override { return monotonic_ns(); }
    void wait(std::int64_t timeout_ns) noexcept override;
    void wake_up() noexcept override { waker_.signal(); }
    [[nodiscard]] int pollable() override;
    [[nodiscard]] std::size_t open_sockets() const noexcept override { return open_; }

    // For its sockets.

    /// An entry to fill in. Never null: looks at completions until the kernel takes more.
    io_uring_sqe* entry() noexcept;
    /// Waits until `op`, already in an entry, has completed. A deadline or a cancellation asks the kernel to cancel it
    /// and still waits for its completion, which may be a success: exactly one outcome. Says what interrupted it, if
    /// anything.
    wake await(operation& op) noexcept;
    /// Asks the kernel to cancel the request with that user_data; its own completion tells the outcome. False: no entry
    /// is free now. Safe while completions are being looked at.
    bool try_cancel(std::uint64_t user_data) noexcept;
    /// Runs the ring until `done()`, for those who cannot park: the loop's own stack, and its end.
    template <class Done>
    void pump_until(Done done) noexcept {
        while (!done()) wait(-1);
    }
    [[nodiscard]] buffer_pool& buffers() noexcept { return buffers_; }
    void enlist(uring_socket& s) noexcept;
    void strike_off(uring_socket& s) noexcept;
    [[nodiscard]] std::string describe() const { return ring_.describe(); }
    [[nodiscard]] uring_pressure pressure() const noexcept {
        return {ring_.overflows(), ring_.full_queues(), buffers_.shortages()};
    }

  private:
    void complete(std::uint64_t user_data, std::int32_t result, std::uint32_t flags) noexcept;
    void watch_waker() noexcept;
    bool drain() noexcept;

    ring ring_;
    buffer_pool buffers_;
    wake_event waker_;
    std::unique_ptr<wake_event> announced_;  // see pollable()
    bool watching_ = false;
    uring_socket* sockets_ = nullptr;
    std::size_t open_ = 0;
};

}  // namespace cardea::detail
