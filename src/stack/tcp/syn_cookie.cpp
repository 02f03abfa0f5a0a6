// Layout of a cookie: [8 bits: period] [3 bits: MSS class] [21 bits: keyed hash of tuple, client ISN, period and
// class], the whole masked by another keyed hash of tuple and client ISN. Of the timestamp: 4 bits of window shift (15:
// none), 1 of SACK, 1 of ECN.
#include "stack/tcp/syn_cookie.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace cardea::stack::tcp {
namespace {

constexpr std::array<std::uint16_t, 8> mss_classes{216, 536, 1024, 1220, 1360, 1440, 1460, 8960};
constexpr std::uint32_t hash_bits = 21;
constexpr std::uint32_t hash_mask = (1U << hash_bits) - 1;
constexpr std::uint64_t mask_salt = ~std::uint64_t{0};  // no period and class together give this
constexpr std::uint32_t no_shift = 15;
constexpr std::uint32_t sack_bit = 1U << 4;
constexpr std::uint32_t ecn_bit = 1U << 5;
constexpr std::uint32_t option_mask = (1U << syn_cookies::option_bits) - 1;

std::uint32_t period_number(time_ns now) { return static_cast<std::uint32_t>(now / syn_cookies::period); }

/// The largest class that is not above the MSS announced.
std::uint32_t mss_class(segment const& syn) {
    std::uint16_t const mss = syn.options.mss.value_or(536);
    std::uint32_t best = 0;
    for (std::uint32_t i = 0; i < mss_classes.size(); ++i)
        if (mss_classes[i] <= mss) best = i;
    return best;
}

}  // namespace

std::uint32_t syn_cookies::hash(four_tuple const& t, sequence client_isn, std::uint64_t salt) const {
    std::array<std::byte, 50> in{};
    auto const bytes = tuple_bytes(t);
    std::size_t at = bytes.size();
    std::copy(bytes.begin(), bytes.end(), in.begin());
    for (int i = 0; i < 4; ++i) in[at++] = static_cast<std::byte>(client_isn.value >> (8 * i) & 0xff);
    for (int i = 0; i < 8; ++i) in[at++] = static_cast<std::byte>(salt >> (8 * i) & 0xff);
    return static_cast<std::uint32_t>(siphash(secret_, in));
}

std::uint32_t syn_cookies::plain(four_tuple const& t, sequence client_isn, std::uint32_t count,
                                 std::uint32_t index) const {
    std::uint64_t const salt = std::uint64_t{count} << 8 | index;
    return (count & 0xff) << 24 | index << hash_bits | (hash(t, client_isn, salt) & hash_mask);
}

sequence syn_cookies::make(four_tuple const& t, segment const& syn, time_ns now) const {
    std::uint32_t const mask = hash(t, syn.seq, mask_salt);
    return sequence{plain(t, syn.seq, period_number(now), mss_class(syn)) + mask};
}

std::optional<std::uint16_t> syn_cookies::redeem(four_tuple const& t, segment const& ack, time_ns now) const {
    sequence const client_isn = ack.seq - 1;
    std::uint32_t const cookie = ack.ack.value - 1 - hash(t, client_isn, mask_salt);
    std::uint32_t const current = period_number(now);
    std::uint32_t const age = (current - (cookie >> 24)) & 0xff;
    std::uint32_t const index = cookie >> hash_bits & 7;
    if (age > 1 || plain(t, client_isn, current - age, index) != cookie) return {};
    return mss_classes[index];
}

std::uint32_t syn_cookies::encode_options(std::uint32_t timestamp, segment const& syn) {
    std::uint32_t bits = syn.options.window_shift ? std::min<std::uint32_t>(*syn.options.window_shift, 14) : no_shift;
    if (syn.options.sack_permitted) bits |= sack_bit;
    if (syn.has(flag::ece) && syn.has(flag::cwr)) bits |= ecn_bit;
    std::uint32_t const stamped = (timestamp & ~option_mask) | bits;
    return timestamp_before(timestamp, stamped) ? stamped - (option_mask + 1) : stamped;
}

void syn_cookies::decode_options(std::uint32_t echo, segment& syn) {
    std::uint32_t const bits = echo & option_mask;
    if ((bits & 15) != no_shift) syn.options.window_shift = static_cast<std::uint8_t>(bits & 15);
    syn.options.sack_permitted = (bits & sack_bit) != 0;
    if ((bits & ecn_bit) != 0) syn.flags |= flag::ece | flag::cwr;
}

}  // namespace cardea::stack::tcp
