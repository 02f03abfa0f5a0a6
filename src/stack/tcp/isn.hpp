// Initial sequence numbers (RFC 6528) and timestamp offsets: keyed SipHash-2-4 of the connection's addresses, so that
// nobody without the secret can compute them, plus a clock for the former. Uses no randomness but the secret given.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/tcp/config.hpp"
#include "stack/tcp/sequence.hpp"

namespace cardea::stack::tcp {

using secret_key = std::array<std::uint64_t, 2>;

/// SipHash-2-4 (Aumasson and Bernstein, 2012) of `data` under `key`.
std::uint64_t siphash(secret_key const& key, std::span<std::byte const> data);

class isn_generator {
  public:
    explicit isn_generator(secret_key const& secret) : secret_{secret} {}

    /// ISN = M + F(addresses, ports, secret), M ticking every 4 microseconds.
    sequence initial_sequence(four_tuple const& t, time_ns now) const;
    /// An offset for TSval, constant for the tuple: monotonic across its incarnations (RFC 7323 section 5.4).
    std::uint32_t timestamp_offset(four_tuple const& t) const;

  private:
    secret_key secret_;
};

/// The bytes of a tuple in a fixed layout, for hashing.
std::array<std::byte, 38> tuple_bytes(four_tuple const& t);

}  // namespace cardea::stack::tcp
