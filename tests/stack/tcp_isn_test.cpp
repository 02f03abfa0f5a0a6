// Initial sequence numbers (RFC 6528): a clock, plus what only the holder of the secret can compute.
#include "stack/tcp/isn.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cardea::stack::tcp {
namespace {

four_tuple tuple(std::uint16_t port) {
    return {{ip_address::v4(192, 0, 2, 1), port}, {ip_address::v4(192, 0, 2, 2), 80}};
}

TEST(tcp_isn, hash_is_siphash) {
    // The vectors of the algorithm's paper: key 00..0f, messages empty and 00..0e.
    secret_key const key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
    std::vector<std::byte> message;
    EXPECT_EQ(siphash(key, message), 0x726fdb47dd0e0e31U);
    for (int i = 0; i < 15; ++i) message.push_back(static_cast<std::byte>(i));
    EXPECT_EQ(siphash(key, message), 0xa129ca6149be45e5U);
}

TEST(tcp_isn, ticks_every_four_microseconds) {
    isn_generator const g{{1, 2}};
    sequence const start = g.initial_sequence(tuple(5), 1 * seconds);
    EXPECT_EQ(distance(start, g.initial_sequence(tuple(5), 1 * seconds + 4 * microseconds)), 1U);
    EXPECT_EQ(distance(start, g.initial_sequence(tuple(5), 2 * seconds)), 250'000U);
}

TEST(tcp_isn, differs_by_connection_and_by_secret) {
    isn_generator const g{{1, 2}}, other{{1, 3}};
    EXPECT_NE(g.initial_sequence(tuple(5), 0), g.initial_sequence(tuple(6), 0));
    EXPECT_NE(g.initial_sequence(tuple(5), 0), other.initial_sequence(tuple(5), 0));
    EXPECT_NE(g.timestamp_offset(tuple(5)), g.timestamp_offset(tuple(6)));
    four_tuple const back{tuple(5).remote, tuple(5).local};
    EXPECT_NE(g.initial_sequence(tuple(5), 0), g.initial_sequence(back, 0));
}

TEST(tcp_isn, is_the_same_for_the_same_inputs) {
    isn_generator const g{{1, 2}}, again{{1, 2}};
    EXPECT_EQ(g.initial_sequence(tuple(5), 77), again.initial_sequence(tuple(5), 77));
    EXPECT_EQ(g.timestamp_offset(tuple(5)), again.timestamp_offset(tuple(5)));
}

}  // namespace
}  // namespace cardea::stack::tcp
