// Every call that waits can be cancelled: the throwing form unwinds, the other says errc::cancelled, and what the call
// had in the kernel is over.
#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(cancelling);

// Lets `call()` wait in a child, cancels it, and sees that it was unwound by `cancelled`.
template <class Call>
void expect_unwound(Call call) {
    bool unwound = false;
    scope child;
    spawn_waiting(child, [&] {
        try {
            call();
            ADD_FAILURE() << "the call ended well";
        } catch (const std::exception& e) {
            ADD_FAILURE() << "cancelled is no failure, yet: " << e.what();
        } catch (const cancelled&) {
            unwound = true;
            EXPECT_TRUE(this_fiber::cancel_requested());
            throw;
        }
    });
    const stopwatch time;
    child.cancel();
    child.join();
    EXPECT_TRUE(unwound);
    EXPECT_LT(time.elapsed(), ages);
}

// The same with `call(ec)`.
template <class Call>
void expect_cancelled(Call call) {
    std::error_code ec;
    scope child;
    spawn_waiting(child, [&] { call(ec); });
    child.cancel();
    child.join();
    EXPECT_EQ(ec, errc::cancelled) << ec.message();
}

TEST_P(cancelling, cancellation_ends_accept) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        expect_unwound([&] { door.accept(); });
        expect_cancelled([&](std::error_code& ec) { door.accept(ec); });
        for (int i = 0; i < 30; ++i) {  // also where the network accepts ahead
            const tcp_stream client = tcp_stream::connect(door.local());
            EXPECT_EQ(door.accept().peer(), client.local());
        }
        expect_unwound([&] { door.accept(); });
        const tcp_stream client = tcp_stream::connect(door.local());
        EXPECT_EQ(door.accept().peer(), client.local());
    });
}

TEST_P(cancelling, cancellation_ends_connect) {
    on_network([] {
        tcp_listener door("127.0.0.1:0", 0);
        const tcp_stream in_queue = fill_queue(door);
        expect_unwound([&] { tcp_stream::connect(door.local()); });
        expect_cancelled([&](std::error_code& failed) { tcp_stream::connect(door.local(), failed); });
    });
}

TEST_P(cancelling, cancellation_ends_recv_and_the_stream_lives_on) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 16> small{};
        std::vector<char> large(64 * 1024);
        expect_unwound([&] { both.server.recv(small); });
        expect_unwound([&] { both.server.recv(large); });
        expect_cancelled([&](std::error_code& ec) { both.server.recv(small, ec); });
        both.client.send_all("after");
        EXPECT_EQ(both.server.recv(small), 5U);
    });
}

TEST_P(cancelling, cancellation_ends_send) {
    on_network([] {
        two_streams both = connected_pair(true);
        fill(both.client);
        const std::vector<char> more(1'000'000);
        expect_unwound([&] { both.client.send_all(more); });
        expect_cancelled([&](std::error_code& ec) { both.client.send_all(more, ec); });
    });
}

TEST_P(cancelling, cancellation_ends_recv_from) {
    on_network([] {
        udp_socket door = udp_socket::bind("127.0.0.1:0");
        std::array<char, 16> room{};
        expect_unwound([&] { door.recv_from(room); });
        expect_cancelled([&](std::error_code& ec) { door.recv_from(room, ec); });
        udp_socket client = udp_socket::connect(door.local());
        client.send("x");
        EXPECT_EQ(door.recv_from(room).size, 1U);
    });
}

TEST_P(cancelling, cancellation_ends_sleep_and_the_waits_for_each_other) {
    on_network([] {
        expect_unwound([] { cardea::sleep(ages * 10); });
        event never;
        expect_unwound([&] { never.wait(); });
        semaphore none(0);
        expect_unwound([&] { none.acquire(); });
        channel<int> empty(1);
        expect_unwound([&] { empty.pop(); });
        channel<int> full(1);
        full.push(1);
        expect_unwound([&] { full.push(2); });
        mutex m;
        m.lock();
        expect_unwound([&] { m.lock(); });
        m.unlock();
    });
}

TEST_P(cancelling, cancellation_ends_close_gracefully_with_a_reset) {
    on_network([] {
        two_streams both = connected_pair();
        expect_unwound([&] { both.client.close_gracefully(ages * 10); });
        EXPECT_FALSE(both.client.is_open());
        const deadline within(ages);
        EXPECT_NE(send_until_it_fails(both.server), errc::timed_out) << "the connection was not reset";
    });
}

TEST_P(cancelling, cancellation_reaches_the_children_of_a_child) {
    on_network([] {
        two_streams both = connected_pair();
        int unwound = 0;
        struct note {
            int& count;
            ~note() { ++count; }
        };
        scope outer;
        spawn_waiting(outer, [&] {
            const note mine{unwound};
            scope inner;
            inner.spawn([&] {
                const note my_childs{unwound};
                std::array<char, 8> room{};
                both.server.recv(room);
            });
            inner.join();
        });
        outer.cancel();
        outer.join();
        EXPECT_EQ(unwound, 2);
    });
}

TEST_P(cancelling, whoever_swallows_it_meets_it_again) {
    on_network([] {
        two_streams both = connected_pair();
        int met = 0;
        scope child;
        spawn_waiting(child, [&] {
            std::array<char, 8> room{};
            for (int i = 0; i < 3; ++i) {
                try {
                    both.server.recv(room);
                } catch (const cancelled&) {
                    ++met;
                }
            }
        });
        child.cancel();
        child.join();
        EXPECT_EQ(met, 3);
    });
}

TEST_P(cancelling, a_pending_cancellation_ends_a_call_before_it_starts) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send_all("there already");
        scope child;
        child.cancel();
        child.spawn([&] {
            std::array<char, 32> room{};
            std::error_code ec;
            both.server.recv(room, ec);
            EXPECT_EQ(ec, errc::cancelled);
            EXPECT_EQ(both.server.send("x", ec), 0U);
            EXPECT_EQ(ec, errc::cancelled);
        });
        child.join();
        std::array<char, 32> room{};
        EXPECT_EQ(both.server.recv(room), 13U);
    });
}

TEST_P(cancelling, the_first_failure_cancels_the_rest_and_is_rethrown) {
    on_network([] {
        two_streams both = connected_pair();
        scope all;
        spawn_waiting(all, [&] {
            std::array<char, 8> room{};
            both.server.recv(room);
        });
        all.spawn([] { throw std::runtime_error("the first"); });
        try {
            all.join();
            ADD_FAILURE() << "nothing was thrown";
        } catch (const std::runtime_error& e) {
            EXPECT_STREQ(e.what(), "the first");
        }
    });
}

TEST_P(cancelling, a_scope_left_without_join_cancels_and_waits) {
    on_network([] {
        two_streams both = connected_pair();
        bool ended = false;
        {
            scope children;
            spawn_waiting(children, [&] {
                struct note {
                    bool& done;
                    ~note() { done = true; }
                } const mine{ended};
                std::array<char, 8> room{};
                both.server.recv(room);
            });
        }
        EXPECT_TRUE(ended);
    });
}

}  // namespace
}  // namespace cardea::conformance
