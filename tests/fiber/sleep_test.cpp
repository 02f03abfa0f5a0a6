// sleep: never too short, sleepers wake in the order of their times, and any number of them keep no thread.
#include <gtest/gtest.h>

#include <cardea/cardea.hpp>
#include <random>
#include <vector>

#include "places.hpp"
#include "sanitized.hpp"

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

class sleep_test : public fiber_test::in_place {};
class sleepers : public fiber_test::on_loop {};

TEST_P(sleep_test, is_never_too_short) {
    here([] {
        for (const auto span : {1ns, 1000ns, 65'536ns, 1'000'000ns, 5'000'000ns}) {
            const auto began = clock::now();
            cardea::sleep(span);
            EXPECT_GE(clock::now() - began, span);
        }
        cardea::sleep(0ns);
        cardea::sleep(-1s);
    });
}

FIBER_TEST_EVERYWHERE(sleep_test);

TEST_P(sleepers, wake_in_the_order_of_their_times) {
    here([] {
        std::vector<clock::time_point> order;
        cardea::scope all;
        for (const int ms : {9, 3, 7, 1, 5, 8, 2, 6, 4}) {
            all.spawn([&order, span = std::chrono::milliseconds(ms)] {
                const auto until = clock::now() + span;
                cardea::sleep(span);
                order.push_back(until);
            });
        }
        all.join();
        ASSERT_EQ(order.size(), 9U);
        // As near to each other as a tick of the wheel they may come in any order; a busy machine makes them come near.
        for (std::size_t i = 1; i < order.size(); ++i) EXPECT_LE(order[i - 1], order[i] + 500us) << i;
    });
}

TEST_P(sleepers, thousands_at_once) {
    here([] {
        constexpr int many = sanitized ? 1'000 : 10'000;
        std::mt19937 dice(1);
        std::uniform_int_distribution<int> up_to(0, 20'000);
        int ended = 0;
        cardea::scope all;
        for (int i = 0; i < many; ++i) {
            all.spawn({.stack_size = 32 * 1024}, [&ended, span = std::chrono::microseconds(up_to(dice))] {
                const auto began = clock::now();
                cardea::sleep(span);
                EXPECT_GE(clock::now() - began, span);
                ++ended;
            });
        }
        all.join();
        EXPECT_EQ(ended, many);
    });
}

TEST_P(sleepers, do_not_keep_others_from_running) {
    here([] {
        cardea::scope all;
        all.spawn([] { cardea::sleep(1h); });
        int turns = 0;
        for (; turns < 1000; ++turns) cardea::yield();
        EXPECT_EQ(turns, 1000);
        all.cancel();
        all.join();
    });
}

TEST_P(sleepers, a_loop_with_nothing_to_do_sleeps_in_the_kernel) {
    here([] {
        const auto before = cardea::this_loop_statistics().waits;
        cardea::sleep(20ms);
        EXPECT_LE(cardea::this_loop_statistics().waits - before, 12U) << "a wait for each level of the wheel at most";
    });
}

FIBER_TEST_ON_LOOPS(sleepers);

}  // namespace
