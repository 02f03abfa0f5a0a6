// The Internet checksum: summed many bytes at a time in host order and swapped once (RFC 1071 section 2, byte order
// independence), since every payload byte passes here when no device offers offload.
#include "stack/wire/checksum.hpp"

#include <bit>
#include <cstring>

#include "stack/wire/bytes.hpp"

namespace cardea::stack::wire {

namespace {

std::uint16_t fold(std::uint64_t sum) {
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

std::uint16_t swap(std::uint16_t v) { return static_cast<std::uint16_t>((v << 8) | (v >> 8)); }

/// The folded sum of a run that begins at an even position, in network order.
std::uint16_t sum_run(std::span<std::byte const> run) {
    auto const* p = run.data();
    std::size_t n = run.size();
    // Halves of each word go to separate accumulators: 2^32 words fit before one can overflow. Every machine that g++
    // and clang know has, or imitates, two words at once.
    using two_words = std::uint64_t __attribute__((vector_size(16)));
    constexpr two_words low_half{0xffffffffU, 0xffffffffU};
    two_words sums[4]{};
    for (; n >= 32; n -= 32, p += 32) {
        two_words w[2];
        std::memcpy(w, p, sizeof w);
        sums[0] += w[0] & low_half;
        sums[1] += w[0] >> 32;
        sums[2] += w[1] & low_half;
        sums[3] += w[1] >> 32;
    }
    std::uint64_t sum = 0;
    for (auto const& s : sums) sum += std::uint64_t{fold(s[0])} + fold(s[1]);
    for (; n >= 4; n -= 4, p += 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, p, sizeof word);
        sum += word;
    }
    for (; n >= 2; n -= 2, p += 2) {
        std::uint16_t word = 0;
        std::memcpy(&word, p, sizeof word);
        sum += word;
    }
    if (n == 1) {
        std::uint16_t word = 0;
        std::memcpy(&word, p, 1);
        sum += word;
    }
    auto const folded = fold(sum);
    return std::endian::native == std::endian::little ? swap(folded) : folded;
}

}  // namespace

checksum& checksum::add(std::span<std::byte const> run) {
    if (run.empty()) return *this;
    auto const sum = sum_run(run);
    sum_ += odd_ ? swap(sum) : sum;
    odd_ = odd_ != (run.size() % 2 != 0);
    return *this;
}

checksum& checksum::add16(std::uint16_t value) {
    sum_ += value;
    return *this;
}

checksum& checksum::add_pseudo(ip_address const& from, ip_address const& to, std::uint8_t protocol,
                               std::uint32_t length) {
    if (from.is_v4() && to.is_v4()) {
        for (auto const v : {from.v4_value(), to.v4_value()}) sum_ += (v >> 16) + (v & 0xffff);
    } else {
        add(std::as_bytes(std::span{from.bytes}.first(from.size())));
        add(std::as_bytes(std::span{to.bytes}.first(to.size())));
    }
    sum_ += protocol;
    sum_ += (length >> 16) + (length & 0xffff);
    return *this;
}

std::uint16_t checksum::partial() const { return fold(sum_); }

std::uint16_t internet_checksum(std::span<std::byte const> run) { return checksum{}.add(run).finish(); }

void complete_checksum(std::span<std::byte> part, bytes_view whole, packet_meta const& meta) {
    std::size_t const field = std::size_t{meta.checksum_start} + meta.checksum_offset;
    if (!meta.checksum_partial || field + 2 > part.size()) return;
    auto const sum = internet_checksum(whole.subspan(meta.checksum_start));
    bool const udp = meta.checksum_offset == 6;  // where zero would say: none (RFC 768)
    put16(part, field, udp && sum == 0 ? std::uint16_t{0xffff} : sum);
}

}  // namespace cardea::stack::wire
