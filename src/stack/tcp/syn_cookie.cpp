// Layout of a cookie: [8 bits: period] [24 bits: keyed hash of tuple and period, plus the MSS class], the whole masked
// by a keyed hash of the tuple and moved by the client's ISN. Of the timestamp: 4 bits of window shift (15: none), 1 of
// SACK, 1 of ECN.
#include "stack/tcp/syn_cookie.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace cardea::stack::tcp {
namespace {

constexpr std::array<std::uint16_t, 8> mss_classes{216, 536, 1024, 1220, 1360, 1440, 1460, 8960};
constexpr std::uint32_t low_24 = 0xffffff;
constexpr std::uint32_t mask_salt = 0xffffffff;  // no period has this number for the next centuries
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

std::uint32_t syn_cookies::hash(four_tuple const& t, std::uint32_t salt) const {
    std::array<std::byte, 42> in{};
    auto const bytes = tuple_bytes(t);
    for (std::size_t i = 0; i < bytes.size(); ++i) in[i] = bytes[i];
    for (std::size_t i = 0; i < 4; ++i) in[bytes.size() + i] = static_cast<std::byte>(salt >> (8 * i) & 0xff);
    return static_cast<std::uint32_t>(siphash(secret_, in));
}

sequence syn_cookies::make(four_tuple const& t, segment const& syn, time_ns now) const {
    std::uint32_t const count = period_number(now);
    std::uint32_t const low = (hash(t, count) + mss_class(syn)) & low_24;
    return sequence{((count & 0xff) << 24 | low) + hash(t, mask_salt) + syn.seq.value};
}

std::optional<std::uint16_t> syn_cookies::redeem(four_tuple const& t, segment const& ack, time_ns now) const {
    std::uint32_t const client_isn = ack.seq.value - 1;
    std::uint32_t const plain = ack.ack.value - 1 - client_isn - hash(t, mask_salt);
    std::uint32_t const current = period_number(now);
    std::uint32_t const age = (current - (plain >> 24)) & 0xff;
    if (age > 1) return {};
    std::uint32_t const index = ((plain & low_24) - hash(t, current - age)) & low_24;
    if (index >= mss_classes.size()) return {};
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
