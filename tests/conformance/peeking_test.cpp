// Looking at bytes without taking them, putting them back, and receiving up to a delimiter and not a byte further.
#include "every_network.hpp"
#include "scenes.hpp"

#include <thread>

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(peeking);
CARDEA_CONFORMANCE_OF_KERNELS(peeking_on_kernels);

std::string recv_text(stream& from, std::size_t size) {
    std::string text(size, ' ');
    from.recv_exactly(text);
    return text;
}

TEST_P(peeking, what_is_peeked_at_stays) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send_all("abc");
        std::array<char, 10> room{};
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(both.server.peek({room.data(), 2}), 2U);
            EXPECT_EQ(std::string(room.data(), 2), "ab");
        }
        EXPECT_EQ(recv_text(both.server, 3), "abc");
    });
}

TEST_P(peeking, it_waits_for_the_first_byte_and_sees_the_end) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 10> room{};
        scope child;
        spawn_waiting(child, [&] { EXPECT_EQ(both.server.peek(room), 1U); });
        both.client.send_all("x");
        child.join();
        EXPECT_EQ(recv_text(both.server, 1), "x");
        both.client.close();
        EXPECT_EQ(both.server.peek(room), 0U);
        EXPECT_EQ(both.server.recv(room), 0U);
    });
}

TEST_P(peeking, a_deadline_and_a_cancellation_end_it_and_take_nothing) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 10> room{};
        std::error_code ec;
        {
            const deadline soon(20ms);
            EXPECT_EQ(both.server.peek(room, ec), 0U);
            EXPECT_EQ(ec, errc::timed_out);
        }
        scope child;
        spawn_waiting(child, [&] {
            both.server.peek(room, ec);
            EXPECT_EQ(ec, errc::cancelled);
        });
        child.cancel();
        child.join();
        both.client.send_all("still here");
        EXPECT_EQ(recv_text(both.server, 10), "still here");
    });
}

TEST_P(peeking, bulk_can_be_peeked_at_while_it_streams) {
    on_network([] {
        two_streams both = connected_pair();
        constexpr std::size_t much = 2'000'000;
        scope writer;
        writer.spawn([&] {
            both.client.send_all(pattern_bytes(0, much));
            both.client.shutdown(direction::send);
        });
        std::vector<std::byte> room(64 * 1024);
        std::size_t total = 0;
        for (std::size_t size = 1;; size = size * 7 % 65'521) {
            const std::size_t seen = both.server.peek({room.data(), size});
            ASSERT_EQ(matching_bytes({room.data(), seen}, total), seen) << "peeked at " << total;
            if (seen == 0) break;
            const std::size_t n = both.server.recv(room);
            ASSERT_EQ(matching_bytes({room.data(), n}, total), n) << "received at " << total;
            total += n;
        }
        EXPECT_EQ(total, much);
        writer.join();
    });
}

TEST_P(peeking, bytes_put_back_come_first_for_every_kind_of_receive) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 4> room{};
        const auto again = [&] { both.server.put_back("back"); };
        both.client.send_all("more");
        EXPECT_EQ(recv_text(both.server, 2), "mo");
        both.server.put_back("mo");
        again();
        EXPECT_EQ(both.server.peek(room), 4U);
        EXPECT_EQ(std::string(room.data(), 4), "back");
        EXPECT_EQ(recv_text(both.server, 8), "backmore");
        again();
        EXPECT_EQ(both.server.recv_lease().text(), "back");
        again();
        EXPECT_EQ(both.server.recv_vectored({room}), 4U);
        again();
        EXPECT_EQ(both.server.recv_until(room, "k"), 4U);
        again();
        both.client.close();
        EXPECT_EQ(recv_text(both.server, 4), "back");
        EXPECT_EQ(both.server.recv(room), 0U);
    });
}

TEST_P(peeking_on_kernels, bytes_put_back_move_along_with_the_socket) {
    on_network([] {
        two_streams both = connected_pair();
        both.server.put_back("put back, ");
        both.client.send_all("and sent");
        both.server.detach();
        std::string text(18, ' ');
        std::thread([&] { both.server.recv_exactly(text); }).join();
        EXPECT_EQ(text, "put back, and sent");
        both.server.detach();
    });
}

TEST_P(peeking, recv_until_nothing_is_refused_and_does_not_wait) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 8> room{};
        std::error_code ec;
        EXPECT_EQ(both.server.recv_until(room, "", ec), 0U);
        EXPECT_EQ(ec, std::errc::invalid_argument);
        EXPECT_EQ(udp_socket::bind("127.0.0.1:0").handle().recv_until(room, "x", ec), 0U);
        EXPECT_EQ(ec, errc::not_supported);
    });
}

TEST_P(peeking, recv_until_takes_the_delimiter_and_not_a_byte_more) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send_all("GET / HTTP/1.0\r\n\r\nbody");
        std::array<char, 100> room{};
        EXPECT_EQ(both.server.recv_until(room, "\r\n\r\n"), 18U);
        EXPECT_EQ(std::string(room.data(), 18), "GET / HTTP/1.0\r\n\r\n");
        EXPECT_EQ(recv_text(both.server, 4), "body");
    });
}

TEST_P(peeking, recv_until_finds_a_delimiter_that_comes_byte_by_byte) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 100> room{};
        scope child;
        child.spawn([&] {
            EXPECT_EQ(both.server.recv_until(room, "--"), 8U);
            EXPECT_EQ(std::string(room.data(), 8), "a-bc-d--");
        });
        for (const char c : std::string("a-bc-d--e")) {
            both.client.send_all({&c, 1});
            yield();
        }
        child.join();
        EXPECT_EQ(recv_text(both.server, 1), "e");
    });
}

TEST_P(peeking, recv_until_says_what_came_before_bound_end_or_deadline) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 4> room{};
        both.client.send_all("12345");
        try {
            both.server.recv_until(room, "\n");
            ADD_FAILURE() << "there is none";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), errc::too_long);
            EXPECT_EQ(e.bytes_done(), 4U);
            EXPECT_EQ(e.peer(), both.client.local());
            EXPECT_EQ(std::string(e.what()), "recv until from " + both.client.local().to_string() +
                                                 " (the bound is 4 bytes): longer than the bound allows");
        }
        std::error_code ec;
        {
            const deadline soon(20ms);
            EXPECT_EQ(both.server.recv_until(room, "\n", ec), 1U);
            EXPECT_EQ(ec, errc::timed_out);
            EXPECT_EQ(room[0], '5');
        }
        both.client.send_all("67");
        both.client.close();
        EXPECT_EQ(both.server.recv_until(room, "\n", ec), 2U);
        EXPECT_EQ(ec, errc::end_of_stream);
    });
}

}  // namespace
}  // namespace cardea::conformance
