// Work that only blocking calls of the system can do (getaddrinfo, a lingering close), done by helper threads while the
// asker waits as it always waits; an asker that is interrupted leaves, and the work's result is dropped.
#pragma once

#include <functional>
#include <memory>
#include <system_error>

namespace cardea::detail {

/// Runs `work` on a helper thread and waits for it. errc::timed_out or errc::cancelled: it goes on unattended if it has
/// begun, so it must own everything it touches, and is dropped if not. Errors of starting a thread are returned.
std::error_code offload(std::function<void()> work) noexcept;

/// The same for an asker who goes on meanwhile: it is unparked when the work has ended. The end of this leaves the
/// work, as an interruption does. Of one execution, and not longer there than it is.
class offloaded {
  public:
    offloaded() noexcept;
    ~offloaded();
    offloaded(const offloaded&) = delete;
    offloaded& operator=(const offloaded&) = delete;

    /// Once. An error: the work has not begun, and never will.
    std::error_code begin(std::function<void()> work) noexcept;
    [[nodiscard]] bool has_ended() const noexcept;

  private:
    struct under_way;
    std::unique_ptr<under_way> it_;
};

/// The same as offload() for work that must happen, as closing a descriptor: interrupted, it is done all the same, at
/// once or when a thread is free. Another error: it has not begun, and never will.
std::error_code offload_owed(std::function<void()> work) noexcept;

/// Has `work` done, and waits for nothing.
std::error_code offload_unattended(std::function<void()> work) noexcept;

/// Has `work` called again and again until it gives true, on threads for that alone, and in between other such work:
/// however many there are, each has its turn. Interrupted, it has at least one more.
std::error_code offload_in_turns(std::function<bool()> work) noexcept;

/// Here nothing may depend on other threads: the host is simulated, alone or in a world.
bool in_simulated_world() noexcept;

}  // namespace cardea::detail
