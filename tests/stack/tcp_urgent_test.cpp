// Urgent data (RFC 9293 section 3.8.5, RFC 6093): a mark in the stream, never outside it.
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

TEST(tcp_urgent, pointer_names_the_byte_after_the_urgent_data) {
    script s;
    s.connect_fully();
    s.send_urgent(10);
    s.expect("PU. 1:11(10) ack 1 urg 10");
    s.in(". 1:1(0) ack 11");
    s.send(10);
    s.expect("P. 11:21(10) ack 1");
}

TEST(tcp_urgent, may_be_of_any_length) {
    script s;
    s.connect_fully();
    s.send_urgent(2500);
    s.expect("U. 1:1001(1000) ack 1 urg 2500");
    s.expect("U. 1001:2001(1000) ack 1 urg 1500");
    s.in(". 1:1(0) ack 2001");
    s.expect("PU. 2001:2501(500) ack 1 urg 500");
}

TEST(tcp_urgent, is_announced_through_a_closed_window) {
    script s;
    s.connect_fully("win 0 mss 1000");
    s.send_urgent(10);
    s.expect("U. 1:1(0) ack 1 urg 10");
}

TEST(tcp_urgent, receiver_learns_of_it_and_how_far_it_reaches) {
    script s;
    s.connect_fully();
    EXPECT_EQ(s.c->urgent_ahead(), 0U);
    s.in("U. 1:1(0) ack 1 urg 50");  // announced before its bytes
    EXPECT_EQ(s.c->urgent_ahead(), 50U);
    s.in("PU. 1:101(100) ack 1 urg 50");
    EXPECT_EQ(s.c->urgent_ahead(), 50U);
    EXPECT_EQ(s.recv(20), 20U);
    EXPECT_EQ(s.c->urgent_ahead(), 30U);
    EXPECT_EQ(s.recv(1000), 80U);  // in band: every byte is in its place
    EXPECT_EQ(s.c->urgent_ahead(), 0U);
}

TEST(tcp_urgent, mark_moves_only_forward) {
    script s;
    s.connect_fully();
    s.in("PU. 1:11(10) ack 1 urg 100");
    s.in("PU. 11:21(10) ack 1 urg 5");
    EXPECT_EQ(s.c->urgent_ahead(), 100U);
    s.in("PU. 21:31(10) ack 1 urg 200");
    EXPECT_EQ(s.c->urgent_ahead(), 220U);
}

TEST(tcp_urgent, is_seen_with_a_closed_window) {
    connection_config config = plain();
    config.receive_buffer = 1000;
    script s{config};
    s.connect_fully();
    s.in("P. 1:1001(1000) ack 1");
    s.in("U. 1001:1001(0) ack 1 urg 7");
    EXPECT_EQ(s.c->urgent_ahead(), 1007U);
    s.drop_output();
    s.in("U. 1001:1101(100) ack 1 urg 9");
    EXPECT_EQ(s.c->urgent_ahead(), 1009U);
}

TEST(tcp_urgent, large_segments_are_not_used_for_it) {
    connection_config config = plain();
    config.max_send_burst = 10'000;
    script s{config};
    s.connect_fully();
    s.send_urgent(3000);
    s.expect("U. 1:1001(1000) ack 1 gso 0 urg 3000");
}

TEST(tcp_urgent, pointer_goes_as_far_as_its_field_does) {
    script s;
    s.connect_fully();
    s.send_urgent(100'000);
    s.expect("U. 1:1001(1000) ack 1 urg 65535");  // RFC 9293 section 3.8.5: it moves on with what is sent
}

}  // namespace
}  // namespace cardea::stack::tcp::test
