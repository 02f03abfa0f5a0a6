// From stream to stream: one way, both ways with half-close, and what is left when either side fails.
#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(copying);

// client -> near | far -> server: the proxy copies between near and far.
struct line_of_four {
    two_streams left = connected_pair();
    two_streams right = connected_pair();
    tcp_stream& client = left.client;
    tcp_stream& near = left.server;
    tcp_stream& far = right.client;
    tcp_stream& server = right.server;
};

std::size_t read_to_the_end(stream& from, std::uint64_t at = 0) {
    std::vector<std::byte> room(10'000);
    std::size_t total = 0;
    while (const std::size_t n = from.recv(room)) {
        EXPECT_EQ(matching_bytes({room.data(), n}, at + total), n) << "at " << total;
        total += n;
    }
    return total;
}

TEST_P(copying, a_proxy_is_one_line) {
    on_network([] {
        line_of_four all;
        copied_both_ways went;
        scope others;
        others.spawn([&] { went = copy_both(all.near, all.far); });
        others.spawn([&] {
            all.client.send_all(pattern_bytes(0, 700'000));
            all.client.shutdown(direction::send);
        });
        others.spawn([&] {
            EXPECT_EQ(read_to_the_end(all.server), 700'000U);
            // The other way still goes on after this one's end.
            all.server.send_all(pattern_bytes(0, 300'000));
            all.server.shutdown(direction::send);
        });
        EXPECT_EQ(read_to_the_end(all.client), 300'000U);
        others.join();
        EXPECT_EQ(went.forth.bytes, 700'000U);
        EXPECT_EQ(went.back.bytes, 300'000U);
        EXPECT_FALSE(went.forth.ended);
        EXPECT_FALSE(went.back.ended);
    });
}

TEST_P(copying, a_reset_of_either_side_ends_both_ways_and_is_named) {
    on_network([] {
        for (const bool of_the_client : {true, false}) {
            line_of_four all;
            scope proxy;
            std::error_code ec;
            copied_both_ways went;
            spawn_waiting(proxy, [&] { went = copy_both(all.near, all.far, ec); });
            (of_the_client ? all.client : all.server).reset();
            proxy.join();
            EXPECT_EQ(ec, std::errc::connection_reset);
            const copied_way& broken = of_the_client ? went.forth : went.back;
            const copied_way& other = of_the_client ? went.back : went.forth;
            EXPECT_EQ(broken.ended, std::errc::connection_reset);
            EXPECT_FALSE(broken.sending);
            EXPECT_TRUE(other.ended);
            EXPECT_TRUE(other.sending) << "nothing can be sent to what has broken";
        }
    });
}

TEST_P(copying, a_reset_after_the_other_sides_end_is_a_reset) {
    on_network([] {
        line_of_four all;
        all.client.shutdown(direction::send);
        std::array<char, 1> room{};
        scope proxy;
        std::error_code ec;
        copied_both_ways went;
        spawn_waiting(proxy, [&] { went = copy_both(all.near, all.far, ec); });
        EXPECT_EQ(all.server.recv(room), 0U);
        all.server.reset();
        proxy.join();
        EXPECT_EQ(ec, std::errc::connection_reset);
        EXPECT_FALSE(went.forth.ended);
        EXPECT_EQ(went.back.ended, std::errc::connection_reset);
    });
}

TEST_P(copying, the_thrown_error_names_the_side_that_failed) {
    on_network([] {
        line_of_four all;
        const endpoint server = all.server.local();
        scope proxy;
        spawn_waiting(proxy, [&] {
            try {
                copy_both(all.near, all.far);
                ADD_FAILURE() << "the server has reset the connection";
            } catch (const error& e) {
                EXPECT_EQ(e.peer(), server) << e.what();
                EXPECT_EQ(e.code(), std::errc::connection_reset);
            }
        });
        all.server.reset();
        proxy.join();
    });
}

TEST_P(copying, a_deadline_around_it_ends_both_ways) {
    on_network([] {
        line_of_four all;
        const stopwatch since;
        std::error_code ec;
        {
            const deadline soon(50ms);
            const copied_both_ways went = copy_both(all.near, all.far, ec);
            EXPECT_EQ(ec, errc::timed_out);
            EXPECT_EQ(went.forth.ended, errc::timed_out);
            EXPECT_EQ(went.back.ended, errc::timed_out);
        }
        EXPECT_LT(since.elapsed(), ages);
        // Both are still open, and nothing was lost.
        all.client.send_all("x");
        std::array<char, 1> room{};
        EXPECT_EQ(all.near.recv(room), 1U);
    });
}

TEST_P(copying, a_deadline_ends_the_way_that_is_left) {
    on_network([] {
        line_of_four all;
        all.client.shutdown(direction::send);
        std::error_code ec;
        const deadline soon(50ms);
        const copied_both_ways went = copy_both(all.near, all.far, ec);
        EXPECT_EQ(ec, errc::timed_out);
        EXPECT_FALSE(went.forth.ended);
        EXPECT_EQ(went.back.ended, errc::timed_out);
    });
}

TEST_P(copying, a_cancellation_unwinds_it) {
    on_network([] {
        line_of_four all;
        bool unwound = false;
        scope proxy;
        spawn_waiting(proxy, [&] {
            try {
                copy_both(all.near, all.far);
            } catch (const cancelled&) {
                unwound = true;
                throw;
            }
        });
        proxy.cancel();
        proxy.join();
        EXPECT_TRUE(unwound);
    });
}

TEST_P(copying, bytes_that_were_not_taken_can_still_be_received) {
    on_network([] {
        two_streams from = connected_pair();
        two_streams to = connected_pair(true);
        constexpr std::size_t much = 1'000'000;
        scope writer;
        writer.spawn([&] {
            from.client.send_all(pattern_bytes(0, much));
            from.client.shutdown(direction::send);
        });
        std::error_code ec;
        std::size_t passed_on = 0;
        {
            const deadline soon(100ms);
            passed_on = copy(from.server, to.client, ec);
            EXPECT_EQ(ec, errc::timed_out) << "nobody reads at the other end";
        }
        std::vector<std::byte> room(64 * 1024);
        std::size_t total = passed_on;
        while (const std::size_t n = from.server.recv(room)) {
            ASSERT_EQ(matching_bytes({room.data(), n}, total), n) << "at " << total;
            total += n;
        }
        EXPECT_EQ(total, much);
        writer.join();
    });
}

TEST_P(copying, splice_moves_what_is_there_and_no_more_than_was_asked) {
    on_network([] {
        two_streams from = connected_pair();
        two_streams to = connected_pair();
        from.client.send_all("abcdefgh");
        std::array<char, 8> room{};
        while (from.server.peek(room) < 8) {
        }
        EXPECT_EQ(splice(from.server, to.client, 3), 3U);
        EXPECT_EQ(splice(from.server, to.client, 100), 5U);
        to.server.recv_exactly(room);
        EXPECT_EQ(std::string(room.data(), 8), "abcdefgh");
        from.client.close();
        EXPECT_EQ(splice(from.server, to.client, 100), 0U);
    });
}

TEST_P(copying, splice_moves_bulk_without_loss) {
    on_network([] {
        two_streams from = connected_pair();
        two_streams to = connected_pair();
        constexpr std::size_t much = 2'000'000;
        scope all;
        all.spawn([&] {
            from.client.send_all(pattern_bytes(0, much));
            from.client.shutdown(direction::send);
        });
        all.spawn([&] {
            while (splice(from.server, to.client, 100'000) > 0) {
            }
            to.client.shutdown(direction::send);
        });
        EXPECT_EQ(read_to_the_end(to.server), much);
        all.join();
    });
}

constexpr std::size_t bulk = 200'000;

// Moves bulk until the line is warm: from then on each step is spliced where the network can.
std::size_t move_bulk(two_streams& from, two_streams& to, std::size_t at) {
    scope writer;
    writer.spawn([&] { from.client.send_all(pattern_bytes(at, bulk)); });
    scope reader;
    reader.spawn([&] {
        std::vector<std::byte> room(bulk);
        to.server.recv_exactly(room);
        EXPECT_EQ(matching_bytes(room, at), bulk);
    });
    for (std::size_t moved = 0; moved < bulk;) moved += splice(from.server, to.client, bulk);
    reader.join();
    writer.join();
    return at + bulk;
}

TEST_P(copying, a_cancellation_amid_bulk_loses_nothing) {
    on_network([] {
        two_streams from = connected_pair();
        two_streams to = connected_pair(true);
        std::size_t at = move_bulk(from, to, 0);
        const std::size_t much = at + 5'000'000;
        scope writer;
        writer.spawn([&from, data = pattern_bytes(at, much - at)] {
            from.client.send_all(data);
            from.client.shutdown(direction::send);
        });
        // Again and again, with the receiver's window full: nobody reads meanwhile.
        draws random(at);
        for (int round = 0; round < 10; ++round) {
            std::uint64_t passed_on = 0;
            std::error_code ec;
            {
                const deadline soon(std::chrono::microseconds(random.below(4'000)));
                passed_on = copy(from.server, to.client, ec);
            }
            EXPECT_EQ(ec, errc::timed_out);
            std::vector<std::byte> room(static_cast<std::size_t>(passed_on));
            to.server.recv_exactly(room);
            ASSERT_EQ(matching_bytes(room, at), room.size()) << "at " << at;
            at += room.size();
        }
        // What the last round could not pass on comes first.
        EXPECT_EQ(read_to_the_end(from.server, at), much - at);
        writer.join();
    });
}

TEST_P(copying, a_receiver_that_resets_amid_bulk_costs_no_byte_of_what_it_did_not_take) {
    on_network([] {
        two_streams from = connected_pair();
        two_streams to = connected_pair(true);
        const std::size_t at = move_bulk(from, to, 0);
        const std::size_t much = at + 2'000'000;
        scope others;
        others.spawn([&] {
            from.client.send_all(pattern_bytes(at, much - at));
            from.client.shutdown(direction::send);
        });
        std::uint64_t passed_on = 0;
        std::error_code ec;
        scope proxy;
        spawn_waiting(proxy, [&] { passed_on = copy(from.server, to.client, ec); });
        to.server.reset();
        proxy.join();
        EXPECT_TRUE(ec == std::errc::connection_reset || ec == std::errc::broken_pipe) << ec.message();
        const std::size_t rest = at + static_cast<std::size_t>(passed_on);
        EXPECT_EQ(read_to_the_end(from.server, rest), much - rest);
        others.join();
    });
}

TEST_P(copying, what_was_put_back_goes_before_bulk) {
    on_network([] {
        two_streams from = connected_pair();
        two_streams to = connected_pair();
        const std::size_t at = move_bulk(from, to, 0);
        scope writer;
        writer.spawn([&] {
            from.client.send_all(pattern_bytes(at, 100'000));
            from.client.shutdown(direction::send);
        });
        std::vector<std::byte> room(30'000);
        from.server.recv_exactly(room);
        from.server.put_back({room.data(), room.size()});
        scope proxy;
        proxy.spawn([&] { EXPECT_EQ(copy(from.server, to.client), 100'000U); });
        EXPECT_EQ(read_to_the_end(to.server, at), 100'000U);
        proxy.join();
    });
}

TEST_P(copying, messages_after_bulk_pass_as_they_come) {
    on_network([] {
        two_streams from = connected_pair();
        two_streams to = connected_pair();
        std::size_t at = move_bulk(from, to, 0);
        scope proxy;
        proxy.spawn([&] { copy(from.server, to.client); });
        std::array<std::byte, 100> room{};
        for (int i = 0; i < 50; ++i, at += room.size()) {
            from.client.send_all(pattern_bytes(at, room.size()));
            to.server.recv_exactly(room);
            EXPECT_EQ(matching_bytes(room, at), room.size());
        }
        from.client.shutdown(direction::send);
        EXPECT_EQ(to.server.recv(room), 0U);
        proxy.join();
    });
}

TEST_P(copying, many_at_once_lose_nothing) {
    on_network([] {
        constexpr std::size_t pairs = 20;
        std::vector<two_streams> from(pairs);
        std::vector<two_streams> to(pairs);
        scope all;
        for (std::size_t i = 0; i < pairs; ++i) {
            from[i] = connected_pair();
            to[i] = connected_pair(true);
            all.spawn([&, i] {
                from[i].client.send_all(pattern_bytes(0, 1'000'000));
                from[i].client.shutdown(direction::send);
            });
            all.spawn([&, i] { copy(from[i].server, to[i].client); });
        }
        for (std::size_t i = 0; i < pairs; ++i) EXPECT_EQ(read_to_the_end(to[i].server), 1'000'000U);
        all.join();
    });
}

}  // namespace
}  // namespace cardea::conformance
