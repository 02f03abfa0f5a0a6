// Futures: a fiber's result for other threads, and other threads' results for a fiber whose loop goes on.
#include <cardea/future.hpp>
#include <memory>
#include <stdexcept>
#include <thread>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(futures);

bool is_simulated(const network_under_test& one) { return std::string_view(one.name).starts_with("sim"); }

/// Runs `body` in a thread, with this loop's handle, while the calling fiber's loop goes on.
template <class Body>
void on_another_thread(Body body) {
    event done;
    const loop_handle here = loop_handle::current();
    std::thread other([&] {
        body(here);
        here.post([&done] { done.set(); });
    });
    done.wait();
    other.join();
}

TEST_P(futures, another_thread_gets_what_a_fiber_returned_or_threw) {
    if (runs_on_threads()) GTEST_SKIP() << "there is no loop";
    on_network([] {
        const auto home = std::this_thread::get_id();
        on_another_thread([home](const loop_handle& loop) {
            EXPECT_EQ(spawn_future(loop, [] { return std::this_thread::get_id(); }).get(), home);
            auto owned = spawn_future(loop, [box = std::make_unique<int>(8)]() mutable { return std::move(box); });
            EXPECT_EQ(*owned.get(), 8);
            auto nothing = spawn_future(loop, [] { sleep(1ms); });
            nothing.get();
            auto failing = spawn_future(loop, []() -> int { throw std::runtime_error("from the fiber"); });
            EXPECT_THROW(failing.get(), std::runtime_error);
        });
        while (this_loop_statistics().fibers > 1) yield();
    });
}

TEST_P(futures, a_cancelled_fiber_says_so) {
    if (runs_on_threads()) GTEST_SKIP() << "there is no loop";
    on_network([] {
        on_another_thread([](const loop_handle& loop) {
            auto waiting = spawn_future(loop, [] {
                scope child;
                std::exception_ptr how;
                child.spawn([&] {
                    try {
                        sleep(ages);
                    } catch (const cancelled&) {
                        how = std::current_exception();
                        throw;
                    }
                });
                yield();
                child.cancel();
                child.join();
                if (how) std::rethrow_exception(how);
            });
            EXPECT_THROW(waiting.get(), cancelled);
        });
        while (this_loop_statistics().fibers > 1) yield();
    });
}

TEST_P(futures, a_loop_that_has_ended_is_told_as_no_runtime) {
    if (runs_on_threads()) GTEST_SKIP() << "there is no loop";
    std::unique_ptr<loop_handle> gone;
    on_network([&] { gone = std::make_unique<loop_handle>(loop_handle::current()); });
    auto late = spawn_future(*gone, [] { return 1; });
    try {
        late.get();
        ADD_FAILURE() << "nothing was thrown";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), errc::no_runtime);
    }
    EXPECT_THROW(spawn_future(loop_handle(), [] {}).get(), error) << "a handle of no loop";
}

TEST_P(futures, a_fiber_awaits_one_and_its_loop_goes_on) {
    if (is_simulated(GetParam())) GTEST_SKIP() << "nothing may depend on other threads there";
    on_network([] {
        std::promise<std::unique_ptr<int>> later;
        scope child;
        int got = 0;
        child.spawn([&] { got = *await(later.get_future()); });
        auto [client, server] = connected_pair();
        client.send("hello");
        std::array<char, 16> room{};
        EXPECT_EQ(server.recv(room), 5U);
        EXPECT_EQ(got, 0);
        later.set_value(std::make_unique<int>(9));
        child.join();
        EXPECT_EQ(got, 9);
        await(std::async(std::launch::async, [] {}));
        EXPECT_EQ(await(std::async(std::launch::deferred, [] { return 3; })), 3);
        EXPECT_THROW(await(std::async(std::launch::async, [] { throw 3; })), int);
    });
}

TEST_P(futures, one_that_is_ready_is_given_at_once) {
    on_network([] {
        std::promise<int> now;
        now.set_value(4);
        const deadline passed(0ns);
        EXPECT_EQ(await(now.get_future()), 4);
        EXPECT_THROW(await(std::future<int>()), std::future_error);
    });
}

TEST_P(futures, a_deadline_and_a_cancellation_end_the_wait_at_once) {
    if (is_simulated(GetParam())) GTEST_SKIP() << "nothing may depend on other threads there";
    on_network([] {
        std::promise<int> never;
        std::promise<int> nor_this;
        try {
            const deadline within(5ms);
            await(never.get_future());
            ADD_FAILURE() << "nothing was thrown";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), errc::timed_out);
        }
        bool was_cancelled = false;
        scope child;
        spawn_waiting(child, [&] {
            try {
                await(nor_this.get_future());
            } catch (const cancelled&) {
                was_cancelled = true;
                throw;
            }
        });
        child.cancel();
        child.join();
        EXPECT_TRUE(was_cancelled);
    });
}

TEST_P(futures, a_simulated_host_refuses_one_that_is_not_ready) {
    if (!is_simulated(GetParam())) GTEST_SKIP() << "this host is not simulated";
    on_network([] {
        std::promise<int> never;
        try {
            await(never.get_future());
            ADD_FAILURE() << "nothing was thrown";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), errc::not_supported);
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
