// channel: order, bounds, closing.
#include <gtest/gtest.h>

#include <atomic>
#include <cardea/cardea.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "places.hpp"

namespace {

using namespace std::chrono_literals;

class channel_test : public fiber_test::in_place {};

TEST_P(channel_test, what_goes_in_comes_out_in_order) {
    here([] {
        cardea::channel<int> through(3);
        std::vector<int> got;
        cardea::scope both;
        both.spawn([&] {
            for (int i = 0; i < 100; ++i) EXPECT_TRUE(through.push(i));
            through.close();
        });
        both.spawn([&] {
            while (auto value = through.pop()) got.push_back(*value);
        });
        both.join();
        ASSERT_EQ(got.size(), 100U);
        for (int i = 0; i < 100; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
    });
}

TEST_P(channel_test, push_waits_while_it_is_full) {
    here([] {
        cardea::channel<int> narrow(2);
        narrow.push(1);
        narrow.push(2);
        {
            const cardea::deadline soon{1ms};
            EXPECT_THROW(narrow.push(3), cardea::error);
        }
        EXPECT_EQ(narrow.size(), 2U);
        EXPECT_EQ(narrow.pop(), 1);
        EXPECT_TRUE(narrow.push(3));
        EXPECT_EQ(narrow.pop(), 2);
        EXPECT_EQ(narrow.pop(), 3);
    });
}

TEST_P(channel_test, a_capacity_of_nothing_is_one) {
    here([] {
        cardea::channel<int> c(0);
        EXPECT_TRUE(c.push(1));
        EXPECT_EQ(c.pop(), 1);
    });
}

TEST_P(channel_test, values_that_can_only_be_moved) {
    here([] {
        cardea::channel<std::unique_ptr<int>> c(1);
        c.push(std::make_unique<int>(5));
        EXPECT_EQ(**c.pop(), 5);
    });
}

TEST_P(channel_test, a_value_that_was_not_put_in_is_still_its_owners) {
    here([] {
        cardea::channel<std::unique_ptr<int>> c(1);
        auto first = std::make_unique<int>(1);
        auto second = std::make_unique<int>(2);
        EXPECT_TRUE(c.push_from(first));
        EXPECT_EQ(first, nullptr);
        {
            const cardea::deadline soon{1ms};
            EXPECT_THROW(c.push_from(second), cardea::error);
        }
        ASSERT_NE(second, nullptr);
        c.close();
        EXPECT_FALSE(c.push_from(second));
        ASSERT_NE(second, nullptr);
        EXPECT_EQ(*second, 2);
    });
}

TEST_P(channel_test, close_wakes_those_who_wait_and_leaves_what_is_inside) {
    here([] {
        cardea::channel<int> full(1);
        cardea::channel<int> empty(1);
        full.push(1);
        std::atomic<int> refused{0};
        std::atomic<int> ended{0};
        cardea::scope all;
        for (int i = 0; i < 3; ++i) {
            all.spawn([&] { refused += full.push(2) ? 0 : 1; });
            all.spawn([&] { ended += empty.pop() ? 0 : 1; });
        }
        cardea::yield();
        full.close();
        empty.close();
        all.join();
        EXPECT_EQ(refused, 3);
        EXPECT_EQ(ended, 3);
        EXPECT_FALSE(full.push(3));
        EXPECT_EQ(full.pop(), 1);
        EXPECT_EQ(full.pop(), std::nullopt);
        full.close();
    });
}

FIBER_TEST_EVERYWHERE(channel_test);

}  // namespace
