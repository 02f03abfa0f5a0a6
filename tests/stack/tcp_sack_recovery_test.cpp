// Loss recovery with SACK (RFC 2018, RFC 6675), rate reduction (RFC 6937), and receivers that renege.
#include "stack/tcp/prr.hpp"
#include "stack/tcp/scoreboard.hpp"
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

script ten_in_flight(std::uint32_t burst = 1000) {
    connection_config config = with_sack();
    config.max_send_burst = burst;
    script s{config};
    s.connect_fully("win 65535 mss 1000 sackok");
    s.send(10'000);
    s.drop_output();
    return s;
}

TEST(tcp_sack_recovery, three_sacked_segments_resend_the_hole) {
    script s = ten_in_flight();
    s.in(". 1:1(0) ack 1 sack 1001:2001");
    s.in(". 1:1(0) ack 1 sack 1001:3001");
    s.quiet();
    s.in(". 1:1(0) ack 1 sack 1001:4001");
    s.expect(". 1:1001(1000) ack 1");
    s.quiet();
    EXPECT_TRUE(s.c->info().in_recovery);
    EXPECT_EQ(s.c->info().ssthresh, 5000U);
    s.in(". 1:1(0) ack 10001");
    EXPECT_FALSE(s.c->info().in_recovery);
    EXPECT_EQ(s.c->info().cwnd, 5000U);
}

TEST(tcp_sack_recovery, one_ack_that_sacks_three_segments_is_enough) {
    script s = ten_in_flight();
    s.in(". 1:1(0) ack 1 sack 1001:4001");  // the receiver coalesced
    s.expect(". 1:1001(1000) ack 1");
}

TEST(tcp_sack_recovery, resends_each_hole_once) {
    script s = ten_in_flight();
    s.in(". 1:1(0) ack 1 sack 1001:2001");
    s.in(". 1:1(0) ack 1 sack 3001:4001 sack 1001:2001");
    s.in(". 1:1(0) ack 1 sack 5001:10001 sack 3001:4001 sack 1001:2001");
    s.expect(". 1:1001(1000) ack 1");
    s.in(". 1:1(0) ack 2001 sack 5001:10001 sack 3001:4001");
    s.expect(". 2001:3001(1000) ack 1");
    s.in(". 1:1(0) ack 4001 sack 5001:10001");
    s.expect(". 4001:5001(1000) ack 1");
    s.in(". 1:1(0) ack 10001");
    s.quiet();
    EXPECT_EQ(s.c->info().resends, 3U);
    EXPECT_EQ(s.c->info().timeouts, 0U);
}

TEST(tcp_sack_recovery, large_segments_are_recovered_by_the_mss) {
    script s = ten_in_flight(10'000);  // one segment of 10 000 for a device to split
    s.in(". 1:1(0) ack 1 sack 2001:5001");
    s.expect(". 1:1001(1000) ack 1 gso 0");
    s.in(". 1:1(0) ack 1 sack 2001:6001");
    s.in(". 1:1(0) ack 1 sack 2001:7001");
    s.expect(". 1001:2001(1000) ack 1");
    s.in(". 1:1(0) ack 10001");
    s.quiet();
    EXPECT_EQ(s.c->info().bytes_resent, 2000U);
}

TEST(tcp_sack_recovery, lost_retransmission_is_left_to_the_timer) {
    script s = ten_in_flight();
    s.in(". 1:1(0) ack 1 sack 1001:10001");
    s.expect(". 1:1001(1000) ack 1");
    s.quiet();
    s.wait(250 * milliseconds);
    s.expect(". 1:1001(1000) ack 1");
    EXPECT_EQ(s.c->info().timeouts, 1U);
}

TEST(tcp_sack_recovery, sacked_data_is_not_resent_after_a_timeout) {
    script s = ten_in_flight();
    s.in(". 1:1(0) ack 1 sack 9001:10001");
    s.wait(300 * milliseconds);
    s.expect(". 1:1001(1000) ack 1");
    s.in(". 1:1(0) ack 9001 sack 9001:10001");
    s.quiet();
}

TEST(tcp_sack_recovery, reneging_receiver_is_believed_no_more) {
    script s = ten_in_flight();
    s.in(". 1:1(0) ack 1 sack 1001:10001");
    s.drop_output();
    s.in(". 1:1(0) ack 1001");  // and not 10001: it has dropped what it held
    s.wait(250 * milliseconds);
    s.expect(". 1001:2001(1000) ack 1");
    s.in(". 1:1(0) ack 2001");
    s.expect(". 2001:3001(1000) ack 1");
}

TEST(tcp_sack_recovery, duplicate_report_starts_nothing) {
    script s = ten_in_flight();
    s.in(". 1:1(0) ack 5001");
    s.in(". 1:1(0) ack 5001 sack 1:1001");
    s.in(". 1:1(0) ack 5001 sack 1001:2001");
    s.in(". 1:1(0) ack 5001 sack 2001:3001");
    s.quiet();
    EXPECT_EQ(s.c->info().dsacks_in, 3U);
    EXPECT_FALSE(s.c->info().in_recovery);
}

TEST(tcp_sack_recovery, nonsense_blocks_are_ignored) {
    script s = ten_in_flight();
    s.in(". 1:1(0) ack 1 sack 4001:3001");
    s.in(". 1:1(0) ack 1 sack 9001:90001");
    s.in(". 1:1(0) ack 1 sack 20001:30001");
    s.in(". 1:1(0) ack 1 sack 1500:1600");  // inside a segment: nothing whole has arrived
    EXPECT_EQ(s.c->info().in_flight, 10'000U);
    EXPECT_EQ(s.c->info().resends, 0U);
}

TEST(tcp_sack_recovery, rescue_retransmission_at_the_end_of_the_window) {
    script s = ten_in_flight();
    // Lost: the first segment and the last two. Nothing above the last two can SACK them out.
    s.in(". 1:1(0) ack 1 sack 1001:4001");
    s.expect(". 1:1001(1000) ack 1");
    s.in(". 1:1(0) ack 1 sack 1001:6001");
    s.quiet();
    s.in(". 1:1(0) ack 1 sack 1001:8001");
    s.expect("P. 9001:10001(1000) ack 1");  // RFC 6675 NextSeg (4)
    s.in(". 1:1(0) ack 8001 sack 9001:10001");
    EXPECT_EQ(s.c->info().timeouts, 0U);
}

TEST(tcp_sack_recovery, window_is_reduced_in_proportion) {
    proportional_rate_reduction prr;
    prr.start(20'000);
    // Above ssthresh: half of what is delivered may be sent.
    EXPECT_EQ(prr.on_ack(1000, 19'000, 10'000, 1000), 500U);
    EXPECT_EQ(prr.on_ack(1000, 18'000, 10'000, 1000), 1000U);
    prr.sent(1000);
    EXPECT_EQ(prr.on_ack(1000, 18'000, 10'000, 1000), 500U);
    // Below it: back up, by at most one segment more than delivered.
    EXPECT_EQ(prr.on_ack(1000, 5000, 10'000, 1000), 4000U);
    prr.start(3000);
    EXPECT_EQ(prr.on_ack(1000, 3000, 1000, 1000), 334U);  // the share is rounded up
    prr.sent(2000);
    EXPECT_EQ(prr.on_ack(100, 500, 10'000, 1000), 1100U);  // also when more has been sent than delivered
}

TEST(tcp_sack_recovery, pipe_counts_what_is_in_the_network) {
    scoreboard b;
    b.start(sequence{1});
    for (std::uint32_t i = 0; i < 10; ++i) b.sent(sequence{1 + i * 100}, sequence{101 + i * 100}, 100, i);
    EXPECT_EQ(b.pipe(), 1000U);
    delivery d;
    b.apply_sack({sequence{301}, sequence{801}}, d);
    EXPECT_EQ(d.sacked, 500U);
    EXPECT_EQ(b.pipe(), 500U);
    EXPECT_TRUE(b.first_is_lost(100));
    b.mark_lost_below_sacks(100);
    EXPECT_EQ(b.lost(), 300U);
    EXPECT_EQ(b.pipe(), 200U);
    auto const r = b.next_lost(100);
    ASSERT_TRUE(r);
    EXPECT_EQ(r->begin, sequence{1});
    b.resent(r->begin, r->end, 100, 50);
    EXPECT_EQ(b.pipe(), 300U);
    b.acknowledge(sequence{1001}, d);
    EXPECT_TRUE(b.empty());
    EXPECT_EQ(b.pipe(), 0U);
    EXPECT_EQ(b.outstanding(), 0U);
}

TEST(tcp_sack_recovery, hostile_blocks_do_not_grow_the_scoreboard) {
    scoreboard b;
    b.start(sequence{1});
    b.sent(sequence{1}, sequence{100'001}, 1000, 0);
    delivery d;
    for (std::uint32_t i = 0; i < 100'000; i += 2) b.apply_sack({sequence{1 + i}, sequence{2 + i}}, d);
    EXPECT_EQ(b.run_count(), 1U);
    for (std::uint32_t i = 0; i < 100'000; i += 2000) b.apply_sack({sequence{1 + i}, sequence{1001 + i}}, d);
    EXPECT_EQ(b.run_count(), 100U);
    EXPECT_EQ(b.pipe(), 50'000U);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
