// In which order the addresses of a name are tried, and when each attempt begins (RFC 8305 sections 4 and 5). Knows no
// clock and no socket: times are passed in.
#pragma once

#include <algorithm>
#include <cardea/endpoint.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace cardea::detail {

/// The families by turns, beginning with the first one's, so that a dead family costs one attempt's delay; otherwise
/// in the order given (RFC 8305 section 4).
std::vector<endpoint> interleaved(const std::vector<endpoint>& in);
/// The same, beginning with the family `first` as long as there is any of it.
std::vector<endpoint> interleaved(const std::vector<endpoint>& in, family first);

/// Which attempt begins when. Attempts are numbered from 0, in the order in which they begin.
class race {
  public:
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

    race(std::size_t attempts, std::int64_t delay_ns) noexcept : attempts_(attempts), delay_ns_(delay_ns) {}

    /// When the next attempt is to begin; `never`: all have begun. The first at once; each other when its predecessor
    /// has had its time, when an attempt has failed since then, or when none is under way.
    [[nodiscard]] std::int64_t next_start() const noexcept { return begun_ < attempts_ ? next_ns_ : never; }
    /// So many more have been found: none of them begins before its time either.
    void add(std::size_t attempts) noexcept { attempts_ += attempts; }
    /// The next attempt begins now.
    std::size_t begin(std::int64_t now_ns) noexcept {
        next_ns_ = now_ns > never - delay_ns_ ? never : now_ns + delay_ns_;
        ++under_way_;
        return begun_++;
    }
    /// An attempt has failed: who comes next need not wait any longer.
    void failed() noexcept {
        --under_way_;
        next_ns_ = std::numeric_limits<std::int64_t>::min();
    }
    [[nodiscard]] std::size_t begun() const noexcept { return begun_; }
    /// Every attempt has begun and failed.
    [[nodiscard]] bool lost() const noexcept { return begun_ == attempts_ && under_way_ == 0; }

  private:
    std::size_t attempts_;
    const std::int64_t delay_ns_;
    std::size_t begun_ = 0;
    std::size_t under_way_ = 0;
    std::int64_t next_ns_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace cardea::detail
