// Small segments held back: Nagle's algorithm, its variants, and the sender's silly-window avoidance (RFC 9293 sections
// 3.7.4 and 3.8.6.2.1).
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

script with(nagle_mode mode) {
    connection_config config = plain();
    config.nagle = mode;
    script s{config};
    s.connect_fully();
    return s;
}

TEST(tcp_nagle, holds_a_small_segment_while_anything_is_unacknowledged) {
    script s = with(nagle_mode::classic);
    s.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.send(100);
    s.send(100);
    s.quiet();
    s.in(". 1:1(0) ack 101");
    s.expect("P. 101:301(200) ack 1");
}

TEST(tcp_nagle, full_segments_do_not_wait) {
    script s = with(nagle_mode::classic);
    s.send(100);
    s.drop_output();
    s.send(1500);
    s.expect(". 101:1101(1000) ack 1");
    s.quiet();
}

TEST(tcp_nagle, can_be_disabled) {
    script s = with(nagle_mode::off);
    for (int i = 0; i < 5; ++i) {
        s.send(10);
        int const at = 1 + i * 10;
        s.expect("P. " + std::to_string(at) + ":" + std::to_string(at + 10) + "(10) ack 1");
    }
    script t = with(nagle_mode::classic);
    t.send(10);
    t.drop_output();
    t.send(10);
    t.quiet();
    t.c->set_nagle(nagle_mode::off, t.now);
    t.collect();
    t.expect("P. 11:21(10) ack 1");
}

TEST(tcp_nagle, minshall_holds_only_behind_another_small_segment) {
    script s = with(nagle_mode::minshall);
    s.send(1000);
    s.send(100);
    s.expect("P. 1:1001(1000) ack 1");
    s.expect("P. 1001:1101(100) ack 1");  // the classic rule would hold this
    s.send(100);
    s.quiet();
    s.in(". 1:1(0) ack 1101");
    s.expect("P. 1101:1201(100) ack 1");
}

TEST(tcp_nagle, fin_is_not_held) {
    script s = with(nagle_mode::classic);
    s.send(100);
    s.drop_output();
    s.send(100);
    s.quiet();
    s.c->shutdown_write(s.now);
    s.collect();
    s.expect("PF. 101:202(100) ack 1");
}

TEST(tcp_nagle, cork_waits_for_full_segments) {
    script s = with(nagle_mode::off);
    s.c->set_cork(true, s.now);
    s.send(600);
    s.quiet();
    s.send(600);
    s.expect(". 1:1001(1000) ack 1");
    s.c->set_cork(false, s.now);
    s.collect();
    s.expect("P. 1001:1201(200) ack 1");
}

TEST(tcp_nagle, sender_does_not_fill_a_silly_window) {
    script s;
    s.connect();
    s.in("S. 0:1(0) ack 1 win 4000 mss 1000");
    s.drop_output();
    s.send(10'000);
    EXPECT_EQ(s.drop_output(), 4U);
    s.in(". 1:1(0) ack 4001 win 300");  // 300 of 4000: less than a segment and less than half
    s.quiet();
    s.in(". 1:1(0) ack 4001 win 2000");
    s.expect(". 4001:5001(1000) ack 1");
    s.expect(". 5001:6001(1000) ack 1");
}

TEST(tcp_nagle, half_of_a_small_peers_window_is_enough) {
    script s;
    s.connect();
    s.in("S. 0:1(0) ack 1 win 800 mss 1000");
    s.drop_output();
    s.send(10'000);
    s.expect(". 1:801(800) ack 1");
    s.in(". 1:1(0) ack 801 win 300");
    s.quiet();
    s.in(". 1:1(0) ack 801 win 400");
    s.expect(". 801:1201(400) ack 1");
}

TEST(tcp_nagle, persist_timer_overrides_the_wait) {
    script s;
    s.connect();
    s.in("S. 0:1(0) ack 1 win 4000 mss 1000");
    s.drop_output();
    s.send(10'000);
    s.drop_output();
    s.in(". 1:1(0) ack 4001 win 300");
    s.quiet();
    s.wait(1 * seconds);
    s.expect(". 4001:4301(300) ack 1");
}

}  // namespace
}  // namespace cardea::stack::tcp::test
