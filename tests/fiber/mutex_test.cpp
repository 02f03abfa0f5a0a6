// mutex: exclusion across blocking calls, first come first served, ends of waits.
#include <gtest/gtest.h>

#include <cardea/cardea.hpp>
#include <mutex>
#include <vector>

#include "places.hpp"

namespace {

using namespace std::chrono_literals;

class mutex_test : public fiber_test::in_place {};
class mutex_order : public fiber_test::on_loop {};

TEST_P(mutex_test, one_at_a_time_across_blocking_calls) {
    here([] {
        cardea::mutex door;
        int inside = 0;
        int entered = 0;
        cardea::scope all;
        for (int i = 0; i < 10; ++i) {
            all.spawn([&] {
                for (int k = 0; k < 10; ++k) {
                    const std::lock_guard held(door);
                    EXPECT_EQ(++inside, 1);
                    cardea::sleep(1us);
                    EXPECT_EQ(--inside, 0);
                    ++entered;
                }
            });
        }
        all.join();
        EXPECT_EQ(entered, 100);
    });
}

TEST_P(mutex_test, try_lock_does_not_wait) {
    here([] {
        cardea::mutex door;
        EXPECT_TRUE(door.try_lock());
        EXPECT_FALSE(door.try_lock());
        door.unlock();
        std::unique_lock held(door, std::try_to_lock);
        EXPECT_TRUE(held.owns_lock());
    });
}

TEST_P(mutex_test, who_gave_up_does_not_hold_it) {
    here([] {
        cardea::mutex door;
        door.lock();
        {
            const cardea::deadline soon{1ms};
            EXPECT_THROW(door.lock(), cardea::error);
        }
        cardea::scope waits;
        waits.spawn([&] { door.lock(); });
        waits.cancel();
        waits.join();
        door.unlock();
        EXPECT_TRUE(door.try_lock());
        door.unlock();
    });
}

TEST_P(mutex_test, the_one_behind_a_waiter_that_gave_up_gets_it) {
    here([] {
        cardea::mutex door;
        door.lock();
        bool got = false;
        cardea::scope impatient;
        cardea::scope patient;
        impatient.spawn([&] { door.lock(); });
        cardea::yield();
        patient.spawn([&] {
            const std::lock_guard held(door);
            got = true;
        });
        cardea::yield();
        impatient.cancel();
        impatient.join();
        door.unlock();
        patient.join();
        EXPECT_TRUE(got);
    });
}

FIBER_TEST_EVERYWHERE(mutex_test);

TEST_P(mutex_order, first_come_first_served) {
    here([] {
        cardea::mutex door;
        std::vector<int> order;
        cardea::scope all;
        door.lock();
        for (int i = 0; i < 5; ++i) {
            all.spawn([&, i] {
                const std::lock_guard held(door);
                order.push_back(i);
            });
        }
        cardea::yield();
        door.unlock();
        EXPECT_FALSE(door.try_lock()) << "it was handed on, not put up for grabs";
        all.join();
        EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
    });
}

FIBER_TEST_ON_LOOPS(mutex_order);

}  // namespace
