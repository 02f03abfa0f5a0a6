// Loss recovery with a peer that sends no SACKs: fast retransmit and NewReno (RFC 5681, RFC 6582), limited transmit
// (RFC 3042).
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

/// Ten segments of 1000 in flight and more waiting.
script ten_in_flight() {
    script s;
    s.connect_fully();
    s.send(20'000);
    EXPECT_EQ(s.drop_output(), 10U);
    return s;
}

TEST(tcp_fast_retransmit, third_duplicate_resends_the_first) {
    script s = ten_in_flight();
    s.in(". 1:1(0) ack 1");
    s.expect(". 10001:11001(1000) ack 1");  // limited transmit
    s.in(". 1:1(0) ack 1");
    s.expect(". 11001:12001(1000) ack 1");
    s.in(". 1:1(0) ack 1");
    s.expect(". 1:1001(1000) ack 1");
    s.quiet();
    connection_info const i = s.c->info();
    EXPECT_TRUE(i.in_recovery);
    EXPECT_EQ(i.ssthresh, 5000U);     // half of the ten in flight, limited transmit's two not counted
    EXPECT_EQ(i.cwnd, 5000U + 3000);  // inflated by what has left the network
    EXPECT_EQ(i.timeouts, 0U);
}

TEST(tcp_fast_retransmit, more_duplicates_let_new_data_go) {
    script s = ten_in_flight();
    for (int i = 0; i < 3; ++i) s.in(". 1:1(0) ack 1");
    s.drop_output();
    for (int i = 0; i < 4; ++i) s.in(". 1:1(0) ack 1");  // window 12 000, twelve in flight
    s.quiet();
    s.in(". 1:1(0) ack 1");
    s.expect(". 12001:13001(1000) ack 1");
}

TEST(tcp_fast_retransmit, full_acknowledgement_ends_recovery) {
    script s = ten_in_flight();
    for (int i = 0; i < 3; ++i) s.in(". 1:1(0) ack 1");
    s.drop_output();
    s.in(". 1:1(0) ack 12001");
    EXPECT_FALSE(s.c->info().in_recovery);
    EXPECT_EQ(s.c->info().cwnd, 2000U);  // RFC 6582 step 3 option 1: no burst from an empty pipe
    EXPECT_EQ(s.drop_output(), 2U);
}

TEST(tcp_fast_retransmit, partial_acknowledgement_resends_the_next_hole) {
    script s = ten_in_flight();
    for (int i = 0; i < 3; ++i) s.in(". 1:1(0) ack 1");
    s.drop_output();
    s.in(". 1:1(0) ack 3001");
    s.expect(". 3001:4001(1000) ack 1");
    EXPECT_TRUE(s.c->info().in_recovery);
    EXPECT_EQ(s.c->info().cwnd, 8000U - 3000 + 1000);
    s.in(". 1:1(0) ack 12001");
    EXPECT_FALSE(s.c->info().in_recovery);
}

TEST(tcp_fast_retransmit, two_duplicates_are_not_enough) {
    script s = ten_in_flight();
    s.in(". 1:1(0) ack 1");
    s.in(". 1:1(0) ack 1");
    s.drop_output();
    s.in(". 1:1(0) ack 2001");
    s.in(". 1:1(0) ack 2001");
    s.in(". 1:1(0) ack 2001");
    EXPECT_FALSE(s.c->info().in_recovery);
    EXPECT_EQ(s.c->info().resends, 0U);
}

TEST(tcp_fast_retransmit, window_updates_and_data_are_no_duplicates) {
    script s = ten_in_flight();
    s.in(". 1:1(0) ack 1 win 60000");
    s.in(". 1:1(0) ack 1 win 60001");
    s.in(". 1:1(0) ack 1 win 60002");
    s.in("P. 1:11(10) ack 1 win 60002");
    s.in("P. 11:21(10) ack 1 win 60002");
    s.in("P. 21:31(10) ack 1 win 60002");
    EXPECT_EQ(s.c->info().duplicate_acks_in, 0U);
    EXPECT_EQ(s.c->info().resends, 0U);
}

TEST(tcp_fast_retransmit, duplicates_of_resent_segments_start_nothing) {
    script s = ten_in_flight();
    s.wait(1 * seconds);  // timeout: everything is resent in the end
    s.drop_output();
    s.in(". 1:1(0) ack 10001");
    s.drop_output();
    std::uint32_t const ssthresh = s.c->info().ssthresh;
    for (int i = 0; i < 3; ++i) s.in(". 1:1(0) ack 10001");  // RFC 6582 section 3.2: not beyond "recover"
    EXPECT_FALSE(s.c->info().in_recovery);
    EXPECT_EQ(s.c->info().ssthresh, ssthresh);
}

TEST(tcp_fast_retransmit, limited_transmit_can_be_off) {
    connection_config config = plain();
    config.limited_transmit = false;
    script s{config};
    s.connect_fully();
    s.send(20'000);
    s.drop_output();
    s.in(". 1:1(0) ack 1");
    s.in(". 1:1(0) ack 1");
    s.quiet();
}

TEST(tcp_fast_retransmit, initial_window_is_ten_segments) {
    script s;
    s.connect_fully();
    s.send(20'000);
    EXPECT_EQ(s.drop_output(), 10U);
    script big;
    big.config.mtu = 9000;
    big.config.max_send_burst = 8960;
    big.connect();
    big.in("S. 0:1(0) ack 1 mss 8960");
    big.drop_output();
    EXPECT_EQ(big.c->info().cwnd, 17'920U);  // RFC 6928: two segments when they are large
}

TEST(tcp_fast_retransmit, idle_connection_restarts_from_the_initial_window) {
    script s;
    s.connect_fully();
    for (int i = 0; i < 5; ++i) {
        s.send(20'000);
        s.drop_output();
        s.in(". 1:1(0) ack " + std::to_string(1 + s.c->info().bytes_sent));
        s.drop_output();
        s.in(". 1:1(0) ack " + std::to_string(1 + s.c->info().bytes_sent));
    }
    EXPECT_GT(s.c->info().cwnd, 20'000U);
    s.wait(10 * seconds);
    s.send(20'000);
    EXPECT_EQ(s.drop_output(), 10U);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
