// The Internet checksum: summed eight bytes at a time in host order and swapped once (RFC 1071 section 2, byte order
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
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    auto const* p = run.data();
    std::size_t n = run.size();
    // Halves of each word go to separate accumulators: 2^32 words fit before either can overflow.
    for (; n >= 16; n -= 16, p += 16) {
        std::uint64_t words[2];
        std::memcpy(words, p, sizeof words);
        low += (words[0] & 0xffffffffU) + (words[1] & 0xffffffffU);
        high += (words[0] >> 32) + (words[1] >> 32);
    }
    std::uint64_t sum = std::uint64_t{fold(low)} + fold(high);
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
    add(std::as_bytes(std::span{from.bytes}.first(from.size())));
    add(std::as_bytes(std::span{to.bytes}.first(to.size())));
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
    put16(part, field, sum == 0 ? std::uint16_t{0xffff} : sum);  // zero would say: none (RFC 768)
}

}  // namespace cardea::stack::wire
