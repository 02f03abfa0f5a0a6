// Ephemeral ports that outsiders cannot predict (RFC 6056): algorithm 4 (double hash) for TCP, random start for UDP.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/host_config.hpp"
#include "stack/random.hpp"
#include "stack/tcp/isn.hpp"

namespace cardea::stack {

class ephemeral_ports {
  public:
    ephemeral_ports(host_config const& config, random_source& random)
        : first_{config.first_ephemeral_port},
          count_{config.last_ephemeral_port >= first_ ? config.last_ephemeral_port - first_ + 1U : 1U},
          random_{random},
          offset_key_{random.next(), random.next()},
          bucket_key_{random.next(), random.next()} {
        for (auto& t : steps_) t = static_cast<std::uint32_t>(random.next());
    }

    /// RFC 6056 section 3.3.4. `tuple.local.port` is ignored. `usable(port)` says whether the port will do.
    template <typename F>
    std::optional<std::uint16_t> choose(tcp::four_tuple tuple, F&& usable) {
        tuple.local.port = 0;
        auto const bytes = tcp::tuple_bytes(tuple);
        auto const offset = static_cast<std::uint32_t>(tcp::siphash(offset_key_, bytes));
        auto& step = steps_[tcp::siphash(bucket_key_, bytes) % steps_.size()];
        for (std::uint32_t tries = 0; tries < count_; ++tries) {
            auto const port = port_at(offset + step++);
            if (usable(port)) return port;
        }
        return std::nullopt;
    }

    /// RFC 6056 section 3.3.1.
    template <typename F>
    std::optional<std::uint16_t> choose(F&& usable) {
        auto const start = random_.below(count_);
        for (std::uint32_t tries = 0; tries < count_; ++tries) {
            auto const port = port_at(start + tries);
            if (usable(port)) return port;
        }
        return std::nullopt;
    }

  private:
    std::uint16_t port_at(std::uint32_t n) const { return static_cast<std::uint16_t>(first_ + n % count_); }

    std::uint32_t first_;
    std::uint32_t count_;
    random_source& random_;
    tcp::secret_key offset_key_;
    tcp::secret_key bucket_key_;
    std::array<std::uint32_t, 64> steps_{};
};

}  // namespace cardea::stack
