// Borrowing what arrived: all of it, in order, and nothing of it changes while it is borrowed.
#include "every_network.hpp"
#include "scenes.hpp"

#include <thread>

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(leases);

TEST_P(leases, give_what_arrived_and_then_the_end) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send_all("abc");
        EXPECT_EQ(both.server.recv_lease().text(), "abc");
        scope child;
        spawn_waiting(child, [&] { EXPECT_EQ(both.server.recv_lease().text(), "de"); });
        both.client.send_all("de");
        child.join();
        both.client.close();
        EXPECT_FALSE(both.server.recv_lease());
        EXPECT_FALSE(both.server.recv_lease());
    });
}

TEST_P(leases, an_echo_by_leases_loses_nothing_of_messages_and_bulk) {
    on_network([] {
        two_streams both = connected_pair();
        scope echo;
        echo.spawn([&] {
            while (const lease bytes = both.server.recv_lease()) both.server.send_all(bytes);
            both.server.shutdown(direction::send);
        });
        std::vector<std::byte> answer(300'000);
        std::uint64_t at = 0;
        for (const std::size_t size : {1U, 40U, 5'000U, 300'000U, 7U, 100U, 300'000U, 3U}) {
            scope sender;
            sender.spawn([&] { both.client.send_all(pattern_bytes(at, size)); });
            both.client.recv_exactly({answer.data(), size});
            ASSERT_EQ(matching_bytes({answer.data(), size}, at), size);
            at += size;
            sender.join();
        }
        both.client.shutdown(direction::send);
        EXPECT_EQ(both.client.recv(answer), 0U);
        echo.join();
    });
}

TEST_P(leases, stay_as_they_are_while_the_stream_goes_on) {
    on_network([] {
        two_streams both = connected_pair();
        std::vector<lease> held;
        std::uint64_t at = 0;
        for (int i = 0; i < 50; ++i) {
            both.client.send_all(pattern_bytes(at, 500));
            for (const std::uint64_t end = at + 500; at < end; at += held.back().size()) {
                held.push_back(both.server.recv_lease());
            }
        }
        at = 0;
        for (const lease& l : held) {
            EXPECT_EQ(matching_bytes(l, at), l.size());
            at += l.size();
        }
    });
}

TEST_P(leases, a_hoarder_starves_nobody) {
    on_network([] {
        two_streams greedy = connected_pair();
        two_streams other = connected_pair();
        std::vector<lease> held;
        std::array<char, 1> answer{};
        // More than the loop has buffers.
        for (int i = 0; i < 1'500; ++i) {
            greedy.client.send_all("x");
            held.push_back(greedy.server.recv_lease());
            ASSERT_EQ(held.back().text(), "x");
        }
        other.client.send_all("y");
        EXPECT_EQ(other.server.recv(answer), 1U);
        other.client.send_all("z");
        EXPECT_EQ(other.server.recv_lease().text(), "z");
        std::array<char, 1> room{};
        other.client.send_all("p");
        EXPECT_EQ(other.server.peek(room), 1U);
        EXPECT_EQ(other.server.recv(room), 1U);
        held.clear();
        greedy.client.send_all("!");
        EXPECT_EQ(greedy.server.recv_lease().text(), "!");
    });
}

TEST_P(leases, a_deadline_and_a_cancellation_end_the_wait_and_lose_nothing) {
    on_network([] {
        two_streams both = connected_pair();
        std::error_code ec;
        {
            const deadline soon(20ms);
            EXPECT_FALSE(both.server.recv_lease(ec));
            EXPECT_EQ(ec, errc::timed_out);
        }
        scope child;
        spawn_waiting(child, [&] {
            EXPECT_FALSE(both.server.recv_lease(ec));
            EXPECT_EQ(ec, errc::cancelled);
        });
        child.cancel();
        child.join();
        both.client.send_all("later");
        EXPECT_EQ(both.server.recv_lease().text(), "later");
    });
}

TEST_P(leases, mix_with_every_other_receive) {
    on_network([] {
        two_streams both = connected_pair();
        constexpr std::size_t much = 1'000'000;
        scope writer;
        writer.spawn([&] {
            both.client.send_all(pattern_bytes(0, much));
            both.client.shutdown(direction::send);
        });
        std::vector<std::byte> room(30'000);
        std::size_t total = 0;
        for (int i = 0;; ++i) {
            lease bytes;
            const_buffer got;
            if (i % 3 == 0) {
                bytes = both.server.recv_lease();
                got = bytes;
            } else if (i % 3 == 1) {
                got = {room.data(), both.server.recv({room.data(), 1 + static_cast<std::size_t>(i) * 37 % 29'000})};
            } else {
                got = {room.data(), both.server.peek({room.data(), 10})};
            }
            ASSERT_EQ(matching_bytes(got, total), got.size()) << "at " << total;
            if (got.empty()) break;
            if (i % 3 != 2) total += got.size();
        }
        EXPECT_EQ(total, much);
        writer.join();
    });
}

TEST_P(leases, outlive_the_socket_and_the_loop) {
    lease kept;
    const auto read = [&] {
        two_streams both = connected_pair();
        both.client.send_all("kept");
        kept = both.server.recv_lease();
        both.server.close();
        EXPECT_EQ(kept.text(), "kept");
    };
    std::thread([&] {
        if (runs_on_threads()) {
            read();
        } else {
            in_a_loop(read);
        }
        EXPECT_EQ(kept.text(), "kept");
        kept.release();
    }).join();
}

TEST_P(leases, are_for_streams) {
    on_network([] {
        auto door = udp_socket::bind("127.0.0.1:0");
        std::error_code ec;
        EXPECT_FALSE(door.handle().recv_lease(ec));
        EXPECT_EQ(ec, errc::not_supported);
    });
}

TEST_P(leases, lines_and_frames_are_read_from_sockets) {
    on_network([] {
        two_streams both = connected_pair();
        scope client;
        client.spawn([&] {
            buffered_writer out(both.client);
            for (int i = 0; i < 2'000; ++i) out.send_all("line " + std::to_string(i) + (i % 2 == 0 ? "\n" : "\r\n"));
            out.flush();
            frame_writer frames(both.client, {.length_bytes = 2});
            for (std::size_t i = 0; i < 200; ++i) frames.send(pattern_bytes(0, i * i % 5'000));
            both.client.shutdown(direction::send);
        });
        buffered_reader in(both.server);
        line_reader lines(in);
        for (int i = 0; i < 2'000; ++i) ASSERT_EQ(lines.next(), "line " + std::to_string(i));
        frame_reader frames(in, {.length_bytes = 2});
        for (std::size_t i = 0; i < 200; ++i) {
            const auto frame = frames.next();
            ASSERT_TRUE(frame);
            ASSERT_EQ(frame->size(), i * i % 5'000);
            ASSERT_EQ(matching_bytes(*frame, 0), frame->size());
        }
        EXPECT_FALSE(frames.next());
        client.join();
    });
}

TEST_P(leases, a_reader_that_timed_out_goes_on_and_one_that_has_done_gives_back) {
    on_network([] {
        two_streams both = connected_pair();
        buffered_reader in(both.server);
        line_reader lines(in);
        both.client.send_all("STAR");
        std::error_code ec;
        {
            const deadline soon(20ms);
            EXPECT_FALSE(lines.next(ec));
            EXPECT_EQ(ec, errc::timed_out);
        }
        both.client.send_all("TTLS\r\nhello, securely");
        EXPECT_EQ(lines.next(), "STARTTLS");
        in.give_back();
        std::string rest(15, ' ');
        both.server.recv_exactly(rest);
        EXPECT_EQ(rest, "hello, securely");
    });
}

}  // namespace
}  // namespace cardea::conformance
