// The waiting primitives between fibers of two loops and plain threads, with deadlines and cancellations that race the
// hand-over: whatever happens, nothing is lost and nothing counted twice.
#include <gtest/gtest.h>

#include <atomic>
#include <cardea/cardea.hpp>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "places.hpp"
#include "sanitized.hpp"

namespace {

using namespace std::chrono_literals;

constexpr int rounds = sanitized ? 150 : 600;

class sync_stress : public testing::TestWithParam<std::uint32_t> {
  protected:
    /// `work` many times at once: in fibers of a loop of each network and in threads, each with dice of its own.
    static void everywhere(const std::function<void(std::mt19937&)>& work) {
        std::vector<std::thread> all;
        std::uint32_t seed = GetParam() * 100;
        for (const char* network : {"uring", "epoll"}) {
            all.emplace_back([&work, network, seed] {
                cardea::run({.network = network}, [&] {
                    cardea::scope fibers;
                    for (std::uint32_t i = 0; i < 4; ++i) {
                        fibers.spawn([&work, dice = std::mt19937(seed + i)]() mutable { work(dice); });
                    }
                    fibers.join();
                });
            });
            seed += 10;
        }
        for (std::uint32_t i = 0; i < 2; ++i) {
            all.emplace_back([&work, dice = std::mt19937(seed + i)]() mutable { work(dice); });
        }
        for (auto& t : all) t.join();
    }
    static std::chrono::microseconds up_to(std::mt19937& dice, int us) {
        return std::chrono::microseconds(std::uniform_int_distribution<int>(0, us)(dice));
    }
    /// Runs `call` so that it ends by itself, by a deadline or by cancellation. True: by itself.
    static bool survives(std::mt19937& dice, const std::function<void()>& call) {
        switch (dice() % 3) {
            case 0:
                call();
                return true;
            case 1:
                return in_time(up_to(dice, 200), call);
            default:
                return not_cancelled(up_to(dice, 200), call);
        }
    }

  private:
    static bool in_time(std::chrono::microseconds limit, const std::function<void()>& call) {
        try {
            const cardea::deadline soon{limit};
            call();
            return true;
        } catch (const cardea::error& e) {
            EXPECT_EQ(e.code(), cardea::errc::timed_out);
            return false;
        }
    }
    static bool not_cancelled(std::chrono::microseconds limit, const std::function<void()>& call) {
        bool done = false;
        cardea::scope racing;
        racing.spawn([&] {
            call();
            done = true;
        });
        try {
            const cardea::deadline soon{limit};
            cardea::event().wait();
        } catch (const cardea::error&) {
            racing.cancel();
        }
        racing.join();
        return done;
    }
};

TEST_P(sync_stress, a_mutex_excludes) {
    cardea::mutex door;
    long inside = 0;  // guarded by the mutex alone
    std::atomic<long> entered{0};
    everywhere([&](std::mt19937& dice) {
        for (int i = 0; i < rounds; ++i) {
            entered += survives(dice, [&] {
                const std::lock_guard held(door);
                ++inside;
            });
        }
    });
    EXPECT_EQ(inside, entered);
    EXPECT_TRUE(door.try_lock());
    door.unlock();
}

TEST_P(sync_stress, a_mutex_held_across_blocking_calls) {
    cardea::mutex door;
    long value = 0;
    std::atomic<long> entered{0};
    everywhere([&](std::mt19937& dice) {
        for (int i = 0; i < rounds / 10; ++i) {
            const bool in_time = survives(dice, [&] {
                const std::lock_guard held(door);
                const long seen = value;
                cardea::yield();
                value = seen + 1;
                ++entered;
            });
            (void)in_time;
        }
    });
    EXPECT_EQ(value, entered);
}

TEST_P(sync_stress, a_semaphore_keeps_its_permits) {
    constexpr int permits = 3;
    cardea::semaphore door(permits);
    std::atomic<int> inside{0};
    everywhere([&](std::mt19937& dice) {
        for (int i = 0; i < rounds; ++i) {
            survives(dice, [&] {
                door.acquire();
                EXPECT_LE(++inside, permits);
                --inside;
                door.release();
            });
        }
    });
    for (int i = 0; i < permits; ++i) EXPECT_TRUE(door.try_acquire());
    EXPECT_FALSE(door.try_acquire());
}

TEST_P(sync_stress, a_channel_loses_and_doubles_nothing) {
    cardea::channel<long> through(4);
    std::atomic<long> sent{0};
    std::atomic<long> received{0};
    std::atomic<long> next{1};
    std::thread reader([&] {
        while (auto value = through.pop()) received += *value;
    });
    everywhere([&](std::mt19937& dice) {
        for (int i = 0; i < rounds; ++i) {
            if (dice() % 4 == 0) {
                long got = 0;
                survives(dice, [&] {
                    const cardea::deadline soon{1ms};
                    try {
                        got = through.pop().value_or(0);
                    } catch (const cardea::error&) {  // somebody else had it
                    }
                });
                received += got;
            } else {
                const long value = next++;
                if (survives(dice, [&] { through.push(value); })) sent += value;
            }
        }
    });
    through.close();
    reader.join();
    EXPECT_EQ(received, sent);
    EXPECT_EQ(through.size(), 0U);
}

TEST_P(sync_stress, events_between_two_loops_and_a_thread_pass_a_ball) {
    cardea::event to_uring;
    cardea::event to_epoll;
    cardea::event to_thread;
    int ball = 0;  // handed over by the events
    const auto player = [&](cardea::event& mine, cardea::event& next) {
        for (int i = 0; i < rounds; ++i) {
            mine.wait();
            mine.reset();
            ++ball;
            next.set();
        }
    };
    std::thread uring([&] { cardea::run({.network = "uring"}, [&] { player(to_uring, to_epoll); }); });
    std::thread epoll([&] { cardea::run({.network = "epoll"}, [&] { player(to_epoll, to_thread); }); });
    to_uring.set();
    player(to_thread, to_uring);
    uring.join();
    epoll.join();
    EXPECT_EQ(ball, 3 * rounds);
}

INSTANTIATE_TEST_SUITE_P(seeds, sync_stress, testing::Range(1U, 6U));

}  // namespace
