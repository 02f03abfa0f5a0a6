// semaphore: never more inside than permits, and no permit lost by those who give up.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cardea/cardea.hpp>

#include "places.hpp"

namespace {

using namespace std::chrono_literals;

class semaphore_test : public fiber_test::in_place {};

TEST_P(semaphore_test, admits_as_many_as_permits) {
    here([] {
        cardea::semaphore permits(3);
        std::atomic<int> inside{0};
        std::atomic<int> most{0};
        cardea::scope all;
        for (int i = 0; i < 20; ++i) {
            all.spawn([&] {
                permits.acquire();
                const int now = ++inside;
                for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
                }
                cardea::sleep(100us);
                --inside;
                permits.release();
            });
        }
        all.join();
        EXPECT_LE(most, 3);
        EXPECT_EQ(inside, 0);
        EXPECT_TRUE(permits.try_acquire());
        EXPECT_TRUE(permits.try_acquire());
        EXPECT_TRUE(permits.try_acquire());
        EXPECT_FALSE(permits.try_acquire());
    });
}

TEST_P(semaphore_test, several_permits_at_once_wake_several) {
    here([] {
        cardea::semaphore permits(0);
        std::atomic<int> got{0};
        cardea::scope all;
        for (int i = 0; i < 5; ++i) {
            all.spawn([&] {
                permits.acquire();
                ++got;
            });
        }
        cardea::yield();
        permits.release(7);
        all.join();
        EXPECT_EQ(got, 5);
        EXPECT_TRUE(permits.try_acquire());
        EXPECT_TRUE(permits.try_acquire());
        EXPECT_FALSE(permits.try_acquire());
    });
}

TEST_P(semaphore_test, who_gives_up_takes_no_permit_along) {
    here([] {
        cardea::semaphore permits(0);
        cardea::scope all;
        for (int i = 0; i < 5; ++i) all.spawn([&] { permits.acquire(); });
        cardea::yield();
        all.cancel();
        all.join();
        permits.release();
        EXPECT_TRUE(permits.try_acquire());
    });
}

FIBER_TEST_EVERYWHERE(semaphore_test);

}  // namespace
