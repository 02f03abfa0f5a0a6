// SYN cookies (RFC 4987 section 3.6): a pending handshake's state inside the initial sequence number, and the options
// that do not fit there in the low bits of our timestamp, as Linux does. Nothing is remembered of such a SYN.
#pragma once

#include <cstdint>
#include <optional>

#include "stack/tcp/config.hpp"
#include "stack/tcp/isn.hpp"
#include "stack/tcp/segment.hpp"
#include "stack/tcp/sequence.hpp"

namespace cardea::stack::tcp {

class syn_cookies {
  public:
    /// A cookie can be redeemed in the period it was made in and in the next.
    static constexpr time_ns period = 64 * seconds;
    static constexpr std::uint32_t option_bits = 6;

    explicit syn_cookies(secret_key const& secret) : secret_{secret} {}

    /// The initial sequence number that answers a SYN. Of the MSS only a class survives.
    sequence make(four_tuple const& t, segment const& syn, time_ns now) const;
    /// The MSS class of the SYN that `ack` (the handshake's last segment) completes, if its cookie is ours and fresh.
    std::optional<std::uint16_t> redeem(four_tuple const& t, segment const& ack, time_ns now) const;

    /// Our timestamp with the SYN's options in its low bits: not later than `timestamp`.
    static std::uint32_t encode_options(std::uint32_t timestamp, segment const& syn);
    /// Options from the timestamp that the peer echoes, put into `syn`.
    static void decode_options(std::uint32_t echo, segment& syn);

  private:
    std::uint32_t hash(four_tuple const& t, sequence client_isn, std::uint64_t salt) const;
    std::uint32_t plain(four_tuple const& t, sequence client_isn, std::uint32_t count, std::uint32_t index) const;
    secret_key secret_;
};

}  // namespace cardea::stack::tcp
