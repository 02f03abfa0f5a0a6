// The same seed gives the same run, packet for packet; another seed gives another.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "network/kernel_socket.hpp"
#include "two_hosts.hpp"

namespace cardea::sim::test {
namespace {

using namespace std::chrono_literals;

constexpr link_options lossy{.delay = 7ms, .loss = 0.03};

TEST(determinism, equal_seeds_give_equal_runs) {
    for (std::uint64_t s = 0; s < 10; ++s) {
        const exchange once = echo_over(lossy, 50'000, seed{s});
        const exchange again = echo_over(lossy, 50'000, seed{s});
        EXPECT_EQ(once.what.digest, again.what.digest) << "seed " << s;
        EXPECT_EQ(once.what.elapsed, again.what.elapsed) << "seed " << s;
        EXPECT_EQ(once.what.packets_sent, again.what.packets_sent) << "seed " << s;
    }
}

TEST(determinism, other_seeds_give_other_runs) {
    std::set<std::uint64_t> digests;
    for (std::uint64_t s = 0; s < 10; ++s) digests.insert(echo_over(lossy, 50'000, seed{s}).what.digest);
    EXPECT_EQ(digests.size(), 10U);
}

TEST(determinism, random_numbers_are_the_worlds) {
    const auto drawn = [](std::uint64_t s) {
        world w(seed{s});
        std::uint64_t number = 0;
        w.host("one").run([&] { number = this_network().random(); });
        w.run();
        return number;
    };
    EXPECT_EQ(drawn(1), drawn(1));
    EXPECT_NE(drawn(1), drawn(2));
}

TEST(determinism, sleepers_wake_in_the_order_of_their_times_to_the_nanosecond) {
    world w;
    std::vector<int> woken;
    std::vector<std::int64_t> at_ns;
    w.host("one").run([&] {
        scope sleepers;
        for (int i = 0; i < 100; ++i) {
            sleepers.spawn([&, i] {
                cardea::sleep(1s - std::chrono::nanoseconds(i));
                woken.push_back(i);
                at_ns.push_back(this_network().now_ns());
            });
        }
        sleepers.join();
    });
    w.run();
    ASSERT_EQ(woken.size(), 100U);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(woken[static_cast<std::size_t>(i)], 99 - i);
        EXPECT_EQ(at_ns[static_cast<std::size_t>(i)], 1'000'000'000 - 99 + i);
    }
}

TEST(determinism, sleepers_of_one_time_wake_in_the_order_in_which_they_fell_asleep) {
    world w;
    std::vector<int> woken;
    w.host("one").run([&] {
        scope sleepers;
        for (int i = 0; i < 100; ++i) {
            sleepers.spawn([&, i] {
                cardea::sleep(1s);
                woken.push_back(i);
            });
        }
        sleepers.join();
    });
    w.run();
    EXPECT_TRUE(std::is_sorted(woken.begin(), woken.end()));
    EXPECT_EQ(woken.size(), 100U);
}

TEST(determinism, the_machines_clock_and_randomness_end_the_program) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto run = [](void (*program)()) {
        world w;
        w.host("one").run(program);
        w.run();
    };
    EXPECT_DEATH(run([] { cardea::detail::monotonic_ns(); }), "the machine's clock was asked for inside a simulated");
    EXPECT_DEATH(run([] { cardea::detail::realtime_ns(); }), "the machine's clock was asked for inside a simulated");
    EXPECT_DEATH(run([] { cardea::detail::kernel_random(); }), "the machine's randomness was asked for inside");
}

TEST(determinism, outside_of_a_run_the_machine_tells_the_time) {
    world w;
    w.host("one").run([] {});
    w.run();
    EXPECT_GT(cardea::detail::monotonic_ns(), 0);
}

}  // namespace
}  // namespace cardea::sim::test
