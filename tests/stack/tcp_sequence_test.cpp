// Arithmetic modulo 2^32 (RFC 9293 section 3.4).
#include "stack/tcp/sequence.hpp"

#include <gtest/gtest.h>

namespace cardea::stack::tcp {
namespace {

TEST(tcp_sequence, compares_across_the_wrap) {
    sequence const before{0xfffffff0}, after{0x10};
    EXPECT_LT(before, after);
    EXPECT_GT(after, before);
    EXPECT_LE(before, before);
    EXPECT_EQ(distance(before, after), 0x20U);
    EXPECT_EQ(before + 0x20, after);
    EXPECT_EQ(after - 0x20, before);
    EXPECT_EQ(later(before, after), after);
    EXPECT_EQ(earlier(before, after), before);
}

TEST(tcp_sequence, orders_everything_within_half_the_space) {
    for (std::uint32_t const start : {0U, 1U, 0x7fffffffU, 0x80000000U, 0xffffffffU})
        for (std::uint32_t const step : {1U, 2U, 1000U, 0x7fffffffU}) {
            EXPECT_LT(sequence{start}, sequence{start} + step);
            EXPECT_FALSE(sequence{start} + step < sequence{start});
        }
}

TEST(tcp_sequence, timestamps_compare_alike) {
    EXPECT_TRUE(timestamp_before(0xffffffff, 0));
    EXPECT_FALSE(timestamp_before(0, 0xffffffff));
    EXPECT_FALSE(timestamp_before(5, 5));
}

}  // namespace
}  // namespace cardea::stack::tcp
