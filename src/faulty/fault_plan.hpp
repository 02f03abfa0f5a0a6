// The faults of a wrapper and what has been counted: which fault befalls which call. Knows nothing of sockets.
#pragma once

#include <array>
#include <cardea/faulty.hpp>
#include <cardea/network.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <system_error>
#include <vector>

namespace cardea::detail {

/// What is to happen to one call: nothing, as a rule.
struct verdict {
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

    std::error_code before;               ///< fails with it
    std::int64_t delay_ns = 0;            ///< begins so much later
    std::size_t at_most = unlimited;      ///< bytes at once
    std::size_t fails_after = unlimited;  ///< bytes; then `after_those`
    std::error_code after_those;          ///< see fails_after
    std::size_t behind = 0;               ///< datagrams that go first
    std::error_code afterwards;           ///< done, and reported all the same
    bool cancels = false;                 ///< done, and the caller cancelled
};

/// Any thread may call it.
class fault_plan {
  public:
    std::size_t add(const fault& one);
    void clear() noexcept;
    /// Counts a call on a socket of that type (of no socket: any), and says what befalls it.
    verdict next(network_call call, type of = type::raw) noexcept;

    [[nodiscard]] std::uint64_t calls(network_call of) const noexcept;
    [[nodiscard]] std::uint64_t faults() const noexcept;
    [[nodiscard]] std::uint64_t faults(std::size_t number) const noexcept;
    [[nodiscard]] network_call last() const noexcept;
    [[nodiscard]] network_call last(std::size_t number) const noexcept;

  private:
    struct armed {
        fault what;
        std::uint64_t seen = 0;
        std::uint64_t befallen = 0;
        network_call last = network_call::any;
    };
    static constexpr std::size_t kinds = static_cast<std::size_t>(network_call::resolve) + 1;

    mutable std::mutex guard_;
    std::vector<armed> armed_;
    std::array<std::uint64_t, kinds> calls_{};  // the first of them: of any kind
    std::uint64_t faults_ = 0;
    network_call last_ = network_call::any;
};

}  // namespace cardea::detail
