// One fiber's record. It lives at the top of its own stack, so that it costs no allocation and shares the first page.
#pragma once

#include <atomic>
#include <cardea/fiber.hpp>
#include <cstdint>

#include "fiber/context.hpp"
#include "fiber/execution.hpp"
#include "fiber/stack_pool.hpp"
#include "fiber/timer_wheel.hpp"

namespace cardea {
class network;
}

namespace cardea::detail {

class loop;

/// Work handed to a loop by another thread.
struct inbox_item {
    inbox_item* next = nullptr;
    void (*act)(inbox_item&) noexcept = nullptr;
};

class fiber final : public execution {
  public:
    fiber(loop& home, const stack& on, scope_state& of, const callable& how, void* body) noexcept;

    wake park(patience how) noexcept override;
    void unpark() noexcept override;
    [[nodiscard]] std::int64_t now_ns() const noexcept override;
    [[nodiscard]] std::int64_t recent_ns() const noexcept override;

    enum class state : std::uint8_t { ready, running, parked, ended };

    context machine;
    loop& home;
    const stack on;
    scope_state& of;
    const callable& how;
    void* const body;
    /// The host it runs on, from whoever started it: a loop may run the fibers of several (simulated) hosts.
    network* net;
    /// What this_network() says instead, if anything: a wrapper around `net`. Handed on like that.
    network* wrapper = nullptr;
    fiber* next_ready = nullptr;
    /// Links of its loop's list of all its fibers.
    fiber* next_alive = nullptr;
    fiber* previous_alive = nullptr;
    /// When its last park began; since then it waits, if it does.
    std::int64_t parked_ns = 0;
    struct wake_timer : timer_node {
        fiber* target = nullptr;
    } timer;
    state now = state::ready;
    wake reason = wake::ready;

    struct remote_wake : inbox_item {
        fiber* target = nullptr;
        std::atomic<bool> pending{false};
    } remote;
};

}  // namespace cardea::detail
