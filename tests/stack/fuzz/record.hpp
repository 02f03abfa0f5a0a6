// The input of connection_fuzz: a row of 16-byte records, the first of which sets up the world. Numbers are relative to
// where the connection stands, so that most mutations stay interesting; the mutator works on records and their fields.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace cardea::stack::test {

struct record {
    static constexpr std::size_t size = 16;

    std::uint8_t op = 0;
    std::uint8_t flags = 0;    ///< of a segment; what exactly, for other operations
    std::uint8_t bases = 0;    ///< bits 0-1: what seq is relative to, 2-3: what ack is, 4-7: the kind of options
    std::uint8_t mode = 0;     ///< see the bits below
    std::int16_t seq = 0;      ///< relative
    std::int16_t ack = 0;      ///< relative
    std::uint16_t length = 0;  ///< of payload, or an amount
    std::uint16_t window = 0;
    std::int16_t stamp = 0;   ///< relative: a timestamp, or the left edge of a SACK block
    std::uint16_t extra = 0;  ///< urgent pointer, length of a SACK block, milliseconds

    static constexpr std::uint8_t other_slot = 1;  ///< the connection that the host opened itself
    static constexpr std::uint8_t poison = 2;      ///< payload that contradicts the stream
    static constexpr std::uint8_t coalesced = 4;   ///< as a device that glues segments delivers it
    static constexpr std::uint8_t spoiled = 8;     ///< wrong checksum
    static constexpr unsigned ecn_shift = 4;       ///< two bits
    static constexpr std::uint8_t urgent = 64;
};
static_assert(sizeof(record) == record::size);

inline record read_record(std::uint8_t const* at) {
    record r;
    std::memcpy(&r, at, sizeof r);
    return r;
}

}  // namespace cardea::stack::test
