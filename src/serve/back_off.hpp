// A pause that grows while a failure lasts, and ends early when there is reason for hope.
#pragma once

#include <cstdint>

#include "fiber/execution.hpp"

namespace cardea::detail {

class back_off {
  public:
    static constexpr std::int64_t shortest_ns = 50'000'000;
    static constexpr std::int64_t longest_ns = 1'000'000'000;

    /// True for the first failure in a while: the one to tell people of. A resource that is used to its limit fails and
    /// recovers many times a second.
    [[nodiscard]] bool is_news() const noexcept { return execution::current().now_ns() >= quiet_until_ns_; }
    /// Waits; each time twice as long, until success(). False: cancelled.
    bool wait() noexcept;
    void success() noexcept { next_ns_ = shortest_ns; }
    /// Ends a wait() that is under way. Fibers of the same loop only.
    void hurry() noexcept {
        hurried_ = true;
        if (waiting_ != nullptr) waiting_->unpark();
    }

  private:
    std::int64_t next_ns_ = shortest_ns;
    std::int64_t quiet_until_ns_ = 0;
    execution* waiting_ = nullptr;
    bool hurried_ = false;
};

}  // namespace cardea::detail
