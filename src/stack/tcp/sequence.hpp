// Sequence numbers (RFC 9293 section 3.4): arithmetic modulo 2^32 in a type of its own, so that an ordinary comparison
// cannot slip in. All arithmetic is unsigned; the signed distance relies on C++20's two's complement conversion.
#pragma once

#include <cstdint>

namespace cardea::stack::tcp {

struct sequence {
    std::uint32_t value = 0;

    constexpr sequence() = default;
    constexpr explicit sequence(std::uint32_t v) : value{v} {}

    constexpr sequence& operator+=(std::uint32_t n) {
        value += n;
        return *this;
    }
    friend constexpr sequence operator+(sequence a, std::uint32_t n) { return sequence{a.value + n}; }
    friend constexpr sequence operator-(sequence a, std::uint32_t n) { return sequence{a.value - n}; }

    friend constexpr bool operator==(sequence a, sequence b) { return a.value == b.value; }
    friend constexpr bool operator!=(sequence a, sequence b) { return a.value != b.value; }
    friend constexpr bool operator<(sequence a, sequence b) { return static_cast<std::int32_t>(a.value - b.value) < 0; }
    friend constexpr bool operator>(sequence a, sequence b) { return b < a; }
    friend constexpr bool operator<=(sequence a, sequence b) { return !(b < a); }
    friend constexpr bool operator>=(sequence a, sequence b) { return !(a < b); }
};

/// Bytes from `from` up to `to`; meaningful when from <= to.
constexpr std::uint32_t distance(sequence from, sequence to) { return to.value - from.value; }
constexpr sequence later(sequence a, sequence b) { return a < b ? b : a; }
constexpr sequence earlier(sequence a, sequence b) { return a < b ? a : b; }

/// Timestamps (RFC 7323) compare as sequence numbers do.
constexpr bool timestamp_before(std::uint32_t a, std::uint32_t b) { return sequence{a} < sequence{b}; }

}  // namespace cardea::stack::tcp
