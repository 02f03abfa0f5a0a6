// loop_handle: work given to a loop by other threads is run or refused, never lost.
#include <gtest/gtest.h>

#include <atomic>
#include <cardea/cardea.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "places.hpp"
#include "sanitized.hpp"

namespace {

using namespace std::chrono_literals;

class loop_handle_test : public fiber_test::on_loop {};

TEST_P(loop_handle_test, work_from_many_threads_runs_once_each_on_the_loops_thread) {
    constexpr int threads = 4;
    constexpr int each = sanitized ? 500 : 5'000;
    here([] {
        const auto handle = cardea::loop_handle::current();
        const auto home = std::this_thread::get_id();
        int ran = 0;  // touched on this thread only
        cardea::semaphore done(0);
        std::vector<std::thread> others;
        for (int t = 0; t < threads; ++t) {
            others.emplace_back([&] {
                for (int i = 0; i < each; ++i) {
                    EXPECT_TRUE(handle.post([&] {
                        EXPECT_EQ(std::this_thread::get_id(), home);
                        ++ran;
                        done.release();
                    }));
                }
            });
        }
        for (int i = 0; i < threads * each; ++i) done.acquire();
        for (auto& t : others) t.join();
        EXPECT_EQ(ran, threads * each);
        while (cardea::this_loop_statistics().fibers > 1) cardea::yield();
    });
}

TEST_P(loop_handle_test, posted_work_may_block_and_keeps_its_order_of_start) {
    here([] {
        std::vector<int> order;
        cardea::event last;
        const auto handle = cardea::loop_handle::current();
        std::thread other([&] {
            for (int i = 0; i < 10; ++i) {
                handle.post([&, i] {
                    order.push_back(i);
                    cardea::sleep(1us);
                    if (i == 9) last.set();
                });
            }
        });
        last.wait();
        other.join();
        EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
        while (cardea::this_loop_statistics().fibers > 1) cardea::yield();
    });
}

TEST_P(loop_handle_test, after_the_loops_end_work_is_refused_and_dropped) {
    std::optional<cardea::loop_handle> handle;
    here([&] { handle = cardea::loop_handle::current(); });
    auto kept_alive = std::make_shared<int>(1);
    EXPECT_FALSE(handle->post([kept_alive] { FAIL() << "ran"; }));
    EXPECT_EQ(kept_alive.use_count(), 1);
}

TEST_P(loop_handle_test, what_was_accepted_is_run_even_when_the_loop_is_about_to_end) {
    for (int round = 0; round < 50; ++round) {
        std::atomic<int> accepted{0};
        std::atomic<int> ran{0};
        std::thread other;
        cardea::run({.network = GetParam()}, [&] {
            other = std::thread([&, handle = cardea::loop_handle::current()] {
                // Not as fast as it can: run() goes on for as long as there is work.
                for (; accepted < 1'000 && handle.post([&] { ++ran; }); ++accepted) std::this_thread::yield();
            });
            while (accepted == 0) cardea::yield();
        });
        other.join();
        EXPECT_EQ(accepted, ran);
    }
}

TEST_P(loop_handle_test, a_failure_of_posted_work_ends_run_as_any_fibers_does) {
    EXPECT_THROW(cardea::run({.network = GetParam()},
                             [] {
                                 cardea::loop_handle::current().post([] { throw std::underflow_error("posted"); });
                                 cardea::sleep(1h);
                             }),
                 std::underflow_error);
}

TEST_P(loop_handle_test, wakes_a_loop_that_sleeps) {
    here([] {
        cardea::scope sleepers;
        sleepers.spawn([] { cardea::sleep(1h); });
        cardea::event came;
        std::thread other([&, handle = cardea::loop_handle::current()] { handle.post([&] { came.set(); }); });
        came.wait();
        other.join();
        sleepers.cancel();
        sleepers.join();
        while (cardea::this_loop_statistics().fibers > 1) cardea::yield();
    });
}

FIBER_TEST_ON_LOOPS(loop_handle_test);

TEST(loop_handle, of_no_loop_refuses) {
    EXPECT_FALSE(cardea::loop_handle().post([] {}));
}

}  // namespace
