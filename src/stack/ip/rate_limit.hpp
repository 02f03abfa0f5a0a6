// A token bucket (RFC 4443 section 2.4 (f), RFC 1812 section 4.3.2.8) on passed-in time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "stack/time.hpp"

namespace cardea::stack::ip {

class token_bucket {
  public:
    token_bucket(std::uint32_t per_second, std::uint32_t burst)
        : per_second_{per_second}, full_{std::int64_t{burst} * token}, level_{full_} {}

    bool take(time_ns now) {
        // Elapsed time is capped before the multiplication: a second fills no less than per_second tokens.
        auto const elapsed = std::clamp<time_ns>(now - last_, 0, seconds(1));
        last_ = std::max(last_, now);
        level_ = std::min(full_, level_ + elapsed * per_second_);
        if (level_ < token) return false;
        level_ -= token;
        return true;
    }

  private:
    static constexpr std::int64_t token = 1'000'000'000;  ///< one token in units of nanoseconds times rate
    std::int64_t per_second_;
    std::int64_t full_;
    std::int64_t level_;
    time_ns last_ = 0;
};

}  // namespace cardea::stack::ip
