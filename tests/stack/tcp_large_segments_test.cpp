// Segments of many MSS for devices that split them (GSO), and coalesced ones from devices that join them (GRO).
#include "tcp_pair.hpp"
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

connection_config bursts() {
    connection_config config = plain();
    config.max_send_burst = 65'000;
    return config;
}

TEST(tcp_large_segments, one_segment_carries_what_the_windows_allow) {
    script s{bursts()};
    s.connect_fully();
    s.send(50'000);
    s.expect(". 1:10001(10000) ack 1 gso 1000");  // the congestion window
    s.in(". 1:1(0) ack 10001");
    s.expect(". 10001:30001(20000) ack 1 gso 1000");
    s.in(". 1:1(0) ack 30001");
    s.expect("P. 30001:50001(20000) ack 1 gso 1000");
}

TEST(tcp_large_segments, whole_multiples_unless_it_is_the_end) {
    connection_config config = bursts();
    config.nagle = nagle_mode::off;
    script s{config};
    s.connect_fully("win 5500 mss 1000");
    s.send(9300);
    s.expect(". 1:5001(5000) ack 1 gso 1000");
    s.in(". 1:1(0) ack 5001 win 5500");
    s.expect("P. 5001:9301(4300) ack 1 gso 1000");
}

TEST(tcp_large_segments, single_segment_asks_for_no_split) {
    script s{bursts()};
    s.connect_fully();
    s.send(1000);
    s.expect("P. 1:1001(1000) ack 1 gso 0");
}

TEST(tcp_large_segments, partial_ack_inside_one_is_no_loss) {
    script s{bursts()};
    s.connect_fully();
    s.send(10'000);
    s.expect("P. 1:10001(10000) ack 1 gso 1000");
    for (int i = 1; i <= 10; ++i) s.in(". 1:1(0) ack " + std::to_string(1 + i * 1000));
    EXPECT_EQ(s.c->info().resends, 0U);
    EXPECT_TRUE(s.c->send_queue_empty());
}

TEST(tcp_large_segments, parts_cut_elsewhere_are_no_loss) {
    // Something on the way cut the segment into pieces of 700: acknowledged and SACKed on those bounds.
    connection_config config = bursts();
    config.sack = true;
    script s{config};
    s.connect_fully("win 65535 mss 1000 sackok");
    s.send(7000);
    s.drop_output();
    s.in(". 1:1(0) ack 1 sack 701:1401");
    s.in(". 1:1(0) ack 1401");
    s.in(". 1:1(0) ack 3501");
    s.in(". 1:1(0) ack 7001");
    EXPECT_EQ(s.c->info().resends, 0U);
    EXPECT_TRUE(s.c->send_queue_empty());
}

TEST(tcp_large_segments, stream_is_whole_when_parts_are_lost) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        connection_config config;
        config.max_send_burst = 65'000;
        link_options link;
        link.loss = 20;
        link.split = seed % 2 == 0;  // either parts are lost, or all of one
        connection_pair p{seed, link, config, config};
        p.flow_of(true).to_send = 1'000'000;
        p.open();
        ASSERT_TRUE(p.run([&] { return p.flow_of(false).received == 1'000'000; }, p.now() + 3600 * seconds))
            << "seed " << seed;
        if (link.split) {
            EXPECT_LE(p.a().info().bytes_resent, 3 * 1448 * (p.lost + 1)) << "seed " << seed;
        }
    }
}

TEST(tcp_large_segments, coalesced_ones_are_taken_in_whole) {
    link_options link;
    link.split = false;  // what leaves large arrives large
    connection_config config;
    config.max_send_burst = 65'000;
    connection_pair p{1, link, config, config};
    p.flow_of(true).to_send = 10'000'000;
    p.open();
    ASSERT_TRUE(p.run([&] { return p.flow_of(false).received == 10'000'000; }, p.now() + 600 * seconds));
    EXPECT_LT(p.a().info().segments_out, 2000U);
    EXPECT_EQ(p.a().info().resends, 0U);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
