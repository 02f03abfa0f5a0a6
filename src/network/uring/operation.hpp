// One request to the kernel, and how its completion finds its way back: user_data is an address, its low bits say of
// what.
#pragma once

#include <cstdint>

#include "fiber/loop.hpp"

namespace cardea::detail {

/// What a completion's user_data points at.
enum class target : std::uintptr_t {
    operation = 0,  ///< a waiting fiber's operation
    receiver = 1,   ///< a socket's multishot receive
    acceptor = 2,   ///< a socket's multishot accept
    waker = 3,      ///< the loop's wake-up descriptor
    nobody = 4,     ///< a request whose outcome shows elsewhere (a cancellation)
};
inline constexpr std::uint64_t target_bits = 7;

inline std::uint64_t tag(const void* address, target t) noexcept {
    return reinterpret_cast<std::uintptr_t>(address) | static_cast<std::uintptr_t>(t);
}

/// Lives on the stack of the fiber that waits for it, until it has completed: the kernel's last word ends it.
struct alignas(8) operation {
    fiber* waits = nullptr;
    std::int32_t result = 0;
    bool done = false;
};

/// Fibers that wait for their turn in one direction of a socket, first come first served.
class wait_line {
  public:
    struct place {
        fiber* who = nullptr;
        place* next = nullptr;
    };
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] place* front() const noexcept { return first_; }
    void join(place& p) noexcept {
        *(first_ == nullptr ? &first_ : &last_->next) = &p;
        last_ = &p;
    }
    void wake_front() noexcept {
        if (first_ != nullptr) loop::current()->make_ready(*first_->who);
    }
    void wake_all() noexcept {
        for (place* p = first_; p != nullptr; p = p->next) loop::current()->make_ready(*p->who);
    }
    void leave(place& p) noexcept {
        place* before = nullptr;
        place* at = first_;
        while (at != &p) {
            before = at;
            at = at->next;
        }
        (before != nullptr ? before->next : first_) = p.next;
        if (last_ == &p) last_ = before;
    }

  private:
    place* first_ = nullptr;
    place* last_ = nullptr;
};

}  // namespace cardea::detail
