// Flow control: windows that close, open, shrink and scale; probes; the receiver's silly-window avoidance (RFC 9293
// section 3.8.6, RFC 7323 section 2).
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

script blocked_by_zero_window() {
    script s;
    s.connect();
    s.in("S. 0:1(0) ack 1 win 1000 mss 1000");
    s.drop_output();
    s.send(3000);
    s.expect(". 1:1001(1000) ack 1");
    s.in(". 1:1(0) ack 1001 win 0");
    s.quiet();
    return s;
}

TEST(tcp_window, zero_window_is_probed_with_backoff) {
    script s = blocked_by_zero_window();
    time_ns wait = s.c->info().rto;
    for (int i = 0; i < 6; ++i) {
        s.wait(wait - 1);
        s.quiet();
        s.wait(1);
        s.expect(". 1001:1002(1) ack 1");
        s.in(". 1:1(0) ack 1001 win 0");
        s.quiet();
        wait *= 2;
    }
}

TEST(tcp_window, may_stay_closed_for_ever) {
    script s = blocked_by_zero_window();
    for (int i = 0; i < 200; ++i) {
        s.wait(s.c->next_deadline() - s.now);
        s.expect(". 1001:1002(1) ack 1");
        s.in(". 1:1(0) ack 1001 win 0");
    }
    EXPECT_EQ(s.is(), state::established);
    EXPECT_GT(s.elapsed(), 3 * 3600 * seconds);
}

TEST(tcp_window, unanswered_probes_end_the_connection) {
    script s = blocked_by_zero_window();
    s.wait(3600 * seconds);
    EXPECT_EQ(s.is(), state::closed);
    EXPECT_EQ(s.c->failure(), error::etimedout);
}

TEST(tcp_window, opening_it_lets_data_go_at_once) {
    script s = blocked_by_zero_window();
    s.wait(s.c->info().rto);
    s.drop_output();
    s.in(". 1:1(0) ack 1001 win 2000");
    s.expect(". 1001:2001(1000) ack 1");
    s.expect("P. 2001:3001(1000) ack 1");
    s.in(". 1:1(0) ack 3001");
    EXPECT_EQ(s.c->next_deadline(), never);
}

TEST(tcp_window, probe_that_is_taken_in_counts) {
    script s = blocked_by_zero_window();
    s.wait(s.c->info().rto);
    s.drop_output();
    s.in(". 1:1(0) ack 1002 win 2000");
    s.expect(". 1002:2002(1000) ack 1");
    s.in(". 1:1(0) ack 2002 win 2000");
    s.expect("P. 2002:3001(999) ack 1");
}

TEST(tcp_window, fin_waits_for_a_window_and_probes_too) {
    script s;
    s.connect();
    s.in("S. 0:1(0) ack 1 win 0 mss 1000");
    s.drop_output();
    s.c->shutdown_write(s.now);
    s.collect();
    s.quiet();
    s.wait(s.c->next_deadline() - s.now);
    s.expect("F. 1:2(0) ack 1");
    s.in(". 1:1(0) ack 2 win 0");
    EXPECT_EQ(s.is(), state::fin_wait_2);
}

TEST(tcp_window, shrinking_stops_new_data_but_not_retransmission) {
    script s;
    s.connect();
    s.in("S. 0:1(0) ack 1 win 5000 mss 1000");
    s.drop_output();
    s.send(9000);
    EXPECT_EQ(s.drop_output(), 5U);
    s.in(". 1:1(0) ack 1 win 2000");  // the right edge moves back
    s.quiet();
    s.wait(s.c->next_deadline() - s.now);
    s.expect(". 1:1001(1000) ack 1");
    s.in(". 1:1(0) ack 2001 win 3000");
    EXPECT_EQ(s.is(), state::established);
}

TEST(tcp_window, shrinking_to_zero_with_data_in_flight_does_not_end_the_connection) {
    script s;
    s.connect();
    s.in("S. 0:1(0) ack 1 win 5000 mss 1000");
    s.drop_output();
    s.send(5000);
    s.drop_output();
    s.in(". 1:1(0) ack 1 win 0");
    for (int i = 0; i < 40; ++i) {
        s.wait(s.c->next_deadline() - s.now);
        s.expect(". 1:1001(1000) ack 1");
        s.in(". 1:1(0) ack 1 win 0");
    }
    EXPECT_EQ(s.is(), state::established);
    s.in(". 1:1(0) ack 1 win 5000");
    s.wait(s.c->next_deadline() - s.now);
    s.drop_output();
    s.in(". 1:1(0) ack 5001 win 5000");
    EXPECT_TRUE(s.c->send_queue_empty());
}

TEST(tcp_window, old_segments_do_not_move_it) {
    script s;
    s.connect_fully("win 5000 mss 1000");
    s.in("P. 1:101(100) ack 1 win 4000");
    s.in(". 1:1(0) ack 1 win 9000");
    EXPECT_EQ(s.c->info().send_window, 4000U);
}

TEST(tcp_window, acknowledgement_in_a_resent_segment_brings_its_window) {
    script s;
    s.connect_fully("win 5000 mss 1000");
    s.in("P. 101:201(100) ack 1 win 5000");  // the one before it is late
    s.send(3000);
    s.drop_output();
    s.in("P. 1:101(100) ack 3001 win 2000");
    EXPECT_EQ(s.c->info().send_window, 2000U);
    s.drop_output();
    s.send(5000);
    EXPECT_EQ(s.drop_output(), 2U);
}

TEST(tcp_window, is_unsigned) {
    script s;
    s.connect_fully("win 65535 mss 1000");
    EXPECT_EQ(s.c->info().send_window, 65'535U);
}

TEST(tcp_window, receiver_closes_it_and_reopens_it_by_whole_segments) {
    connection_config config = plain();
    config.receive_buffer = 4000;
    script s{config};
    s.connect();
    s.expect("S 0:1(0) win 4000");
    s.in("S. 0:1(0) ack 1 mss 1000");
    s.drop_output();
    s.in("P. 1:2001(2000) ack 1");
    s.expect(". 1:1(0) ack 2001 win 2000");
    s.in("P. 2001:4001(2000) ack 1");
    s.expect(". 1:1(0) ack 4001 win 0");
    EXPECT_EQ(s.recv(100), 100U);
    s.quiet();  // a hundred bytes are no window
    EXPECT_EQ(s.recv(1900), 1900U);
    s.expect(". 1:1(0) ack 4001 win 2000");
    EXPECT_EQ(s.recv(4000), 2000U);
    s.expect(". 1:1(0) ack 4001 win 4000");
}

TEST(tcp_window, receiver_never_takes_back_what_it_announced) {
    connection_config config = plain();
    config.receive_buffer = 4000;
    script s{config};
    s.connect_fully();
    s.c->set_buffers(1000, config.send_buffer, s.now);
    s.in("P. 1:1001(1000) ack 1");
    s.expect(". 1:1(0) ack 1001 win 3000");
    s.in("P. 1001:4001(3000) ack 1");
    s.expect(". 1:1(0) ack 4001 win 0");
    EXPECT_EQ(s.recv(5000), 4000U);
}

TEST(tcp_window, probe_of_a_closed_window_is_answered_not_taken) {
    connection_config config = plain();
    config.receive_buffer = 1000;
    script s{config};
    s.connect_fully();
    s.in("P. 1:1001(1000) ack 1");
    s.drop_output();
    s.in(". 1001:1002(1) ack 1");
    s.expect(". 1:1(0) ack 1001 win 0");
    EXPECT_EQ(s.recv(2000), 1000U);
    s.expect(". 1:1(0) ack 1001 win 1000");
}

TEST(tcp_window, ack_is_taken_from_a_segment_that_does_not_fit) {
    connection_config config = plain();
    config.receive_buffer = 1000;
    script s{config};
    s.connect_fully();
    s.send(500);
    s.in("P. 1:1001(1000) ack 1");
    s.drop_output();
    s.in(". 1001:1101(100) ack 501");
    EXPECT_TRUE(s.c->send_queue_empty());
}

TEST(tcp_window, scale_is_negotiated_and_used) {
    connection_config config = plain();
    config.window_scaling = true;
    config.receive_buffer = 1 << 20;
    script s{config};
    s.connect();
    s.expect("S 0:1(0) win 65535 wscale 5");
    s.in("S. 0:1(0) ack 1 win 1000 mss 1000 wscale 7");
    s.expect(". 1:1(0) ack 1 win 32768");
    EXPECT_EQ(s.c->info().send_window, 1000U);  // a SYN's window is not scaled
    s.in(". 1:1(0) ack 1 win 1000");
    EXPECT_EQ(s.c->info().send_window, 128'000U);
}

TEST(tcp_window, scale_needs_both_ends) {
    connection_config config = plain();
    config.window_scaling = true;
    config.receive_buffer = 1 << 20;
    script s{config};
    s.connect();
    s.drop_output();
    s.in("S. 0:1(0) ack 1 win 1000 mss 1000");
    s.expect(". 1:1(0) ack 1 win 65535");
    s.in(". 1:1(0) ack 1 win 1000");
    EXPECT_EQ(s.c->info().send_window, 1000U);
}

TEST(tcp_window, scale_above_14_is_taken_as_14) {
    connection_config config = plain();
    config.window_scaling = true;
    script s{config};
    s.accept("S 0:1(0) mss 1000 wscale 200");
    s.expect("S. 0:1(0) ack 1 wscale 0");
    EXPECT_EQ(s.c->info().send_shift, 14);
}

TEST(tcp_window, scaled_window_does_not_creep_under_small_segments) {
    connection_config config = plain();
    config.window_scaling = true;
    config.receive_buffer = 1 << 17;
    script s{config};
    s.connect_fully("win 65535 mss 1000 wscale 0");
    std::uint32_t at = 1;
    // Nothing is read: the window must close within one unit of the scale of the buffer's size.
    while (s.c->info().receive_window >= 33) {
        s.in("P. " + std::to_string(at) + ":" + std::to_string(at + 33) + "(33) ack 1");
        s.drop_output();
        at += 33;
        ASSERT_LT(at, config.receive_buffer + 100U);
    }
    EXPECT_LE(s.c->readable(), config.receive_buffer + (1U << s.c->info().receive_shift));
}

}  // namespace
}  // namespace cardea::stack::tcp::test
