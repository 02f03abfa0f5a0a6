// deadline: nesting, moving and clearing it, also while somebody waits and from other threads.
#include <gtest/gtest.h>

#include <atomic>
#include <cardea/cardea.hpp>
#include <thread>

#include "places.hpp"

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

class deadline_test : public fiber_test::in_place {};

template <class F>
bool times_out(F call) {
    try {
        call();
        return false;
    } catch (const cardea::error& e) {
        EXPECT_EQ(e.code(), cardea::errc::timed_out) << e.what();
        return e.code() == cardea::errc::timed_out;
    }
}

TEST_P(deadline_test, ends_every_kind_of_wait_and_not_before_its_time) {
    here([] {
        cardea::mutex held;
        const std::lock_guard lock(held);
        cardea::event never;
        cardea::semaphore none(0);
        cardea::channel<int> empty(1);
        cardea::channel<int> full(1);
        full.push(1);
        const auto check = [](auto call) {
            const auto began = clock::now();
            const cardea::deadline soon{2ms};
            EXPECT_TRUE(times_out(call));
            EXPECT_GE(clock::now() - began, 2ms);
            EXPECT_TRUE(soon.expired());
        };
        check([&] { held.lock(); });
        check([&] { never.wait(); });
        check([&] { none.acquire(); });
        check([&] { empty.pop(); });
        check([&] { full.push(2); });
        check([] { cardea::sleep(1h); });
        check([] {
            auto door = cardea::udp_socket::bind("127.0.0.1:0");
            char nothing[1];
            door.recv(nothing);
        });
        check([] {
            cardea::tcp_listener door("127.0.0.1:0");
            door.accept();
        });
    });
}

TEST_P(deadline_test, that_has_passed_ends_a_call_before_it_starts) {
    here([] {
        const cardea::deadline past{0ns};
        EXPECT_TRUE(past.expired());
        EXPECT_EQ(past.remaining(), 0ns);
        EXPECT_TRUE(times_out([] { cardea::sleep(1h); }));
        EXPECT_TRUE(times_out([] { cardea::tcp_stream::connect("127.0.0.1:1"); }));
        const cardea::deadline negative{-5s};
        EXPECT_TRUE(negative.expired());
    });
}

TEST_P(deadline_test, the_nearest_of_nested_ones_wins) {
    here([] {
        const cardea::deadline far{1h};
        {
            const cardea::deadline near{1ms};
            const cardea::deadline farther{2h};
            EXPECT_TRUE(times_out([] { cardea::sleep(30min); }));
        }
        cardea::sleep(1ms);  // the near one is gone
        EXPECT_FALSE(far.expired());
        const cardea::deadline again{1ms};
        EXPECT_TRUE(times_out([] { cardea::sleep(30min); }));
    });
}

TEST_P(deadline_test, remaining_and_clear) {
    here([] {
        cardea::deadline d{1h};
        EXPECT_GT(d.remaining(), 59min);
        EXPECT_LE(d.remaining(), 1h);
        d.expire_in(0ns);
        EXPECT_TRUE(times_out([] { cardea::sleep(1h); }));
        d.clear();
        EXPECT_FALSE(d.expired());
        EXPECT_EQ(d.remaining(), std::chrono::nanoseconds::max());
        cardea::sleep(1us);
        d.expire_in(std::chrono::nanoseconds::max());
        cardea::sleep(1us);
    });
}

TEST_P(deadline_test, moved_nearer_by_another_thread_while_somebody_waits) {
    here([] {
        for (int i = 0; i < 50; ++i) {
            cardea::deadline d{1h};
            std::thread other([&d] { d.expire_in(0ns); });
            EXPECT_TRUE(times_out([] { cardea::sleep(30min); }));
            other.join();
        }
    });
}

TEST_P(deadline_test, moved_nearer_while_a_socket_waits) {
    here([] {
        for (int i = 0; i < 20; ++i) {
            auto door = cardea::udp_socket::bind("127.0.0.1:0");
            char nothing[1];
            cardea::deadline d{1h};
            std::thread other([&d] { d.expire_in(1us); });
            EXPECT_TRUE(times_out([&] { door.recv(nothing); }));
            other.join();
        }
    });
}

TEST_P(deadline_test, taken_away_by_another_thread_while_somebody_waits) {
    here([] {
        cardea::deadline d{1h};
        cardea::event go_on;
        bool quick = false;
        std::thread other([&] {
            const auto began = clock::now();
            d.expire_in(30ms);
            d.clear();
            quick = clock::now() - began < 30ms;
            // Past the time it was set to: nothing may happen to the waiter now.
            const cardea::deadline pause{40ms};
            EXPECT_TRUE(times_out([] { cardea::event().wait(); }));
            go_on.set();
        });
        const bool ended = times_out([&] { go_on.wait(); });
        other.join();
        EXPECT_TRUE(!ended || !quick) << "a deadline that was gone ended a wait";
        EXPECT_FALSE(d.expired());
    });
}

TEST_P(deadline_test, moved_again_and_again_while_somebody_waits) {
    here([] {
        cardea::deadline d{1h};
        cardea::event stop;
        std::thread other([&] {
            for (int i = 0; i < 5'000; ++i) d.expire_in(std::chrono::hours(1 + i % 3));
            stop.set();
        });
        EXPECT_FALSE(times_out([&] { stop.wait(); }));
        other.join();
        EXPECT_GT(d.remaining(), 30min);
    });
}

TEST_P(deadline_test, a_fibers_deadline_is_its_own) {
    here([] {
        cardea::scope all;
        std::atomic<int> timed_out{0};
        std::atomic<int> slept{0};
        for (int i = 0; i < 10; ++i) {
            all.spawn([&] {
                const cardea::deadline mine{1ms};
                timed_out += times_out([] { cardea::sleep(1h); }) ? 1 : 0;
            });
            all.spawn([&] {
                cardea::sleep(3ms);
                ++slept;
            });
        }
        all.join();
        EXPECT_EQ(timed_out, 10);
        EXPECT_EQ(slept, 10);
    });
}

TEST_P(deadline_test, of_any_unit_is_as_long_as_it_says_or_for_ever) {
    here([] {
        using std::chrono::hours;
        cardea::deadline within{hours::max()};
        const cardea::call_limit each{hours::max()};
        EXPECT_GT(within.remaining(), hours(24 * 365 * 200));
        cardea::sleep(std::chrono::microseconds(1));
        within.expire_in(std::chrono::duration<int, std::ratio<86400 * 365>>(1'000'000));
        cardea::sleep(std::chrono::microseconds(1));
        within.expire_in(hours(1));
        EXPECT_LE(within.remaining(), hours(1));
        within.expire_in(hours::min());
        EXPECT_TRUE(within.expired());
        EXPECT_THROW(cardea::sleep(hours::max()), cardea::error);
    });
}

TEST_P(deadline_test, races_with_the_thing_waited_for) {
    here([] {
        // Whoever wins, the value is either taken or still there.
        for (int i = 0; i < 300; ++i) {
            cardea::channel<int> one(1);
            std::thread other([&] { one.push(i); });
            bool got = false;
            try {
                const cardea::deadline soon{std::chrono::microseconds(i)};
                got = one.pop() == i;
            } catch (const cardea::error& e) {
                EXPECT_EQ(e.code(), cardea::errc::timed_out);
            }
            other.join();
            EXPECT_EQ(one.size(), got ? 0U : 1U);
        }
    });
}

FIBER_TEST_EVERYWHERE(deadline_test);

}  // namespace
