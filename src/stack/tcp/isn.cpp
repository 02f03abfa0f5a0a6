// SipHash-2-4 and what is made with it.
#include "stack/tcp/isn.hpp"

#include <algorithm>
#include <bit>

namespace cardea::stack::tcp {
namespace {

struct sip_state {
    std::uint64_t v0, v1, v2, v3;

    void round() {
        v0 += v1;
        v1 = std::rotl(v1, 13) ^ v0;
        v0 = std::rotl(v0, 32);
        v2 += v3;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 += v3;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 += v1;
        v1 = std::rotl(v1, 17) ^ v2;
        v2 = std::rotl(v2, 32);
    }
    void absorb(std::uint64_t word) {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }
};

std::uint64_t little_endian(std::span<std::byte const> b) {
    std::uint64_t w = 0;
    for (std::size_t i = 0; i < b.size(); ++i) w |= std::to_integer<std::uint64_t>(b[i]) << (8 * i);
    return w;
}

std::size_t put_endpoint(std::span<std::byte> out, std::size_t at, endpoint const& e) {
    out[at++] = static_cast<std::byte>(e.address.version);
    for (std::uint8_t b : e.address.bytes) out[at++] = std::byte{b};
    out[at++] = static_cast<std::byte>(e.port >> 8);
    out[at++] = static_cast<std::byte>(e.port & 0xff);
    return at;
}

constexpr std::uint64_t timestamp_label = 0x74696d657374616d;  // keeps the two uses of one secret apart

}  // namespace

std::uint64_t siphash(secret_key const& key, std::span<std::byte const> data) {
    sip_state s{key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU, key[0] ^ 0x6c7967656e657261U,
                key[1] ^ 0x7465646279746573U};
    std::uint64_t const length = std::uint64_t{data.size() & 0xff} << 56;
    for (; data.size() >= 8; data = data.subspan(8)) s.absorb(little_endian(data.first(8)));
    s.absorb(length | little_endian(data));
    s.v2 ^= 0xff;
    for (int i = 0; i < 4; ++i) s.round();
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

std::array<std::byte, 38> tuple_bytes(four_tuple const& t) {
    std::array<std::byte, 38> out{};
    put_endpoint(out, put_endpoint(out, 0, t.local), t.remote);
    return out;
}

sequence isn_generator::initial_sequence(four_tuple const& t, time_ns now) const {
    auto const clock = static_cast<std::uint32_t>(static_cast<std::uint64_t>(now) / (4 * microseconds));
    return sequence{clock} + static_cast<std::uint32_t>(siphash(secret_, tuple_bytes(t)));
}

std::uint32_t isn_generator::timestamp_offset(four_tuple const& t) const {
    return static_cast<std::uint32_t>(siphash({secret_[0] ^ timestamp_label, secret_[1]}, tuple_bytes(t)));
}

}  // namespace cardea::stack::tcp
