// Writing TCP headers. Options are laid out as most stacks do, each on a word boundary with NOPs before it (RFC 7323
// appendix A), so that a receiver's fast path finds them.
#include <algorithm>
#include <cassert>

#include "stack/tcp/option_kind.hpp"
#include "stack/tcp/segment.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/checksum.hpp"

namespace cardea::stack::tcp {
namespace {

constexpr std::size_t max_option_bytes = max_header_bytes - min_header_bytes;

/// Option bytes but for SACK blocks. Each is a multiple of four.
std::size_t plain_option_size(segment const& s) {
    std::size_t n = 0;
    if (s.options.mss) n += 4;
    if (s.options.window_shift) n += 4;
    if (s.options.has_timestamps) n += 12;
    if (s.options.sack_permitted && !s.options.has_timestamps) n += 4;
    return n;
}

std::size_t sack_blocks_that_fit(segment const& s) {
    std::size_t const used = plain_option_size(s) + 4;
    if (s.options.sack_count == 0 || used + 8 > max_option_bytes) return 0;
    return std::min<std::size_t>(s.options.sack_count, (max_option_bytes - used) / 8);
}

void put_timestamps(std::span<std::byte> out, std::size_t at, segment_options const& o) {
    wire::put8(out, at, option::timestamps);
    wire::put8(out, at + 1, 10);
    wire::put32(out, at + 2, o.ts_value);
    wire::put32(out, at + 6, o.ts_echo);
}

std::size_t put_options(segment const& s, std::span<std::byte> out, std::size_t at) {
    segment_options const& o = s.options;
    auto put2 = [&](std::uint8_t a, std::uint8_t b) {
        wire::put8(out, at, a);
        wire::put8(out, at + 1, b);
        at += 2;
    };
    if (o.mss) {
        put2(option::mss, 4);
        wire::put16(out, at, *o.mss);
        at += 2;
    }
    if (o.sack_permitted) {
        if (!o.has_timestamps) put2(option::nop, option::nop);
        put2(option::sack_permitted, 2);
    } else if (o.has_timestamps) {
        put2(option::nop, option::nop);
    }
    if (o.has_timestamps) {
        put_timestamps(out, at, o);
        at += 10;
    }
    if (o.window_shift) {
        put2(option::nop, option::window_scale);
        put2(3, *o.window_shift);
    }
    if (std::size_t const blocks = sack_blocks_that_fit(s); blocks != 0) {
        put2(option::nop, option::nop);
        put2(option::sack, static_cast<std::uint8_t>(2 + 8 * blocks));
        for (std::size_t i = 0; i < blocks; ++i, at += 8) {
            wire::put32(out, at, o.sack[i].left.value);
            wire::put32(out, at + 4, o.sack[i].right.value);
        }
    }
    return at;
}

}  // namespace

std::size_t header_size(segment const& s) {
    std::size_t const blocks = sack_blocks_that_fit(s);
    return min_header_bytes + plain_option_size(s) + (blocks != 0 ? 4 + 8 * blocks : 0);
}

std::size_t emit(segment const& s, ip_address const& from, ip_address const& to, checksum_mode mode,
                 std::span<std::byte> out) {
    assert(out.size() >= header_size(s));
    wire::put16(out, 0, s.source_port);
    wire::put16(out, 2, s.destination_port);
    wire::put32(out, 4, s.seq.value);
    wire::put32(out, 8, s.ack.value);
    wire::put8(out, 13, s.flags);
    wire::put16(out, 14, s.window);
    wire::put16(out, 16, 0);
    wire::put16(out, 18, s.urgent);
    std::size_t const header = put_options(s, out, min_header_bytes);
    wire::put8(out, 12, static_cast<std::uint8_t>(header / 4 << 4));

    wire::checksum sum;
    sum.add_pseudo(from, to, protocol_number, static_cast<std::uint32_t>(header + s.payload.size()));
    if (mode == checksum_mode::partial) {
        wire::put16(out, 16, sum.partial());
    } else {
        sum.add(out.first(header)).add(s.payload.first).add(s.payload.second);
        wire::put16(out, 16, sum.finish());
    }
    return header;
}

}  // namespace cardea::stack::tcp
