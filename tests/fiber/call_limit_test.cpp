// call_limit: bounds each call by itself, not their sum.
#include <gtest/gtest.h>

#include <cardea/cardea.hpp>

#include "places.hpp"

namespace {

using namespace std::chrono_literals;

class call_limit_test : public fiber_test::in_place {};

std::error_code wait_for_nothing() {
    try {
        cardea::event().wait();
    } catch (const cardea::error& e) {
        return e.code();
    }
    return {};
}

TEST_P(call_limit_test, bounds_each_call_anew) {
    here([] {
        const cardea::call_limit each{3ms};
        for (int i = 0; i < 5; ++i) {
            const auto began = std::chrono::steady_clock::now();
            EXPECT_EQ(wait_for_nothing(), cardea::errc::timed_out);
            EXPECT_GE(std::chrono::steady_clock::now() - began, 3ms);
        }
    });
}

TEST_P(call_limit_test, counts_from_the_call_not_from_the_computation_before_it) {
    here([] {
        const cardea::call_limit each{5ms};
        for (const auto began = std::chrono::steady_clock::now(); std::chrono::steady_clock::now() - began < 10ms;) {
        }
        const auto began = std::chrono::steady_clock::now();
        EXPECT_EQ(wait_for_nothing(), cardea::errc::timed_out);
        EXPECT_GE(std::chrono::steady_clock::now() - began, 5ms);
    });
}

TEST_P(call_limit_test, nested_the_smaller_wins_and_ends_with_its_block) {
    here([] {
        const cardea::call_limit large{1h};
        {
            const cardea::call_limit small{1ms};
            const cardea::call_limit larger{2h};
            EXPECT_EQ(wait_for_nothing(), cardea::errc::timed_out);
        }
        cardea::sleep(2ms);
    });
}

TEST_P(call_limit_test, works_together_with_deadlines) {
    here([] {
        const cardea::deadline soon{1ms};
        const cardea::call_limit each{1h};
        EXPECT_EQ(wait_for_nothing(), cardea::errc::timed_out);
        EXPECT_TRUE(soon.expired());
    });
}

// Whoever waits in a channel may be woken for a value that another takes first.
TEST_P(call_limit_test, bounds_a_channels_pop_however_often_it_is_woken_for_nothing) {
    if (on_thread()) GTEST_SKIP() << "only in a loop is it known who takes the value";
    here([] {
        cardea::channel<int> box(1);
        bool over = false;
        cardea::scope others;
        others.spawn([&] {
            while (!over) {
                box.push(1);  // wakes who waits, and takes it away again before that one runs
                box.pop();
                cardea::sleep(1ms);
            }
        });
        const cardea::call_limit each{50ms};
        try {
            box.pop();
            ADD_FAILURE() << "nothing was left in it";
        } catch (const cardea::error& e) {
            EXPECT_EQ(e.code(), cardea::errc::timed_out);
        }
        over = true;
        others.join();
    });
}

FIBER_TEST_EVERYWHERE(call_limit_test);

}  // namespace
