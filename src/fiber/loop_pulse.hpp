// A loop's numbers as other threads may read them: written by its own thread, once a turn.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace cardea::detail {

/// How long something took, counted by powers of two: class i has what took less than 1.024 us * 2^i and not less than
/// half of that; the last one has the rest as well.
class duration_counts {
  public:
    static constexpr std::size_t classes = 22;
    static constexpr unsigned first_class_bits = 10;  // 1024 ns

    void add(std::int64_t ns) noexcept {
        const auto width = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(ns)));
        const unsigned at = width <= first_class_bits ? 0U : width - first_class_bits;
        bump(counts_[at < classes ? at : classes - 1], 1);
        bump(sum_ns_, static_cast<std::uint64_t>(ns));
        if (static_cast<std::uint64_t>(ns) > longest_ns_.load(std::memory_order_relaxed)) {
            longest_ns_.store(static_cast<std::uint64_t>(ns), std::memory_order_relaxed);
        }
    }
    void take_over(const duration_counts& other) noexcept {
        for (std::size_t i = 0; i < classes; ++i) bump(counts_[i], other.count(i));
        bump(sum_ns_, other.sum_ns());
        if (other.longest_ns() > longest_ns()) longest_ns_.store(other.longest_ns(), std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t count(std::size_t i) const noexcept {
        return counts_[i].load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t sum_ns() const noexcept { return sum_ns_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t longest_ns() const noexcept { return longest_ns_.load(std::memory_order_relaxed); }

  private:
    static void bump(std::atomic<std::uint64_t>& number, std::uint64_t by) noexcept {
        number.store(number.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }

    std::array<std::atomic<std::uint64_t>, classes> counts_{};
    std::atomic<std::uint64_t> sum_ns_{0};
    std::atomic<std::uint64_t> longest_ns_{0};
};

struct loop_pulse {
    std::atomic<std::uint64_t> fibers{0};
    std::atomic<std::uint64_t> sockets{0};
    std::atomic<std::uint64_t> switches{0};
    std::atomic<std::uint64_t> waits{0};
    /// From one look at the network to the next: how long whoever became ready may have had to wait for his turn.
    duration_counts turns;
};

}  // namespace cardea::detail
