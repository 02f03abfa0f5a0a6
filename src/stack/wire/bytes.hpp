// Big-endian reads and writes at an offset. The caller has checked the bounds; debug builds assert them.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cardea::stack::wire {

inline std::uint8_t get8(std::span<std::byte const> b, std::size_t at) {
    assert(at < b.size());
    return std::to_integer<std::uint8_t>(b[at]);
}
inline std::uint16_t get16(std::span<std::byte const> b, std::size_t at) {
    assert(at + 2 <= b.size());
    return static_cast<std::uint16_t>((std::to_integer<unsigned>(b[at]) << 8) | std::to_integer<unsigned>(b[at + 1]));
}
inline std::uint32_t get32(std::span<std::byte const> b, std::size_t at) {
    return (std::uint32_t{get16(b, at)} << 16) | get16(b, at + 2);
}
inline void put8(std::span<std::byte> b, std::size_t at, std::uint8_t v) {
    assert(at < b.size());
    b[at] = std::byte{v};
}
inline void put16(std::span<std::byte> b, std::size_t at, std::uint16_t v) {
    assert(at + 2 <= b.size());
    b[at] = static_cast<std::byte>(v >> 8);
    b[at + 1] = static_cast<std::byte>(v & 0xff);
}
inline void put32(std::span<std::byte> b, std::size_t at, std::uint32_t v) {
    put16(b, at, static_cast<std::uint16_t>(v >> 16));
    put16(b, at + 2, static_cast<std::uint16_t>(v & 0xffff));
}

}  // namespace cardea::stack::wire
