// A stream carries bytes: all of them, in order, both ways, however they are cut on the way.
#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(streams);

// Receives until the end and holds every byte against the pattern.
std::uint64_t read_pattern(stream& from, std::size_t room) {
    std::vector<std::byte> buffer(room);
    std::uint64_t total = 0;
    while (const std::size_t n = from.recv(buffer)) {
        const std::size_t good = matching_bytes({buffer.data(), n}, total);
        total += n;
        if (good != n) {
            ADD_FAILURE() << "wrong byte at " << total - n + good;
            break;
        }
    }
    return total;
}

void write_pattern(stream& to, std::uint64_t total, std::size_t piece) {
    for (std::uint64_t done = 0; done < total;) {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(piece, total - done));
        to.send_all(pattern_bytes(done, n));
        done += n;
    }
    to.shutdown(direction::send);
}

TEST_P(streams, recv_gives_what_there_is_and_waits_for_at_least_one_byte) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 100> room{};
        both.client.send_all("abc");
        EXPECT_EQ(both.server.recv(room), 3U);
        EXPECT_EQ(std::string(room.data(), 3), "abc");
        both.client.send_all("defgh");
        EXPECT_EQ(both.server.recv({room.data(), 2}), 2U);
        EXPECT_EQ(std::string(room.data(), 2), "de");
        both.server.recv_exactly({room.data(), 3});
        EXPECT_EQ(std::string(room.data(), 3), "fgh");
        scope child;
        spawn_waiting(child, [&] { EXPECT_EQ(both.server.recv(room), 1U); });
        both.client.send_all("i");
        child.join();
    });
}

TEST_P(streams, the_end_of_the_stream_is_zero_again_and_again) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send_all("last");
        both.client.close();
        std::array<char, 100> room{};
        EXPECT_EQ(both.server.recv(room), 4U);
        for (int i = 0; i < 3; ++i) EXPECT_EQ(both.server.recv(room), 0U);
    });
}

TEST_P(streams, no_room_and_no_data_are_nothing) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send_all("");
        EXPECT_EQ(both.client.send(""), 0U);
        EXPECT_EQ(both.server.recv(mutable_buffer()), 0U);
        both.server.recv_exactly(mutable_buffer());
        both.client.send_all("x");
        std::array<char, 8> room{};
        EXPECT_EQ(both.server.recv(room), 1U);
    });
}

TEST_P(streams, short_recv_never_loses_or_repeats_a_byte) {
    on_network([] {
        two_streams both = connected_pair();
        scope writer;
        writer.spawn([&] { write_pattern(both.client, 300'000, 7'001); });
        std::uint64_t total = 0;
        std::vector<std::byte> room(20'000);
        for (std::size_t size = 1;; size = size * 7 % 19'997) {
            const std::size_t n = both.server.recv({room.data(), size});
            if (n == 0) break;
            ASSERT_LE(n, size);
            ASSERT_EQ(matching_bytes({room.data(), n}, total), n) << "at " << total;
            total += n;
        }
        EXPECT_EQ(total, 300'000U);
        writer.join();
    });
}

TEST_P(streams, short_send_is_finished_by_send_all_and_by_send) {
    on_network([] {
        two_streams both = connected_pair(true);
        const std::vector<std::byte> data = pattern_bytes(0, 500'000);
        scope writer;
        writer.spawn([&] {
            EXPECT_EQ(both.client.send({data.data(), 250'000}), 250'000U);
            both.client.send_all({data.data() + 250'000, 250'000});
            both.client.shutdown(direction::send);
        });
        EXPECT_EQ(read_pattern(both.server, 333), data.size());
        writer.join();
    });
}

TEST_P(streams, send_all_says_how_much_went_before_it_failed) {
    on_network([] {
        two_streams both = connected_pair(true);
        const std::vector<std::byte> data(8'000'000);
        const std::size_t sent = sent_until_late(both, [&] { both.client.send_all(data); });
        EXPECT_LT(sent, data.size());
        both.client.shutdown(direction::send);
        std::vector<std::byte> room(64 * 1024);
        std::size_t received = 1;
        while (const std::size_t n = both.server.recv(room)) received += n;
        EXPECT_EQ(received, sent);
    });
}

TEST_P(streams, recv_exactly_says_how_much_came_before_the_end) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send_all("1234567");
        both.client.shutdown(direction::send);
        std::array<char, 10> room{};
        try {
            both.server.recv_exactly(room);
            ADD_FAILURE() << "ten of seven bytes";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), errc::end_of_stream);
            EXPECT_EQ(e.bytes_done(), 7U);
            EXPECT_EQ(e.peer(), both.client.local());
        }
        std::error_code ec;
        EXPECT_EQ(both.server.recv_exactly(room, ec), 0U);
        EXPECT_EQ(ec, errc::end_of_stream);
    });
}

TEST_P(streams, ten_megabytes_both_ways_at_once) {
    on_network([] {
        constexpr std::uint64_t much = 10'000'000;
        two_streams both = connected_pair();
        std::uint64_t received_by_client = 0;
        std::uint64_t received_by_server = 0;
        scope all;
        all.spawn([&] { write_pattern(both.client, much, 65'536); });
        all.spawn([&] { write_pattern(both.server, much, 10'001); });
        all.spawn([&] { received_by_client = read_pattern(both.client, 65'536); });
        all.spawn([&] { received_by_server = read_pattern(both.server, 3'000); });
        all.join();
        EXPECT_EQ(received_by_client, much);
        EXPECT_EQ(received_by_server, much);
    });
}

TEST_P(streams, many_small_messages_there_and_back) {
    on_network([] {
        two_streams both = connected_pair();
        scope echo;
        echo.spawn([&] {
            std::array<char, 256> room{};
            while (const std::size_t n = both.server.recv(room)) both.server.send_all({room.data(), n});
        });
        std::array<char, 64> answer{};
        for (int i = 0; i < 3'000; ++i) {
            std::string question = std::to_string(i);
            question.resize(1 + static_cast<std::size_t>(i) % answer.size(), '.');
            both.client.send_all(question);
            both.client.recv_exactly({answer.data(), question.size()});
            ASSERT_EQ(std::string(answer.data(), question.size()), question);
        }
        both.client.shutdown(direction::send);
        echo.join();
    });
}

TEST_P(streams, bulk_then_messages_then_bulk_again) {
    on_network([] {
        two_streams both = connected_pair();
        scope writer;
        writer.spawn([&] {
            std::uint64_t at = 0;
            std::array<char, 1> go{};
            for (int round = 0; round < 6; ++round) {
                if (round % 2 == 0) {
                    both.client.send_all(pattern_bytes(at, 400'000));
                    at += 400'000;
                } else {
                    for (int i = 0; i < 100; ++i, at += 40) {
                        both.client.send_all(pattern_bytes(at, 40));
                        both.client.recv_exactly(go);
                    }
                }
            }
            both.client.shutdown(direction::send);
        });
        std::vector<std::byte> room(64 * 1024);
        std::uint64_t at = 0;
        for (;;) {
            const std::size_t n = both.server.recv(room);
            if (n == 0) break;
            ASSERT_EQ(matching_bytes({room.data(), n}, at), n);
            at += n;
            const std::uint64_t within_round = at % 404'000;
            if (within_round == 0 || (within_round > 400'000 && within_round % 40 == 0)) both.server.send_all("g");
        }
        EXPECT_EQ(at, 3 * 404'000U);
        writer.join();
    });
}

TEST_P(streams, what_two_senders_send_at_once_does_not_mix) {
    on_network([] {
        two_streams both = connected_pair(true);
        constexpr std::size_t each = 400'000;
        scope senders;
        for (const char letter : {'a', 'b', 'c'}) {
            senders.spawn([&both, letter] { both.client.send_all(std::string(each, letter)); });
        }
        std::string room(10'000, ' ');
        std::string runs;
        std::size_t total = 0;
        while (total < 3 * each) {
            const std::size_t n = both.server.recv(room);
            ASSERT_GT(n, 0U);
            total += n;
            for (std::size_t i = 0; i < n; ++i) {
                if (runs.empty() || runs.back() != room[i]) runs += room[i];
            }
        }
        EXPECT_EQ(runs.size(), 3U) << "calls in one direction are served in order, yet these mixed: " << runs;
        senders.join();
    });
}

TEST_P(streams, several_readers_share_a_stream_without_loss) {
    on_network([] {
        two_streams both = connected_pair();
        constexpr std::size_t much = 200'000;
        std::atomic<std::size_t> total{0};
        scope all;
        for (int i = 0; i < 4; ++i) {
            all.spawn([&] {
                std::array<char, 999> room{};
                while (const std::size_t n = both.server.recv(room)) total += n;
            });
        }
        write_pattern(both.client, much, 1'777);
        all.join();
        EXPECT_EQ(total, much);
    });
}

TEST_P(streams, copy_forwards_everything_and_the_end) {
    on_network([] {
        two_streams in = connected_pair();
        two_streams out = connected_pair();
        scope all;
        all.spawn([&] { EXPECT_EQ(copy(in.server, out.client), 1'000'000U); });
        all.spawn([&] { write_pattern(in.client, 1'000'000, 50'000); });
        EXPECT_EQ(read_pattern(out.server, 8'192), 1'000'000U);
        all.join();
    });
}

TEST_P(streams, back_pressure_stops_a_sender_whose_reader_does_not_read) {
    on_network([] {
        two_streams both = connected_pair(true);
        both.client.send_all(pattern_bytes(0, 1));
        std::array<std::byte, 1> one{};
        both.server.recv_exactly(one);
        // The reader has read once and stopped. What the buffers and the network hold is bounded.
        const std::size_t sent = fill(both.client);
        EXPECT_LT(sent, 1'000'000U);
        std::vector<std::byte> room(sent);
        both.server.recv_exactly(room);
        both.client.send_all("and on it goes");
        std::array<char, 14> rest{};
        both.server.recv_exactly(rest);
    });
}

}  // namespace
}  // namespace cardea::conformance
