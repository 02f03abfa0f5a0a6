// Several buffers as if they were one, there and back.
#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(vectored);

std::vector<const_buffer> pieces_of(const std::vector<std::byte>& data, std::size_t size) {
    std::vector<const_buffer> pieces;
    for (std::size_t at = 0; at < data.size(); at += size) {
        pieces.emplace_back(data.data() + at, std::min(size, data.size() - at));
    }
    return pieces;
}

TEST_P(vectored, send_of_several_buffers_is_one_stretch_of_the_stream) {
    on_network([] {
        two_streams both = connected_pair();
        const std::string body = "body";
        EXPECT_EQ(both.client.send_vectored({"header ", "", body, "!"}), 12U);
        std::array<char, 12> room{};
        both.server.recv_exactly(room);
        EXPECT_EQ(std::string(room.data(), room.size()), "header body!");
        EXPECT_EQ(both.client.send_vectored({}), 0U);
        EXPECT_EQ(both.client.send_vectored({"", ""}), 0U);
    });
}

TEST_P(vectored, hundreds_of_buffers_go_through_a_narrow_way) {
    on_network([] {
        two_streams both = connected_pair(true);
        const std::vector<std::byte> data = pattern_bytes(0, 500'000);
        scope writer;
        writer.spawn([&] {
            EXPECT_EQ(both.client.send_vectored(pieces_of(data, 777)), data.size());
            both.client.shutdown(direction::send);
        });
        std::vector<std::byte> got(data.size() + 1);
        std::size_t total = 0;
        while (const std::size_t n = both.server.recv(mutable_buffer(got).after(total))) total += n;
        EXPECT_EQ(total, data.size());
        EXPECT_EQ(matching_bytes({got.data(), total}, 0), total);
        writer.join();
    });
}

TEST_P(vectored, recv_fills_the_rooms_in_order) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send_all("abcdefgh");
        std::array<char, 8> seen{};
        while (both.server.peek(seen) < 8) {
        }
        std::array<char, 3> first{};
        std::array<char, 4> second{};
        EXPECT_EQ(both.server.recv_vectored({first, mutable_buffer(), second}), 7U);
        EXPECT_EQ(std::string(first.data(), 3) + std::string(second.data(), 4), "abcdefg");
        EXPECT_EQ(both.server.recv_vectored({first, second}), 1U);
        EXPECT_EQ(first[0], 'h');
        both.client.close();
        EXPECT_EQ(both.server.recv_vectored({first, second}), 0U);
    });
}

TEST_P(vectored, recv_in_odd_rooms_loses_and_repeats_nothing) {
    on_network([] {
        two_streams both = connected_pair();
        const std::vector<std::byte> data = pattern_bytes(0, 600'000);
        scope writer;
        writer.spawn([&] {
            both.client.send_all(data);
            both.client.shutdown(direction::send);
        });
        std::vector<std::byte> room(20'000);
        std::size_t total = 0;
        for (std::size_t split = 1;; split = split * 7 % 9'973) {
            const std::size_t n = both.server.recv_vectored(
                {mutable_buffer(room.data(), split), mutable_buffer(room.data() + split, 5'000)});
            if (n == 0) break;
            ASSERT_EQ(matching_bytes({room.data(), n}, total), n) << "at " << total;
            total += n;
        }
        EXPECT_EQ(total, data.size());
        writer.join();
    });
}

TEST_P(vectored, a_deadline_ends_it_and_it_says_how_much_went) {
    on_network([] {
        two_streams both = connected_pair(true);
        const std::vector<std::byte> data(8'000'000);
        const std::size_t sent = sent_until_late(both, [&] { both.client.send_vectored(pieces_of(data, 100'000)); });
        both.client.shutdown(direction::send);
        std::vector<std::byte> room(64 * 1024);
        std::size_t received = 1;
        while (const std::size_t n = both.server.recv(room)) received += n;
        EXPECT_EQ(received, sent);
    });
}

TEST_P(vectored, buffers_of_a_datagram_make_one_datagram) {
    on_network([] {
        auto door = udp_socket::bind("127.0.0.1:0");
        auto client = udp_socket::connect(door.local());
        for (const std::size_t size : {std::size_t{6}, std::size_t{4}, std::size_t{1}}) {  // 2 buffers, 3, 40
            const std::vector<std::byte> data = pattern_bytes(0, size > 1 ? 12 : 40);
            client.handle().send_vectored(pieces_of(data, size));
            std::array<std::byte, 100> room{};
            const auto got = door.recv_from(room);
            EXPECT_EQ(got.size, data.size());
            EXPECT_EQ(matching_bytes({room.data(), got.size}, 0), got.size);
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
