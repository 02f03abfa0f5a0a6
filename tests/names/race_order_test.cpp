// In which order addresses are tried, and when each attempt begins (RFC 8305 sections 4 and 5).
#include <gtest/gtest.h>

#include <chrono>

#include "names/race.hpp"

namespace cardea::detail {
namespace {

endpoint v4(std::uint8_t number) { return endpoint::inet({192, 0, 2, number}, 80); }
endpoint v6(std::uint8_t number) {
    return endpoint::inet6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number}, 80);
}
using list = std::vector<endpoint>;

TEST(interleaved, takes_the_families_by_turns) {
    EXPECT_EQ(interleaved({v6(1), v6(2), v6(3), v4(1), v4(2)}), (list{v6(1), v4(1), v6(2), v4(2), v6(3)}));
}

TEST(interleaved, begins_with_the_family_of_the_first_and_keeps_the_order_within_one) {
    EXPECT_EQ(interleaved({v4(9), v6(7), v4(3), v4(5), v6(1)}), (list{v4(9), v6(7), v4(3), v6(1), v4(5)}));
}

TEST(interleaved, one_family_or_none_stays_as_it_is) {
    EXPECT_EQ(interleaved({v4(3), v4(1)}), (list{v4(3), v4(1)}));
    EXPECT_EQ(interleaved({}), list{});
}

TEST(interleaved, begins_with_the_family_that_is_asked_for) {
    EXPECT_EQ(interleaved({v4(1), v4(2), v6(1)}, family::inet6), (list{v6(1), v4(1), v4(2)}));
    EXPECT_EQ(interleaved({v4(1), v4(2)}, family::inet6), (list{v4(1), v4(2)}));
    EXPECT_EQ(interleaved({}, family::inet), list{});
}

TEST(race, the_first_begins_at_once_and_each_other_after_the_delay) {
    race r(3, 250);
    EXPECT_LE(r.next_start(), 1000);
    EXPECT_EQ(r.begin(1000), 0U);
    EXPECT_EQ(r.next_start(), 1250);
    EXPECT_EQ(r.begin(1251), 1U);
    EXPECT_EQ(r.next_start(), 1501);
    EXPECT_EQ(r.begin(1501), 2U);
    EXPECT_EQ(r.next_start(), race::never);
    EXPECT_EQ(r.begun(), 3U);
    EXPECT_FALSE(r.lost());
}

TEST(race, a_failure_lets_the_next_begin_early) {
    race r(3, 250);
    r.begin(1000);
    r.failed();
    EXPECT_LE(r.next_start(), 1001);
    r.begin(1001);
    EXPECT_EQ(r.next_start(), 1251);
}

TEST(race, is_lost_when_every_attempt_has_failed) {
    race r(2, 250);
    r.begin(0);
    r.failed();
    EXPECT_FALSE(r.lost());
    r.begin(0);
    EXPECT_FALSE(r.lost());
    r.failed();
    EXPECT_TRUE(r.lost());
    EXPECT_EQ(r.next_start(), race::never);
}

TEST(race, what_is_found_meanwhile_begins_in_its_time) {
    race r(1, 250);
    r.begin(1000);
    EXPECT_EQ(r.next_start(), race::never);
    r.add(2);
    EXPECT_EQ(r.next_start(), 1250);
    EXPECT_EQ(r.begin(1250), 1U);
    r.failed();
    r.failed();
    EXPECT_FALSE(r.lost());
    EXPECT_LE(r.next_start(), 1260);
    r.begin(1260);
    r.failed();
    EXPECT_TRUE(r.lost());
    r.add(1);
    EXPECT_FALSE(r.lost());
    EXPECT_LE(r.next_start(), 9000);
}

TEST(race, a_delay_without_end_never_comes) {
    race r(2, race::never);
    r.begin(5);
    EXPECT_EQ(r.next_start(), race::never);
}

}  // namespace
}  // namespace cardea::detail
