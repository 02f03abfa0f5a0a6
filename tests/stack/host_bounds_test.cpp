// The small parts that bounds are made of: memory budgets, token buckets, queues of packets, and what is known of
// paths.
#include <gtest/gtest.h>

#include <vector>

#include "host_pair.hpp"
#include "stack/ip/path_mtu.hpp"
#include "stack/ip/rate_limit.hpp"
#include "stack/memory_budget.hpp"
#include "stack/packet_queue.hpp"

namespace cardea::stack {
namespace {

using namespace test;

TEST(memory_budget, is_pressed_from_three_quarters_and_scarce_from_seven_eighths) {
    memory_budget b{800};
    memory_charge c{&b};
    c.set(599);
    EXPECT_FALSE(b.pressed());
    EXPECT_TRUE(c.may_become(600, memory_need::comfort));
    EXPECT_FALSE(c.may_become(601, memory_need::comfort));
    EXPECT_TRUE(c.may_become(800, memory_need::arrival));
    EXPECT_FALSE(c.may_become(801, memory_need::arrival));
    EXPECT_TRUE(c.may_become(10'000, memory_need::least));
    c.set(600);
    EXPECT_TRUE(b.pressed());
    EXPECT_FALSE(b.scarce());
    c.set(700);
    EXPECT_TRUE(b.scarce());
    c.set(0);
    EXPECT_EQ(b.used(), 0U);
}

TEST(token_bucket, holds_no_more_than_its_burst_and_fills_at_its_rate) {
    ip::token_bucket b{10, 3};
    auto const taken = [&b](time_ns now) {
        int n = 0;
        while (b.take(now)) ++n;
        return n;
    };
    EXPECT_EQ(taken(seconds(100)), 3);
    EXPECT_EQ(taken(seconds(100) + milliseconds(99)), 0);
    EXPECT_EQ(taken(seconds(100) + milliseconds(100)), 1);
    EXPECT_EQ(taken(seconds(100) + milliseconds(350)), 2);
    EXPECT_EQ(taken(seconds(100)), 0);  // time does not go back
    EXPECT_EQ(taken(seconds(500)), 3);
}

TEST(packet_queue, is_bounded_in_packets_and_in_bytes_but_for_one_packet) {
    packet_queue few{2, 1000}, small{100, 10};
    std::vector<std::byte> const six(6);
    packet_view const p{bytes_view{six}};
    EXPECT_TRUE(few.push(p) && few.push(p));
    EXPECT_FALSE(few.push(p));
    EXPECT_TRUE(small.push(p) && small.push(p));
    EXPECT_FALSE(small.push(p));
    small.pop();
    EXPECT_TRUE(small.push(p));
    small.take();
    EXPECT_TRUE(small.push(p));
    EXPECT_TRUE(small.full());
}

class path_mtus : public ::testing::Test {
  protected:
    path_mtus() { config.path_mtu_entries = 2; }
    std::uint32_t known(std::string_view to) const { return cache.find(test::ip(to), now).mtu; }
    host_config config;
    ip::path_mtu_cache cache{config};
    time_ns now = seconds(1);
};

TEST_F(path_mtus, the_oldest_gives_way) {
    for (auto const* to : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) {
        EXPECT_EQ(cache.learn(test::ip(to), 1000, 1500, now).mtu, 1000U);
        now += seconds(1);
    }
    EXPECT_EQ(cache.size(), 2U);
    EXPECT_EQ(known("192.0.2.1"), 0U);
    EXPECT_EQ(known("192.0.2.2"), 1000U);
    EXPECT_EQ(known("192.0.2.3"), 1000U);
    cache.learn(test::ip("192.0.2.2"), 900, 1000, now);  // what is known already takes no room
    EXPECT_EQ(known("192.0.2.3"), 1000U);
}

TEST_F(path_mtus, routers_that_do_not_say_lead_down_step_by_step) {
    // RFC 1191 section 7. What was tried is what a stranger quotes: beyond what we believe in it counts for nothing.
    EXPECT_EQ(cache.learn(test::ip("192.0.2.1"), 0, 65'535, now).mtu, 1492U);
    EXPECT_EQ(cache.learn(test::ip("192.0.2.1"), 0, 1492, now).mtu, 1006U);
    EXPECT_EQ(cache.learn(test::ip("192.0.2.1"), 0, 1006, now).mtu, 552U);
    EXPECT_TRUE(cache.find(test::ip("192.0.2.1"), now).may_fragment);
}

TEST_F(path_mtus, what_no_path_can_be_is_not_believed) {
    EXPECT_EQ(cache.learn(test::ip("192.0.2.1"), 67, 1500, now).mtu, 0U);
    EXPECT_EQ(cache.learn(test::ip("2001:db8::1"), 1279, 1500, now).mtu, 0U);
    EXPECT_EQ(cache.learn(test::ip("192.0.2.1"), 1500, 1500, now).mtu, 0U);
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(cache.learn(test::ip("2001:db8::1"), 1280, 1500, now).mtu, 1280U);
}

}  // namespace
}  // namespace cardea::stack
