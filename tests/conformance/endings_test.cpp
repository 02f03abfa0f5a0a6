// How connections end: half-closed, gracefully, by a reset; and what each side learns of it.
#include <csignal>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(endings);

TEST_P(endings, half_close_ends_one_direction_and_the_other_goes_on) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send_all("question");
        both.client.shutdown(direction::send);
        std::array<char, 100> room{};
        EXPECT_EQ(both.server.recv(room), 8U);
        EXPECT_EQ(both.server.recv(room), 0U);
        both.server.send_all("answer");
        both.server.shutdown(direction::send);
        EXPECT_EQ(both.client.recv(room), 6U);
        EXPECT_EQ(both.client.recv(room), 0U);
        std::error_code ec;
        both.client.send("more", ec);
        EXPECT_EQ(ec, std::errc::broken_pipe);
    });
}

TEST_P(endings, half_close_again_is_harmless_when_both_have_closed) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 1> room{};
        both.client.shutdown(direction::send);
        both.server.shutdown(direction::send);
        EXPECT_EQ(both.client.recv(room), 0U);
        EXPECT_EQ(both.server.recv(room), 0U);
        // How far the goodbyes have come differs; by now, or soon, the kernel has no connection any more.
        for (int i = 0; i < 100; ++i) {
            both.client.shutdown(direction::send);
            both.server.shutdown(direction::send);
            yield();
        }
    });
}

TEST_P(endings, half_close_wakes_the_peer_that_waits_in_recv) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 8> room{};
        scope child;
        spawn_waiting(child, [&] { EXPECT_EQ(both.server.recv(room), 0U); });
        both.client.shutdown(direction::send);
        child.join();
    });
}

TEST_P(endings, half_close_of_the_receiving_side_ends_ones_own_recv) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 8> room{};
        scope child;
        spawn_waiting(child, [&] { EXPECT_EQ(both.server.recv(room), 0U); });
        both.server.shutdown(direction::receive);
        child.join();
        both.server.send_all("still");
        EXPECT_EQ(both.client.recv(room), 5U);
    });
}

TEST_P(endings, rst_mid_transfer_is_connection_reset_once_and_then_a_stable_answer) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send_all("unread by the server");
        both.server.reset();
        std::array<char, 100> room{};
        std::error_code ec;
        EXPECT_EQ(both.client.recv(room, ec), 0U);
        EXPECT_EQ(ec, std::errc::connection_reset);
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(both.client.recv(room, ec), 0U);
            EXPECT_FALSE(ec) << ec.message();
            EXPECT_EQ(both.client.send("x", ec), 0U);
            EXPECT_EQ(ec, std::errc::broken_pipe);
        }
    });
}

TEST_P(endings, rst_wakes_a_recv_that_waits) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 100> room{};
        scope child;
        spawn_waiting(child, [&] {
            std::error_code ec;
            both.client.recv(room, ec);
            EXPECT_EQ(ec, std::errc::connection_reset);
            EXPECT_EQ(both.client.recv(room, ec), 0U);
            EXPECT_FALSE(ec) << ec.message();
        });
        both.server.reset();
        child.join();
    });
}

TEST_P(endings, rst_wakes_a_send_that_waits) {
    on_network([] {
        two_streams both = connected_pair(true);
        scope child;
        spawn_waiting(child, [&] {
            std::error_code ec;
            const std::vector<std::byte> much(8'000'000);
            EXPECT_LT(both.client.send_all(much, ec), much.size());
            EXPECT_EQ(ec, std::errc::connection_reset) << ec.message();
        });
        both.server.reset();
        child.join();
    });
}

TEST_P(endings, what_came_before_the_end_is_read_before_the_end) {
    on_network([] {
        two_streams both = connected_pair();
        const std::vector<std::byte> data = pattern_bytes(0, 100'000);
        scope writer;
        writer.spawn([&] {
            both.client.send_all(data);
            both.client.close();
        });
        std::vector<std::byte> room(data.size());
        both.server.recv_exactly(room);
        EXPECT_EQ(room, data);
        EXPECT_EQ(both.server.recv(room), 0U);
        writer.join();
    });
}

TEST_P(endings, close_gracefully_finishes_when_the_peer_closes_too) {
    on_network([] {
        two_streams both = connected_pair();
        scope peer;
        std::string heard;
        peer.spawn([&] {
            std::array<char, 100> room{};
            while (const std::size_t n = both.server.recv(room)) heard.append(room.data(), n);
            both.server.send_all("not wanted any more");
            both.server.close();
        });
        both.client.send_all("everything");
        EXPECT_EQ(both.client.close_gracefully(ages), farewell::finished);
        EXPECT_FALSE(both.client.is_open());
        peer.join();
        EXPECT_EQ(heard, "everything");
    });
}

TEST_P(endings, close_gracefully_resets_when_the_peer_does_not_close_in_time) {
    on_network([] {
        two_streams both = connected_pair();
        const stopwatch time;
        EXPECT_EQ(both.client.close_gracefully(50ms), farewell::reset);
        EXPECT_GE(time.elapsed(), 50ms);
        std::array<char, 8> room{};
        EXPECT_EQ(both.server.recv(room), 0U);  // the FIN came first
        const deadline within(ages);
        EXPECT_NE(send_until_it_fails(both.server), errc::timed_out) << "the connection was not reset";
    });
}

TEST_P(endings, close_gracefully_obeys_the_deadline_around_it) {
    on_network([] {
        two_streams both = connected_pair();
        const deadline soon(50ms);
        EXPECT_EQ(both.client.close_gracefully(ages), farewell::reset);
        EXPECT_TRUE(soon.expired());
    });
}

TEST_P(endings, close_gracefully_says_reset_when_the_peer_resets) {
    on_network([] {
        two_streams both = connected_pair();
        both.server.reset();
        EXPECT_EQ(both.client.close_gracefully(ages), farewell::reset);
        EXPECT_FALSE(both.client.is_open());
    });
}

TEST_P(endings, linger_of_zero_resets_and_none_does_not) {
    on_network([] {
        two_streams abrupt = connected_pair();
        abrupt.client.set(option::linger{0s});
        EXPECT_EQ(abrupt.client.get<option::linger>(), 0s);
        abrupt.client.close();
        std::array<char, 8> room{};
        std::error_code ec;
        abrupt.server.recv(room, ec);
        EXPECT_EQ(ec, std::errc::connection_reset);

        two_streams gentle = connected_pair();
        EXPECT_EQ(gentle.client.get<option::linger>(), std::nullopt);
        gentle.client.send_all("x");
        gentle.client.close();
        EXPECT_EQ(gentle.server.recv(room), 1U);
        EXPECT_EQ(gentle.server.recv(room), 0U);
    });
}

TEST_P(endings, a_lingering_close_waits_for_the_peer_and_nobody_else_waits_with_it) {
    on_network([] {
        two_streams both = connected_pair(true);
        both.client.set(option::linger{5s});
        const std::size_t sent = fill(both.client);
        std::size_t received = 0;
        scope reader;
        reader.spawn([&] {
            std::vector<char> room(64 * 1024);
            while (const std::size_t n = both.server.recv(room)) received += n;
        });
        both.client.close();
        reader.join();
        EXPECT_EQ(received, sent);
    });
}

TEST_P(endings, close_twice_is_harmless) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.close();
        both.client.close();
        both.client.reset();
        EXPECT_FALSE(both.client.is_open());
        std::array<char, 8> room{};
        std::error_code ec;
        both.client.recv(room, ec);
        EXPECT_EQ(ec, errc::closed);
        both.client.send("x", ec);
        EXPECT_EQ(ec, errc::closed);
        both.client.shutdown(direction::send, ec);
        EXPECT_EQ(ec, errc::closed);
        EXPECT_THROW((void)both.client.handle().local(), error);
        tcp_listener door("127.0.0.1:0");
        door.close();
        door.close();
        door.accept(ec);
        EXPECT_EQ(ec, errc::closed);
    });
}

TEST_P(endings, assigning_over_a_socket_closes_it) {
    on_network([] {
        two_streams first = connected_pair();
        two_streams second = connected_pair();
        first.client = std::move(second.client);
        std::array<char, 8> room{};
        EXPECT_EQ(first.server.recv(room), 0U);
        first.client.send_all("x");
        EXPECT_EQ(second.server.recv(room), 1U);
    });
}

TEST_P(endings, sigpipe_is_never_raised) {
    static std::atomic<int> raised{0};
    struct sigaction counting {};
    counting.sa_handler = [](int) { ++raised; };
    struct sigaction before {};
    ASSERT_EQ(::sigaction(SIGPIPE, &counting, &before), 0);
    raised = 0;
    on_network([] {
        two_streams both = connected_pair();
        both.server.reset();
        const deadline within(ages);
        std::error_code ec = send_until_it_fails(both.client);
        for (int i = 0; i < 10; ++i) both.client.send("into the void", ec);
        EXPECT_TRUE(ec);
        two_streams half = connected_pair();
        half.client.shutdown(direction::send);
        half.client.send("x", ec);
        EXPECT_EQ(ec, std::errc::broken_pipe);
        two_streams large = connected_pair();
        large.server.reset();
        ec.clear();
        while (!ec) large.client.send_all(std::vector<std::byte>(1'000'000), ec);
        // By splice(2), which has no MSG_NOSIGNAL.
        two_streams from = connected_pair();
        two_streams to = connected_pair();
        scope writer;
        writer.spawn([&] { send_until_it_fails(from.client); });
        std::error_code broken;
        std::vector<std::byte> room(100'000);
        for (int i = 0; i < 20; ++i) {
            const std::size_t moved = splice(from.server, to.client, room.size());
            to.server.recv_exactly({room.data(), moved});
        }
        to.server.reset();
        while (!broken) splice(from.server, to.client, room.size(), broken);
        for (int i = 0; i < 10; ++i) splice(from.server, to.client, room.size(), broken);
        EXPECT_TRUE(broken == std::errc::connection_reset || broken == std::errc::broken_pipe) << broken.message();
        from.server.reset();
        writer.join();
    });
    EXPECT_EQ(raised, 0);
    ::sigaction(SIGPIPE, &before, nullptr);
}

}  // namespace
}  // namespace cardea::conformance
