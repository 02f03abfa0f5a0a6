// The Internet checksum against a plain restatement of RFC 1071, over every way to cut a run in two.
#include <gtest/gtest.h>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

std::uint16_t by_the_book(bytes_view b) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < b.size(); i += 2) {
        auto const high = std::to_integer<std::uint32_t>(b[i]);
        auto const low = i + 1 < b.size() ? std::to_integer<std::uint32_t>(b[i + 1]) : 0U;
        sum += (high << 8) | low;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum & 0xffff);
}

TEST(checksum, the_example_of_rfc_1071_sums_to_ddf2) {
    auto const run = octets({0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7});
    EXPECT_EQ(wire::checksum{}.add(run).partial(), 0xddf2);
}

TEST(checksum, equals_the_plain_sum_for_every_length_and_cut) {
    auto const all = filler(67, 200);
    for (std::size_t n = 0; n <= all.size(); ++n) {
        auto const run = bytes_view{all}.first(n);
        ASSERT_EQ(wire::internet_checksum(run), by_the_book(run)) << n;
        for (std::size_t cut = 0; cut <= n; ++cut)
            ASSERT_EQ(wire::checksum{}.add(run.first(cut)).add(run.subspan(cut)).finish(), by_the_book(run))
                << n << " cut at " << cut;
    }
}

TEST(checksum, does_not_overflow_on_the_largest_packet_of_ones) {
    raw const ones(65'535, std::byte{0xff});
    EXPECT_EQ(wire::internet_checksum(ones), by_the_book(ones));
}

TEST(checksum, the_pseudo_header_holds_addresses_protocol_and_length) {
    auto const book = joined(octets({192, 0, 2, 1, 192, 0, 2, 9, 0, 17, 0x01, 0x02}), {});
    EXPECT_EQ(wire::checksum{}.add_pseudo(ip(self4), ip(peer4), 17, 0x0102).finish(), by_the_book(book));
}

TEST(checksum, completed_to_zero_is_written_as_ones_for_udp_alone) {
    for (auto const& [offset, written] : {std::pair{6, 0xff}, std::pair{16, 0x00}}) {
        raw whole(20, std::byte{0});
        whole[0] = whole[1] = std::byte{0xff};
        packet_meta meta;
        meta.checksum_partial = true;
        meta.checksum_offset = static_cast<std::uint16_t>(offset);
        wire::complete_checksum(whole, raw(whole), meta);
        EXPECT_EQ(whole[static_cast<std::size_t>(offset)], std::byte(written));
    }
}

}  // namespace
}  // namespace cardea::stack
