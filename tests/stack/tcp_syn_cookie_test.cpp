// SYN cookies by themselves (RFC 4987 section 3.6): how long they are good, and what of the options comes back.
#include "stack/tcp/syn_cookie.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace cardea::stack::tcp::test {
namespace {

constexpr secret_key secret{1, 2};

four_tuple client() { return {{ip_address::v4(192, 0, 2, 1), 80}, {ip_address::v4(192, 0, 2, 2), 40'000}}; }

segment syn(std::uint16_t mss = 1460) {
    segment s;
    s.seq = sequence{12'345};
    s.flags = flag::syn;
    s.options.mss = mss;
    return s;
}

segment ack_of(sequence cookie) {
    segment s;
    s.seq = syn().seq + 1;
    s.ack = cookie + 1;
    s.flags = flag::ack;
    return s;
}

TEST(tcp_syn_cookie, is_good_in_its_period_and_in_the_next) {
    syn_cookies const cookies{secret};
    time_ns const made = 10 * syn_cookies::period + syn_cookies::period / 2;
    auto const cookie = cookies.make(client(), syn(), made);
    EXPECT_TRUE(cookies.redeem(client(), ack_of(cookie), made));
    EXPECT_TRUE(cookies.redeem(client(), ack_of(cookie), 12 * syn_cookies::period - 1));
    EXPECT_FALSE(cookies.redeem(client(), ack_of(cookie), 12 * syn_cookies::period));
    EXPECT_FALSE(cookies.redeem(client(), ack_of(cookie), 10 * syn_cookies::period - 1));
}

TEST(tcp_syn_cookie, brings_back_the_largest_class_that_the_size_reaches) {
    syn_cookies const cookies{secret};
    auto const back = [&](std::uint16_t mss) {
        return cookies.redeem(client(), ack_of(cookies.make(client(), syn(mss), 0)), 0);
    };
    EXPECT_EQ(back(1460), 1460);
    EXPECT_EQ(back(1459), 1440);
    EXPECT_EQ(back(536), 536);
    EXPECT_EQ(back(65'495), 8960);
    EXPECT_EQ(back(100), 216);
}

TEST(tcp_syn_cookie, timestamp_holds_the_options_and_is_not_later_than_the_clock) {
    for (int shift = -1; shift <= 15; ++shift) {
        for (unsigned others = 0; others < 4; ++others) {
            segment asked = syn();
            if (shift >= 0) asked.options.window_shift = static_cast<std::uint8_t>(shift);
            asked.options.sack_permitted = (others & 1U) != 0;
            if ((others & 2U) != 0) asked.flags |= flag::ece | flag::cwr;
            for (std::uint32_t clock : {0x12345640U, 0x1234567fU, 0U, 0xffffffffU}) {
                std::uint32_t const stamp = syn_cookies::encode_options(clock, asked);
                EXPECT_FALSE(timestamp_before(clock, stamp));
                EXPECT_LT(clock - stamp, 64U);
                segment back = syn();
                syn_cookies::decode_options(stamp, back);
                if (shift < 0) {
                    EXPECT_FALSE(back.options.window_shift);
                } else {
                    EXPECT_EQ(back.options.window_shift, std::min(shift, 14));  // what RFC 7323 section 2.3 makes of 15
                }
                EXPECT_EQ(back.options.sack_permitted, asked.options.sack_permitted);
                EXPECT_EQ(back.flags, asked.flags);
            }
        }
    }
}

}  // namespace
}  // namespace cardea::stack::tcp::test
