// offload: blocking work leaves the loop free, is waited for to its end, and gives its result or its failure.
#include <cardea/offload.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(offloading);

bool is_simulated(const network_under_test& one) { return std::string_view(one.name).starts_with("sim"); }

/// Blocks threads as a library that knows nothing of fibers would.
class gate {
  public:
    void open() {
        const std::lock_guard held(guard_);
        open_ = true;
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock held(guard_);
        ++came_;
        changed_.notify_all();
        changed_.wait(held, [this] { return open_; });
        ++passed_;
    }
    [[nodiscard]] int came() {
        const std::lock_guard held(guard_);
        return came_;
    }
    [[nodiscard]] int passed() {
        const std::lock_guard held(guard_);
        return passed_;
    }

  private:
    std::mutex guard_;
    std::condition_variable changed_;
    bool open_ = false;
    int came_ = 0;
    int passed_ = 0;
};

TEST_P(offloading, gives_the_result_by_value_move_only_too) {
    on_network([] {
        int touched = 0;
        offload([&] { touched = 7; });
        EXPECT_EQ(touched, 7);
        EXPECT_EQ(offload([] { return std::string("text"); }), "text");
        const std::unique_ptr<int> owned = offload([] { return std::make_unique<int>(5); });
        EXPECT_EQ(*owned, 5);
        const auto moved = offload([box = std::make_unique<int>(6)]() mutable { return std::move(box); });
        EXPECT_EQ(*moved, 6);
    });
}

TEST_P(offloading, what_the_work_throws_comes_out) {
    on_network([] {
        try {
            offload([]() -> int { throw std::runtime_error("from the work"); });
            ADD_FAILURE() << "nothing was thrown";
        } catch (const std::runtime_error& e) {
            EXPECT_STREQ(e.what(), "from the work");
        }
        EXPECT_THROW(offload([] { throw 3; }), int);
        EXPECT_EQ(offload([] { return 4; }), 4);
    });
}

TEST_P(offloading, has_a_thread_of_its_own_in_a_loop_and_the_callers_elsewhere) {
    on_network([&] {
        const auto me = std::this_thread::get_id();
        const auto other = offload([] { return std::this_thread::get_id(); });
        EXPECT_EQ(other == me, runs_on_threads() || is_simulated(GetParam()));
        const auto [outer, inner] = offload(
            [] { return std::pair(std::this_thread::get_id(), offload([] { return std::this_thread::get_id(); })); });
        EXPECT_EQ(outer, inner);
    });
}

TEST_P(offloading, the_loop_goes_on_meanwhile) {
    if (is_simulated(GetParam())) GTEST_SKIP() << "work runs inline on a simulated host";
    on_network([] {
        gate g;
        scope work;
        std::atomic<int> done{0};
        for (int i = 0; i < 3; ++i) {
            work.spawn([&] {
                offload([&] { g.pass(); });
                ++done;
            });
        }
        const deadline limit(ages);
        while (g.came() < 3) sleep(1ms);
        EXPECT_EQ(done, 0);
        auto [client, server] = connected_pair();
        client.send("hello");
        std::array<char, 16> room{};
        EXPECT_EQ(server.recv(room), 5U);
        g.open();
        work.join();
        EXPECT_EQ(done, 3);
    });
}

TEST_P(offloading, much_more_work_than_threads_gets_done) {
    on_network([&] {
        constexpr int jobs = 200;
        std::mutex guard;
        int at_once = 0;
        int most = 0;
        int done = 0;
        scope all;
        for (int i = 0; i < (runs_on_threads() ? 20 : jobs); ++i) {
            all.spawn([&] {
                offload([&] {
                    {
                        const std::lock_guard held(guard);
                        most = std::max(most, ++at_once);
                    }
                    std::this_thread::yield();
                    const std::lock_guard held(guard);
                    --at_once;
                    ++done;
                });
            });
        }
        all.join();
        EXPECT_EQ(done, runs_on_threads() ? 20 : jobs);
        EXPECT_LE(most, 32);
    });
}

TEST_P(offloading, a_deadline_is_told_once_the_work_has_ended) {
    if (is_simulated(GetParam())) GTEST_SKIP() << "work takes no virtual time on a simulated host";
    on_network([] {
        bool ended = false;
        deadline within(ages);
        try {
            offload([&] {
                within.expire_in(0s);
                for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // whoever left now would see it
                ended = true;
            });
            ADD_FAILURE() << "nothing was thrown";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), errc::timed_out);
            EXPECT_TRUE(ended);
        }
    });
}

TEST_P(offloading, a_deadline_that_has_passed_keeps_the_work_from_starting) {
    on_network([] {
        const deadline within(0ns);
        bool ran = false;
        try {
            offload([&] { ran = true; });
            ADD_FAILURE() << "nothing was thrown";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), errc::timed_out);
        }
        EXPECT_FALSE(ran);
    });
}

TEST_P(offloading, a_call_limit_bounds_it_like_any_call) {
    if (is_simulated(GetParam())) GTEST_SKIP() << "work takes no virtual time on a simulated host";
    on_network([] {
        {
            const call_limit plenty(ages);
            EXPECT_EQ(offload([] { return 1; }), 1);
        }
        const call_limit each(5ms);
        EXPECT_THROW(offload([] {
                         const auto until = std::chrono::steady_clock::now() + 20ms;
                         while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
                     }),
                     error);
    });
}

TEST_P(offloading, a_cancellation_is_told_once_the_work_has_ended) {
    if (is_simulated(GetParam())) GTEST_SKIP() << "work runs inline on a simulated host";
    on_network([] {
        gate g;
        bool was_cancelled = false;
        int passed_when_thrown = 0;
        scope child;
        child.spawn([&] {
            try {
                offload([&] { g.pass(); });
            } catch (const cancelled&) {
                was_cancelled = true;
                passed_when_thrown = g.passed();
                throw;
            }
        });
        const deadline limit(ages);
        while (g.came() == 0) sleep(1ms);
        child.cancel();
        for (int i = 0; i < 10; ++i) yield();
        EXPECT_EQ(g.passed(), 0);
        g.open();
        child.join();
        EXPECT_TRUE(was_cancelled);
        EXPECT_EQ(passed_when_thrown, 1);
    });
}

TEST_P(offloading, work_that_waits_its_turn_is_given_up_when_cancelled) {
    if (runs_on_threads() || is_simulated(GetParam())) GTEST_SKIP() << "nothing waits for a thread here";
    on_network([] {
        gate g;
        constexpr int threads = 32;  // the pool's
        scope busy;
        for (int i = 0; i < threads; ++i) busy.spawn([&] { offload([&] { g.pass(); }); });
        const deadline limit(ages);
        while (g.came() < threads) sleep(1ms);
        bool ran = false;
        bool was_timed_out = false;
        try {
            const deadline soon(5ms);
            offload([&] { ran = true; });
        } catch (const error& e) {
            was_timed_out = e.code() == errc::timed_out;
        }
        EXPECT_TRUE(was_timed_out);
        g.open();
        busy.join();
        EXPECT_FALSE(ran);
        EXPECT_EQ(offload([] { return 1; }), 1);
    });
}

}  // namespace
}  // namespace cardea::conformance
