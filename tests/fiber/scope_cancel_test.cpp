// Cancellation: from any fiber or thread, seen at the next blocking call and at every one after that.
#include <gtest/gtest.h>

#include <atomic>
#include <cardea/cardea.hpp>
#include <exception>
#include <thread>
#include <type_traits>

#include "places.hpp"

namespace {

using namespace std::chrono_literals;

class scope_cancel : public fiber_test::in_place {};

static_assert(!std::is_base_of_v<std::exception, cardea::cancelled>);

TEST_P(scope_cancel, is_no_std_exception_and_repeats) {
    here([] {
        std::atomic<int> swallowed{0};
        std::atomic<bool> caught_as_exception{false};
        cardea::scope all;
        all.spawn([&] {
            for (int i = 0; i < 5; ++i) {
                try {
                    cardea::sleep(1h);
                } catch (const std::exception&) {
                    caught_as_exception = true;
                } catch (...) {
                    EXPECT_TRUE(cardea::this_fiber::cancel_requested());
                    ++swallowed;
                }
            }
        });
        all.cancel();
        all.join();
        EXPECT_EQ(swallowed, 5);
        EXPECT_FALSE(caught_as_exception);
    });
}

TEST_P(scope_cancel, every_kind_of_wait_ends) {
    here([] {
        cardea::mutex held;
        const std::lock_guard lock(held);
        cardea::event never;
        cardea::semaphore none(0);
        cardea::channel<int> empty(1);
        cardea::channel<int> full(1);
        full.push(1);
        std::atomic<int> ended{0};
        cardea::scope all;
        const auto waits = [&](auto call) {
            all.spawn([&ended, call] {
                try {
                    call();
                } catch (const cardea::cancelled&) {
                    ++ended;
                }
            });
        };
        waits([&] { held.lock(); });
        waits([&] { never.wait(); });
        waits([&] { none.acquire(); });
        waits([&] { empty.pop(); });
        waits([&] { full.push(2); });
        waits([&] { cardea::sleep(1h); });
        waits([&] {
            cardea::scope inner;
            inner.spawn([] { cardea::sleep(1h); });
            inner.join();
        });
        waits([&] {
            auto door = cardea::udp_socket::bind("127.0.0.1:0");
            char nothing[1];
            door.recv(nothing);
        });
        waits([&] {
            cardea::tcp_listener door("127.0.0.1:0");
            door.accept();
        });
        cardea::yield();
        all.cancel();
        all.join();
        EXPECT_EQ(ended, 9);
        EXPECT_EQ(full.size(), 1U);
    });
}

TEST_P(scope_cancel, a_fiber_that_has_not_run_yet_runs_until_it_blocks) {
    here([] {
        std::atomic<bool> began{false};
        std::atomic<bool> went_on{false};
        cardea::scope all;
        all.spawn([&] {
            began = true;
            cardea::sleep(1h);
            went_on = true;
        });
        all.cancel();
        all.join();
        EXPECT_TRUE(began);
        EXPECT_FALSE(went_on);
    });
}

TEST_P(scope_cancel, who_is_spawned_into_a_cancelled_scope_is_cancelled) {
    here([] {
        cardea::scope all;
        all.cancel();
        std::atomic<int> ended{0};
        all.spawn([&] {
            try {
                cardea::sleep(1h);
            } catch (const cardea::cancelled&) {
                ++ended;
            }
        });
        all.join();
        EXPECT_EQ(ended, 1);
    });
}

TEST_P(scope_cancel, by_a_child_of_the_scope) {
    here([] {
        cardea::scope all;
        for (int i = 0; i < 5; ++i) all.spawn([] { cardea::sleep(1h); });
        all.spawn([&] { all.cancel(); });
        all.join();
    });
}

TEST_P(scope_cancel, by_another_thread_while_the_owner_joins) {
    here([] {
        cardea::scope all;
        cardea::event begun;
        for (int i = 0; i < 5; ++i) {
            all.spawn([&] {
                begun.set();
                cardea::sleep(1h);
            });
        }
        std::thread other([&] {
            begun.wait();
            all.cancel();
            all.cancel();
        });
        all.join();
        other.join();
    });
}

TEST_P(scope_cancel, of_the_owner_of_a_nested_scope_reaches_the_innermost) {
    here([] {
        cardea::event begun;
        std::atomic<int> unwound{0};
        cardea::scope outer;
        outer.spawn([&] {
            cardea::scope inner;
            for (int i = 0; i < 3; ++i) {
                inner.spawn([&] {
                    try {
                        begun.set();
                        cardea::sleep(1h);
                    } catch (const cardea::cancelled&) {
                        ++unwound;
                        throw;
                    }
                });
            }
            try {
                inner.join();
                ADD_FAILURE() << "join returned";
            } catch (const cardea::cancelled&) {
                EXPECT_EQ(unwound, 3) << "all had ended";
                ++unwound;
                throw;
            }
        });
        begun.wait();
        outer.cancel();
        outer.join();
        EXPECT_GE(unwound, 1);
    });
}

TEST_P(scope_cancel, calls_with_an_error_code_say_so) {
    here([] {
        std::error_code seen;
        cardea::scope all;
        cardea::event begun;
        all.spawn([&] {
            auto door = cardea::udp_socket::bind("127.0.0.1:0");
            char nothing[1];
            begun.set();
            door.recv(nothing, seen);
        });
        begun.wait();
        all.cancel();
        all.join();
        EXPECT_EQ(seen, cardea::errc::cancelled);
    });
}

TEST_P(scope_cancel, a_thing_that_happened_first_counts) {
    here([] {
        cardea::channel<int> few(1);
        few.push(7);
        int got = 0;
        cardea::scope all;
        all.spawn([&] { got = few.pop().value_or(-1); });  // does not have to wait
        all.cancel();
        all.join();
        EXPECT_EQ(got, 7);
    });
}

FIBER_TEST_EVERYWHERE(scope_cancel);

}  // namespace
