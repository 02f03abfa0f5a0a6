// event: set() lets everybody through, from any thread, until reset().
#include <gtest/gtest.h>

#include <atomic>
#include <cardea/cardea.hpp>
#include <memory>
#include <thread>

#include "places.hpp"

namespace {

using namespace std::chrono_literals;

class event_test : public fiber_test::in_place {};
class event_on_loop : public fiber_test::on_loop {};

TEST_P(event_test, lets_everybody_through_until_reset) {
    here([] {
        cardea::event happened;
        EXPECT_FALSE(happened.is_set());
        std::atomic<int> through{0};
        cardea::scope all;
        for (int i = 0; i < 10; ++i) {
            all.spawn([&] {
                happened.wait();
                ++through;
            });
        }
        cardea::yield();
        happened.set();
        happened.set();
        all.join();
        EXPECT_EQ(through, 10);
        happened.wait();
        happened.reset();
        EXPECT_FALSE(happened.is_set());
        const cardea::deadline soon{1ms};
        EXPECT_THROW(happened.wait(), cardea::error);
    });
}

TEST_P(event_on_loop, whom_it_has_woken_goes_through_even_if_it_is_reset_at_once) {
    here([] {
        cardea::event happened;
        cardea::scope all;
        all.spawn([&] { happened.wait(); });
        cardea::yield();
        happened.set();
        happened.reset();
        all.join();
    });
}

TEST_P(event_test, set_by_another_thread_and_gone_at_once) {
    here([] {
        for (int i = 0; i < 200; ++i) {
            auto happened = std::make_unique<cardea::event>();
            std::thread other([e = happened.get()] { e->set(); });
            happened->wait();
            other.join();
        }
    });
}

FIBER_TEST_EVERYWHERE(event_test);
FIBER_TEST_ON_LOOPS(event_on_loop);

}  // namespace
