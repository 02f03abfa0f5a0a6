// What shows that the cases on "tun" and "sim_link" are cases on a wire.
#include "every_network.hpp"
#include "mirror.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(crossing);

std::uint64_t grown(std::uint64_t now, std::uint64_t before) { return now - before; }

TEST_P(crossing, a_stream_goes_over_the_device_in_large_segments_and_comes_back) {
    if (GetParam().name != std::string_view("tun")) GTEST_SKIP() << "this network has no device of its own";
    on_network([] {
        two_streams both = connected_pair();
        const device_traffic before = traffic_of("cardea");
        constexpr std::size_t size = 8'000'000;
        scope sender;
        sender.spawn([&] { both.client.send_all(pattern_bytes(0, size)); });
        std::vector<std::byte> room(size);
        both.server.recv_exactly(room);
        sender.join();
        EXPECT_EQ(matching_bytes(room, 0), size);
        const device_traffic after = traffic_of("cardea");
        const std::uint64_t bytes = grown(after.bytes_sent, before.bytes_sent);
        const std::uint64_t packets = grown(after.packets_sent, before.packets_sent);
        EXPECT_GE(bytes, size);
        EXPECT_GT(bytes, packets * 1500) << "no packet was larger than the device's MTU: segments were not left to it";
        EXPECT_GE(grown(after.packets_received, before.packets_received), size / 65'535);
    });
}

TEST_P(crossing, datagrams_go_over_the_device_in_fragments) {
    if (GetParam().name != std::string_view("tun")) GTEST_SKIP() << "this network has no device of its own";
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        const device_traffic before = traffic_of("cardea");
        client.send(pattern_bytes(0, 60'000));
        std::vector<std::byte> room(65'536);
        EXPECT_EQ(server.recv_from(room).size, 60'000U);
        EXPECT_EQ(matching_bytes({room.data(), 60'000}, 0), 60'000U);
        EXPECT_GE(grown(traffic_of("cardea").packets_sent, before.packets_sent), 60'000U / 1500);
    });
}

TEST_P(crossing, addresses_of_its_own_lie_over_the_device_too) {
    if (GetParam().name != std::string_view("tun")) GTEST_SKIP() << "this network has no device of its own";
    on_network([] {
        for (const char* own : {"10.97.0.2:0", "[fd97::2]:0"}) {
            tcp_listener door(own);
            const device_traffic before = traffic_of("cardea");
            tcp_stream client = tcp_stream::connect(door.local());
            tcp_stream server = door.accept();
            client.send_all("x");
            std::array<char, 1> room{};
            server.recv_exactly(room);
            EXPECT_GE(grown(traffic_of("cardea").packets_sent, before.packets_sent), 4U) << own;
        }
    });
}

TEST_P(crossing, the_ipv6_loopback_stays_within_the_host) {
    if (GetParam().name != std::string_view("tun")) GTEST_SKIP() << "this network has no device of its own";
    on_network([] {
        tcp_listener door("[::1]:0");
        const device_traffic before = traffic_of("cardea");
        tcp_stream client = tcp_stream::connect(door.local());
        tcp_stream server = door.accept();
        client.send_all("x");
        std::array<char, 1> room{};
        server.recv_exactly(room);
        EXPECT_EQ(traffic_of("cardea").packets_sent, before.packets_sent);
    });
}

TEST_P(crossing, a_simulated_link_takes_its_time) {
    if (GetParam().name != std::string_view("sim_link")) GTEST_SKIP() << "this network has no link with a set delay";
    on_network([] {
        const stopwatch time;
        two_streams both = connected_pair();
        EXPECT_GE(time.elapsed(), 2ms) << "a SYN and its answer, each a millisecond under way";
        const stopwatch transfer;
        both.client.send_all("x");
        std::array<char, 1> room{};
        both.server.recv_exactly(room);
        EXPECT_EQ(transfer.elapsed(), 1ms);
    });
}

}  // namespace
}  // namespace cardea::conformance
