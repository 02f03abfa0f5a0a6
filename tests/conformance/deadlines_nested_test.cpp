// Deadlines nest, the nearest wins; one that has passed ends calls before they start; one that is moved moves the wait.
#include <thread>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(deadlines_nested);
CARDEA_CONFORMANCE_IN_REAL_TIME(deadlines_nested_in_real_time);

TEST_P(deadlines_nested, the_nearest_deadline_wins_inside_and_outside) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 8> room{};
        std::error_code ec;
        {
            const stopwatch time;
            const deadline outer(ages);
            const deadline inner(20ms);
            both.server.recv(room, ec);
            EXPECT_EQ(ec, errc::timed_out);
            EXPECT_FALSE(outer.expired());
            EXPECT_LT(time.elapsed(), ages);
        }
        {
            const deadline outer(20ms);
            const deadline inner(ages);
            both.server.recv(room, ec);
            EXPECT_EQ(ec, errc::timed_out);
            EXPECT_TRUE(outer.expired());
            EXPECT_FALSE(inner.expired());
        }
        both.client.send_all("x");
        EXPECT_EQ(both.server.recv(room), 1U);  // no deadline is left over
    });
}

TEST_P(deadlines_nested, a_deadline_that_has_passed_ends_calls_before_they_start) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        two_streams both = connected_pair();
        both.client.send_all("there already");
        std::array<char, 100> room{};
        std::error_code ec;
        {
            const deadline passed(0ns);
            both.server.recv(room, ec);
            EXPECT_EQ(ec, errc::timed_out);
            EXPECT_EQ(both.server.send("x", ec), 0U);
            EXPECT_EQ(ec, errc::timed_out);
            door.accept(ec);
            EXPECT_EQ(ec, errc::timed_out);
            tcp_stream::connect(door.local(), ec);
            EXPECT_EQ(ec, errc::timed_out);
        }
        EXPECT_EQ(both.server.recv(room), 13U);
        both.server.send_all("y");
        EXPECT_EQ(both.client.recv(room), 1U);
        EXPECT_EQ(room[0], 'y') << "the send that timed out has sent";
    });
}

TEST_P(deadlines_nested, a_deadline_bounds_many_calls_together) {
    on_network([] {
        two_streams both = connected_pair();
        scope dripping;
        dripping.spawn([&] {
            std::error_code ec;
            while (!ec) {
                both.client.send("x", ec);
                cardea::sleep(5ms);
            }
        });
        std::size_t received = 0;
        {
            const deadline within(60ms);
            std::vector<char> room(1'000'000);
            std::error_code ec;
            received = both.server.recv_exactly(room, ec);
            EXPECT_EQ(ec, errc::timed_out);
        }
        EXPECT_GE(received, 1U);
        EXPECT_LT(received, 1'000U);
        both.server.reset();
        dripping.join();
    });
}

TEST_P(deadlines_nested, call_limit_bounds_each_call_by_itself) {
    on_network([] {
        two_streams both = connected_pair();
        const call_limit each(80ms);
        event go;
        scope dripping;
        dripping.spawn([&] {
            for (int i = 0; i < 20; ++i) {
                both.client.send_all("x");
                cardea::sleep(10ms);
            }
            go.wait();
        });
        // Twenty times ten milliseconds and more, yet no single call waits as long as the limit.
        std::array<char, 1> room{};
        int timed_out = 0;
        for (int received = 0; received < 20;) {
            std::error_code ec;
            if (both.server.recv(room, ec) == 1) ++received;
            if (ec) {
                ASSERT_EQ(ec, errc::timed_out);
                ASSERT_LT(++timed_out, 10) << "a slow machine is one thing, this another";
            }
        }
        std::error_code ec;
        const stopwatch time;
        both.server.recv(room, ec);
        EXPECT_EQ(ec, errc::timed_out);
        EXPECT_GE(time.elapsed(), 80ms);
        go.set();
        dripping.join();
    });
}

TEST_P(deadlines_nested, call_limit_and_deadline_work_together) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 8> room{};
        std::error_code ec;
        const deadline within(20ms);
        const call_limit each(ages);
        both.server.recv(room, ec);
        EXPECT_EQ(ec, errc::timed_out);
        EXPECT_TRUE(within.expired());
    });
}

TEST_P(deadlines_nested, deadline_changed_while_waiting_is_obeyed_when_it_comes_nearer) {
    on_network([] {
        two_streams both = connected_pair();
        deadline* theirs = nullptr;
        event made;
        scope child;
        spawn_waiting(child, [&] {
            deadline within(ages);
            theirs = &within;
            made.set();
            std::array<char, 8> room{};
            std::error_code ec;
            both.server.recv(room, ec);
            EXPECT_EQ(ec, errc::timed_out);
        });
        made.wait();
        const stopwatch time;
        theirs->expire_in(10ms);
        child.join();
        EXPECT_LT(time.elapsed(), ages);
    });
}

// A receive whose deadline is cleared meanwhile, and that gets something when the deadline would have passed. Whether
// it was cleared in time: on a busy machine it may not be.
bool clears_a_waiting_deadline_of(std::chrono::nanoseconds length) {
    two_streams both = connected_pair();
    deadline* theirs = nullptr;
    event made;
    event cleared;
    std::error_code ec;
    scope child;
    const stopwatch since;
    spawn_waiting(child, [&] {
        deadline within(length);
        theirs = &within;
        made.set();
        std::array<char, 8> room{};
        both.server.recv(room, ec);
        cleared.wait();
        EXPECT_EQ(within.remaining(), std::chrono::nanoseconds::max());
    });
    made.wait();
    theirs->clear();
    const bool in_time = since.elapsed() < length;
    cleared.set();
    cardea::sleep(length);
    both.client.send_all("x");
    child.join();
    EXPECT_FALSE(in_time && ec) << ec.message();
    return in_time;
}

TEST_P(deadlines_nested, deadline_changed_while_waiting_is_obeyed_when_it_goes_away) {
    on_network([] {
        std::chrono::nanoseconds length = 200ms;
        while (!clears_a_waiting_deadline_of(length)) length *= 2;
    });
}

TEST_P(deadlines_nested_in_real_time, deadline_changed_while_waiting_from_another_thread_comes_nearer) {
    on_network([] {
        two_streams both = connected_pair();
        const stopwatch time;
        deadline within{ages};
        std::thread elsewhere([&] { within.expire_in(5ms); });
        std::array<char, 8> room{};
        std::error_code ec;
        both.server.recv(room, ec);
        EXPECT_EQ(ec, errc::timed_out);
        EXPECT_LT(time.elapsed(), ages);
        elsewhere.join();
    });
}

TEST_P(deadlines_nested_in_real_time, deadline_changed_while_waiting_from_another_thread_goes_away) {
    on_network([] {
        constexpr auto at_first = 200ms;
        two_streams both = connected_pair();
        scope sender;
        sender.spawn([&] {
            cardea::sleep(at_first + 20ms);
            both.client.send_all("x");
        });
        const auto begin = std::chrono::steady_clock::now();
        deadline within(at_first);
        std::chrono::nanoseconds changed_after{0};
        std::thread elsewhere([&] {
            within.expire_in(ages);
            changed_after = std::chrono::steady_clock::now() - begin;
        });
        std::array<char, 8> room{};
        std::error_code ec;
        both.server.recv(room, ec);
        elsewhere.join();
        // A machine may be so slow that it was too late for that.
        EXPECT_EQ(ec, changed_after < at_first ? std::error_code() : std::error_code(errc::timed_out));
        within.expire_in(ages);
        sender.join();
    });
}

TEST_P(deadlines_nested, deadline_changed_over_and_over_while_calls_come_and_go) {
    on_network([] {
        two_streams both = connected_pair();
        deadline within(ages);
        std::atomic<bool> over{false};
        std::thread elsewhere([&] {
            for (int i = 0; !over; ++i) {
                if (i % 3 == 0) {
                    within.clear();
                } else {
                    within.expire_in(i % 3 == 1 ? std::chrono::nanoseconds(ages) : std::chrono::nanoseconds(ages) * 2);
                }
                std::this_thread::yield();
            }
        });
        std::array<char, 4> room{};
        for (int i = 0; i < 500; ++i) {
            both.client.send_all("ping");
            both.server.recv_exactly(room);
        }
        over = true;
        elsewhere.join();
        const stopwatch time;
        within.expire_in(10ms);
        std::error_code ec;
        both.server.recv(room, ec);
        EXPECT_EQ(ec, errc::timed_out);
        EXPECT_LT(time.elapsed(), ages);
    });
}

TEST_P(deadlines_nested, expired_and_remaining_tell_the_time_left) {
    on_network([] {
        deadline within(ages);
        EXPECT_FALSE(within.expired());
        EXPECT_LE(within.remaining(), ages);
        EXPECT_GT(within.remaining(), 0s);
        within.expire_in(0s);
        EXPECT_TRUE(within.expired());
        EXPECT_EQ(within.remaining(), 0s);
        within.clear();
        EXPECT_FALSE(within.expired());
        cardea::sleep(1ms);
    });
}

}  // namespace
}  // namespace cardea::conformance
