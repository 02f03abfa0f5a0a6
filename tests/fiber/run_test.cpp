// run(): what it returns, throws and waits for; where it must not be called.
#include <gtest/gtest.h>

#include <cardea/cardea.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include "places.hpp"

namespace {

using namespace std::chrono_literals;

class run_test : public fiber_test::on_loop {
  protected:
    static cardea::run_options here() { return {.network = GetParam()}; }
};

TEST_P(run_test, returns_what_the_function_returns) {
    EXPECT_EQ(cardea::run(here(), [] { return std::string("a value that is longer than a small string"); }),
              "a value that is longer than a small string");
    EXPECT_EQ(*cardea::run(here(), [] { return std::make_unique<int>(7); }), 7);
    struct alignas(128) wide {
        int n;
    };
    EXPECT_EQ(cardea::run(here(), [] { return wide{9}; }).n, 9);
}

TEST_P(run_test, throws_what_the_function_throws) {
    EXPECT_THROW(cardea::run(here(), [] { throw std::out_of_range("main"); }), std::out_of_range);
    EXPECT_THROW(cardea::run(here(), []() -> int { throw 5; }), int);
}

TEST_P(run_test, a_result_that_cancellation_prevented_is_not_made_up) {
    EXPECT_THROW(cardea::run(here(), []() -> int { throw cardea::cancelled(); }), cardea::cancelled);
}

TEST_P(run_test, waits_for_what_spawn_started) {
    int ended = 0;
    cardea::run(here(), [&] {
        for (int i = 0; i < 3; ++i) {
            cardea::spawn([&] {
                cardea::sleep(1ms);
                cardea::spawn([&] { ++ended; });
                ++ended;
            });
        }
    });
    EXPECT_EQ(ended, 6);
}

TEST_P(run_test, the_first_failure_cancels_the_rest_and_is_thrown) {
    bool unwound = false;
    EXPECT_THROW(cardea::run(here(),
                             [&] {
                                 cardea::spawn([] { throw std::domain_error("first"); });
                                 try {
                                     cardea::sleep(1h);
                                 } catch (const cardea::cancelled&) {
                                     unwound = true;
                                     throw;
                                 }
                             }),
                 std::domain_error);
    EXPECT_TRUE(unwound);
}

TEST_P(run_test, not_inside_another) {
    cardea::run(here(), [] {
        EXPECT_THROW(cardea::run({.network = GetParam()}, [] {}), std::logic_error);
        EXPECT_TRUE(cardea::this_fiber::on_loop()) << "the outer loop goes on";
        cardea::sleep(1us);
    });
    EXPECT_FALSE(cardea::this_fiber::on_loop());
}

TEST_P(run_test, again_and_again_leaves_nothing) {
    cardea::run(here(), [] {});
    const std::size_t descriptors = fiber_test::open_descriptors();
    for (int i = 0; i < 20; ++i) {
        cardea::run(here(), [] {
            cardea::scope some;
            for (int k = 0; k < 10; ++k) some.spawn([] { cardea::yield(); });
            some.join();
        });
    }
    EXPECT_EQ(fiber_test::open_descriptors(), descriptors);
}

FIBER_TEST_ON_LOOPS(run_test);

TEST(run, an_unknown_network_is_refused_by_name) {
    try {
        cardea::run({.network = "carrier pigeon"}, [] {});
        FAIL();
    } catch (const std::invalid_argument& e) {
        EXPECT_NE(std::string(e.what()).find("carrier pigeon"), std::string::npos) << e.what();
    }
}

TEST(run, outside_of_it_spawn_and_loop_handle_say_that_there_is_no_runtime) {
    try {
        cardea::spawn([] {});
        FAIL();
    } catch (const cardea::error& e) {
        EXPECT_EQ(e.code(), cardea::errc::no_runtime);
    }
    EXPECT_THROW(cardea::loop_handle::current(), cardea::error);
    EXPECT_EQ(cardea::this_loop_statistics().fibers, 0U);
}

}  // namespace
