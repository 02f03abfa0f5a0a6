// Many datagrams in one call: all arrive, once, in order and uncut, whatever is glued together on the way.
#include <cardea/batch.hpp>
#include <cardea/datagram.hpp>
#include <cardea/passing.hpp>

#include "every_network.hpp"
#include "own_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(batches);
CARDEA_CONFORMANCE_OF_KERNELS(batches_on_kernels);

// Datagrams of those sizes, one after the other in `bytes`.
std::vector<outgoing_datagram> cut(const std::vector<std::byte>& bytes, const std::vector<std::size_t>& sizes,
                                   const endpoint* to = nullptr) {
    std::vector<outgoing_datagram> all;
    std::size_t at = 0;
    for (const std::size_t size : sizes) {
        all.push_back({{bytes.data() + at, size}, to});
        at += size;
    }
    return all;
}

// Receives until `count` have come; checks that they are those sizes, with the pattern's bytes.
void expect_all(udp_socket& from, const std::vector<std::size_t>& sizes, const endpoint& sender) {
    datagram_batch batch;
    std::size_t i = 0;
    std::uint64_t position = 0;
    while (i < sizes.size()) {
        const deadline limit(ages);
        ASSERT_GE(recv_batch(from, batch), 1U);
        std::size_t counted = 0;
        for (const received_datagram& one : batch) {
            ASSERT_LT(i, sizes.size());
            ASSERT_EQ(one.data.size(), sizes[i]) << "datagram " << i;
            EXPECT_EQ(matching_bytes(one.data, position), sizes[i]);
            EXPECT_EQ(one.from(), sender);
            EXPECT_FALSE(one.truncated());
            position += sizes[i++];
            ++counted;
        }
        EXPECT_EQ(counted, batch.size());
    }
}

TEST_P(batches, equal_ones_to_one_peer_arrive_in_order) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        server.set(option::receive_buffer{1 << 20});
        udp_socket client = udp_socket::connect(server.local());
        const std::vector<std::size_t> sizes(100, 1200);
        const std::vector<std::byte> bytes = pattern_bytes(0, 100 * 1200);
        EXPECT_EQ(send_batch(client, cut(bytes, sizes)), 100U);
        expect_all(server, sizes, client.local());
    });
}

TEST_P(batches, of_all_sizes_and_none) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        server.set(option::receive_buffer{1 << 20});
        udp_socket client = udp_socket::connect(server.local());
        // Trains that end in a shorter one, single ones, empty ones, growing ones.
        const std::vector<std::size_t> sizes{700, 700, 700, 20, 700, 0,    0,    5,    5,   5,
                                             5,   1,   2,   3,  4,   1400, 1400, 9000, 9000};
        std::size_t total = 0;
        for (const std::size_t s : sizes) total += s;
        const std::vector<std::byte> bytes = pattern_bytes(0, total);
        std::error_code ec;
        EXPECT_EQ(send_batch(client, cut(bytes, sizes), ec), sizes.size());
        EXPECT_FALSE(ec) << ec.message();
        expect_all(server, sizes, client.local());
    });
}

TEST_P(batches, scattered_in_memory_and_from_an_unconnected_dual_stack_socket) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        server.set(option::receive_buffer{1 << 20});
        udp_socket client = udp_socket::bind("*:0");
        const endpoint to = server.local();
        std::vector<std::vector<std::byte>> pieces;
        std::vector<outgoing_datagram> all;
        for (std::uint64_t i = 0; i < 70; ++i) pieces.push_back(pattern_bytes(i * 300, 300));
        for (const auto& piece : pieces) all.push_back({piece, &to});
        EXPECT_EQ(send_batch(client, all), 70U);
        expect_all(server, std::vector<std::size_t>(70, 300), endpoint::loopback(family::inet, client.local().port()));
    });
}

TEST_P(batches, to_several_peers) {
    on_network([] {
        std::array<udp_socket, 3> peers{udp_socket::bind("127.0.0.1:0"), udp_socket::bind("127.0.0.1:0"),
                                        udp_socket::bind("127.0.0.1:0")};
        udp_socket client = udp_socket::bind("127.0.0.1:0");
        std::array<endpoint, 3> names;
        for (std::size_t i = 0; i < 3; ++i) names[i] = peers[i].local();
        std::vector<outgoing_datagram> all;
        for (std::size_t i = 0; i < 60; ++i) all.push_back({"to one of three", &names[i % 3]});
        EXPECT_EQ(send_batch(client, all), 60U);
        for (udp_socket& one : peers) {
            std::array<char, 64> room{};
            for (int i = 0; i < 20; ++i) EXPECT_EQ(one.recv_from(room).size, 15U);
        }
    });
}

TEST_P(batches, the_one_that_fails_is_reported_with_how_many_went) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        const std::vector<char> too_big(70'000);
        const std::vector<outgoing_datagram> all{{"one"}, {"two"}, {too_big}, {"four"}};
        std::error_code ec;
        EXPECT_EQ(send_batch(client, all, ec), 2U);
        EXPECT_EQ(ec, std::errc::message_size);
        EXPECT_EQ(send_batch(client, all), 2U) << "throws of what is first only";
        EXPECT_THROW(send_batch(client, std::span(all).subspan(2)), error);
        std::array<char, 8> room{};
        for (int i = 0; i < 4; ++i) EXPECT_EQ(server.recv_from(room).size, 3U);
    });
}

TEST_P(batches, plain_calls_after_a_batch_give_one_datagram_each) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        server.set(option::receive_buffer{1 << 20});
        udp_socket client = udp_socket::connect(server.local());
        datagram_batch batch;
        client.send("hello");
        EXPECT_EQ(recv_batch(server, batch), 1U);
        const std::vector<std::size_t> sizes(40, 500);
        const std::vector<std::byte> bytes = pattern_bytes(0, 40 * 500);
        EXPECT_EQ(send_batch(client, cut(bytes, sizes)), 40U);
        std::vector<std::byte> room(2000);
        for (std::uint64_t i = 0; i < 30; ++i) {
            const received one = server.recv_from(room);
            ASSERT_EQ(one.size, 500U);
            EXPECT_EQ(one.from, client.local());
            EXPECT_EQ(matching_bytes({room.data(), one.size}, i * 500), 500U);
        }
        // And the rest in a batch again.
        std::uint64_t position = 30 * 500;
        while (position < bytes.size()) {
            recv_batch(server, batch);
            for (const received_datagram& one : batch) {
                EXPECT_EQ(one.data.size(), 500U);
                EXPECT_EQ(matching_bytes(one.data, position), 500U);
                position += one.data.size();
            }
        }
    });
}

TEST_P(batches, peek_shows_one_datagram_that_stays) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        const deadline limit(ages);
        datagram_batch batch;
        client.send("the first batch");
        recv_batch(server, batch);
        const std::vector<outgoing_datagram> three{{"one"}, {"two"}, {"end"}};
        EXPECT_EQ(send_batch(client, three), 3U);
        std::array<char, 100> room{};
        for (const outgoing_datagram& one : three) {
            EXPECT_EQ(server.handle().peek(room), 3U);
            EXPECT_EQ(std::string(room.data(), 3), one.data.text());
            EXPECT_EQ(server.handle().peek({room.data(), 1}), 1U);
            EXPECT_EQ(server.recv(room), 3U);
            EXPECT_EQ(std::string(room.data(), 3), one.data.text());
        }
        std::error_code ec;
        const deadline soon(1ms);
        EXPECT_EQ(server.handle().peek(room, ec), 0U);
        EXPECT_EQ(ec, errc::timed_out);
    });
}

TEST_P(batches, a_batch_waits_and_obeys_deadline_and_close) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        datagram_batch batch(1);
        std::error_code ec;
        {
            const deadline soon(10ms);
            EXPECT_EQ(recv_batch(server, batch, ec), 0U);
            EXPECT_EQ(ec, errc::timed_out);
        }
        scope child;
        spawn_waiting(child, [&] { EXPECT_EQ(recv_batch(server, batch), 1U); });
        client.send("");
        child.join();
        EXPECT_EQ((*batch.begin()).data.size(), 0U);
        scope other;
        spawn_waiting(other, [&] { recv_batch(server, batch, ec); });
        server.close();
        other.join();
        EXPECT_EQ(ec, errc::closed);
    });
}

TEST_P(batches, facts_come_with_a_batch) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        server.set(option::metadata{metadata::hop_limit | metadata::destination});
        udp_socket client = udp_socket::connect(server.local());
        send_datagram(client, "x", {.hop_limit = 9});
        datagram_batch batch(4);
        recv_batch(server, batch);
        const received_datagram one = *batch.begin();
        EXPECT_EQ(one.about->hop_limit, 9 - GetParam().routers);
        EXPECT_EQ(one.about->to.host(), "127.0.0.1");
    });
}

TEST_P(batches_on_kernels, what_the_path_cannot_segment_goes_one_by_one) {
    on_network(in_own_network({"ip link set lo mtu 1500"}, [] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        server.set(option::receive_buffer{1 << 20});
        udp_socket client = udp_socket::connect(server.local());
        // Segments larger than the MTU are refused (EINVAL, EMSGSIZE); the datagrams go, in fragments.
        std::vector<std::size_t> sizes(10, 3000);
        sizes.insert(sizes.end(), 20, 1200);
        const std::vector<std::byte> bytes = pattern_bytes(0, 10 * 3000 + 20 * 1200);
        std::error_code ec;
        EXPECT_EQ(send_batch(client, cut(bytes, sizes), ec), 30U);
        EXPECT_FALSE(ec) << ec.message();
        expect_all(server, sizes, client.local());
    }));
}

TEST_P(batches_on_kernels, unix_datagrams_in_batches) {
    on_network([] {
        auto [one, other] = socket_pair(family::local, type::datagram);
        const std::vector<outgoing_datagram> all{{"a"}, {"bc"}, {""}, {"def"}};
        EXPECT_EQ(send_batch(one, all), 4U);
        datagram_batch batch(8);
        std::vector<std::size_t> sizes;
        while (sizes.size() < 4) {
            recv_batch(other, batch);
            for (const received_datagram& d : batch) sizes.push_back(d.data.size());
        }
        EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 2, 0, 3}));
    });
}

TEST_P(batches_on_kernels, a_socket_that_moves_takes_along_what_was_glued) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        server.set(option::receive_buffer{1 << 20});
        udp_socket client = udp_socket::connect(server.local());
        datagram_batch batch;
        client.send("hello");
        recv_batch(server, batch);
        const std::vector<std::byte> bytes = pattern_bytes(0, 10 * 500);
        EXPECT_EQ(send_batch(client, cut(bytes, std::vector<std::size_t>(10, 500))), 10U);
        std::vector<std::byte> room(2000);
        EXPECT_EQ(server.recv_from(room).size, 500U);
        server.detach();
        std::thread([&] {
            for (std::uint64_t i = 1; i < 10; ++i) {
                EXPECT_EQ(server.recv_from(room).size, 500U);
                EXPECT_EQ(matching_bytes({room.data(), 500}, i * 500), 500U);
            }
            server.close();
        }).join();
    });
}

}  // namespace
}  // namespace cardea::conformance
