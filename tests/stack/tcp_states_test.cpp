// Each transition of RFC 9293 section 3.3.2, driven by a peer played by hand.
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

TEST(tcp_states, active_open) {
    script s;
    s.connect();
    s.expect("S 0:1(0) win 65535 mss 1000");
    EXPECT_EQ(s.is(), state::syn_sent);
    s.in("S. 0:1(0) ack 1 mss 1000");
    s.expect(". 1:1(0) ack 1");
    s.quiet();
    EXPECT_EQ(s.states, "SYN-SENT ESTABLISHED");
}

TEST(tcp_states, passive_open) {
    script s;
    s.accept("S 0:1(0) mss 1000");
    s.expect("S. 0:1(0) ack 1 mss 1000");
    EXPECT_EQ(s.is(), state::syn_received);
    s.in(". 1:1(0) ack 1");
    s.quiet();
    EXPECT_EQ(s.states, "SYN-RECEIVED ESTABLISHED");
}

TEST(tcp_states, simultaneous_open) {
    script s;
    s.connect();
    s.expect("S 0:1(0)");
    s.in("S 0:1(0) mss 1000");
    s.expect("S. 0:1(0) ack 1");
    EXPECT_EQ(s.is(), state::syn_received);
    s.in("S. 0:1(0) ack 1");  // the peer's SYN again, with its ACK of ours
    s.expect(". 1:1(0) ack 1");
    s.quiet();
    EXPECT_EQ(s.states, "SYN-SENT SYN-RECEIVED ESTABLISHED");
}

TEST(tcp_states, simultaneous_open_completed_by_a_bare_ack) {
    script s;
    s.connect();
    s.expect("S 0:1(0)");
    s.in("S 0:1(0)");
    s.expect("S. 0:1(0) ack 1");
    s.in(". 1:1(0) ack 1");
    EXPECT_EQ(s.is(), state::established);
}

TEST(tcp_states, active_close) {
    script s;
    s.connect_fully();
    s.c->shutdown_write(s.now);
    s.collect();
    s.expect("F. 1:2(0) ack 1");
    EXPECT_EQ(s.is(), state::fin_wait_1);
    s.in(". 1:1(0) ack 2");
    EXPECT_EQ(s.is(), state::fin_wait_2);
    s.in("F. 1:2(0) ack 2");
    s.expect(". 2:2(0) ack 2");
    EXPECT_EQ(s.is(), state::time_wait);
    s.wait(s.config.time_wait);
    EXPECT_EQ(s.is(), state::closed);
    EXPECT_TRUE(s.c->finished());
    EXPECT_EQ(s.c->failure(), error::ok);
    EXPECT_EQ(s.states, "SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT CLOSED");
}

TEST(tcp_states, passive_close) {
    script s;
    s.accept_fully();
    s.in("F. 1:2(0) ack 1");
    s.expect(". 1:1(0) ack 2");
    EXPECT_EQ(s.is(), state::close_wait);
    EXPECT_TRUE(s.c->eof());
    s.c->close(s.now);
    s.collect();
    s.expect("F. 1:2(0) ack 2");
    EXPECT_EQ(s.is(), state::last_ack);
    s.in(". 2:2(0) ack 2");
    EXPECT_TRUE(s.c->finished());
    EXPECT_EQ(s.states, "SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED");
}

TEST(tcp_states, simultaneous_close) {
    script s;
    s.connect_fully();
    s.c->shutdown_write(s.now);
    s.collect();
    s.expect("F. 1:2(0) ack 1");
    s.in("F. 1:2(0) ack 1");
    s.expect(". 2:2(0) ack 2");
    EXPECT_EQ(s.is(), state::closing);
    s.in(". 2:2(0) ack 2");
    EXPECT_EQ(s.is(), state::time_wait);
    EXPECT_EQ(s.states, "SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT");
}

TEST(tcp_states, fin_and_its_ack_in_one_segment) {
    script s;
    s.connect_fully();
    s.c->shutdown_write(s.now);
    s.collect();
    s.expect("F. 1:2(0) ack 1");
    s.in("F. 1:2(0) ack 2");
    s.expect(". 2:2(0) ack 2");
    EXPECT_EQ(s.states, "SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT");
}

TEST(tcp_states, half_close_goes_on_receiving) {
    script s;
    s.connect_fully();
    s.c->shutdown_write(s.now);
    s.collect();
    s.expect("F. 1:2(0) ack 1");
    s.in(". 1:1(0) ack 2");
    s.in(". 1:501(500) ack 2");
    s.expect(". 2:2(0) ack 501");
    EXPECT_EQ(s.recv(1000), 500U);
    s.wait(3600 * seconds);  // an application holds it: no FIN-WAIT-2 timeout
    EXPECT_EQ(s.is(), state::fin_wait_2);
}

TEST(tcp_states, half_close_goes_on_sending) {
    script s;
    s.connect_fully();
    s.in("F. 1:2(0) ack 1");
    s.expect(". 1:1(0) ack 2");
    s.send(500);
    s.expect(". 1:501(500) ack 2");
}

TEST(tcp_states, orphan_in_fin_wait_2_times_out) {
    script s;
    s.connect_fully();
    s.c->close(s.now);
    s.collect();
    s.expect("F. 1:2(0) ack 1");
    s.in(". 1:1(0) ack 2");
    EXPECT_EQ(s.is(), state::fin_wait_2);
    s.wait(s.config.fin_wait_2);
    EXPECT_TRUE(s.c->finished());
}

TEST(tcp_states, close_in_syn_sent_leaves_no_trace) {
    script s;
    s.connect();
    s.expect("S 0:1(0)");
    s.c->close(s.now);
    s.collect();
    s.quiet();
    EXPECT_TRUE(s.c->finished());
    EXPECT_EQ(s.c->next_deadline(), never);
}

TEST(tcp_states, close_in_syn_received_waits_for_the_handshake) {
    script s;
    s.accept("S 0:1(0)");
    s.expect("S. 0:1(0) ack 1");
    s.c->close(s.now);
    s.collect();
    s.quiet();
    s.in(". 1:1(0) ack 1");
    s.expect("F. 1:2(0) ack 1");
    EXPECT_EQ(s.is(), state::fin_wait_1);
}

TEST(tcp_states, fin_follows_all_that_was_queued) {
    script s;
    s.connect_fully("win 65535 mss 1000");
    s.send(2500);
    s.c->shutdown_write(s.now);
    s.collect();
    s.expect(". 1:1001(1000) ack 1");
    s.expect(". 1001:2001(1000) ack 1");
    s.expect("PF. 2001:2502(500) ack 1");
    s.in(". 1:1(0) ack 2502");
    EXPECT_EQ(s.is(), state::fin_wait_2);
    EXPECT_EQ(s.c->send({}, s.now), 0U);
    EXPECT_EQ(s.c->writable(), 0U);
}

TEST(tcp_states, fin_beyond_a_gap_waits_for_it) {
    script s;
    s.connect_fully();
    s.in("F. 501:502(0) ack 1");
    s.expect(". 1:1(0) ack 1");
    EXPECT_EQ(s.is(), state::established);
    s.in(". 1:501(500) ack 1");
    s.expect(". 1:1(0) ack 502");
    EXPECT_EQ(s.is(), state::close_wait);
    EXPECT_EQ(s.recv(1000), 500U);
    EXPECT_TRUE(s.c->eof());
}

TEST(tcp_states, lost_fin_is_resent) {
    script s;
    s.connect_fully();
    s.c->shutdown_write(s.now);
    s.collect();
    s.expect("F. 1:2(0) ack 1");
    s.wait(201 * milliseconds);
    s.expect("F. 1:2(0) ack 1");
    s.in(". 1:1(0) ack 2");
    EXPECT_EQ(s.is(), state::fin_wait_2);
}

TEST(tcp_states, resent_fin_is_acknowledged_again_and_restarts_time_wait) {
    script s;
    s.connect_fully();
    s.c->shutdown_write(s.now);
    s.collect();
    s.expect("F. 1:2(0) ack 1");
    s.in("F. 1:2(0) ack 2");
    s.expect(". 2:2(0) ack 2");
    s.wait(s.config.time_wait - 1 * seconds);
    s.in("F. 1:2(0) ack 2");
    s.expect(". 2:2(0) ack 2");
    s.wait(s.config.time_wait - 1 * seconds);
    EXPECT_EQ(s.is(), state::time_wait);
    s.wait(1 * seconds);
    EXPECT_EQ(s.is(), state::closed);
}

TEST(tcp_states, data_in_the_segment_that_completes_the_handshake) {
    script s;
    s.accept("S 0:1(0)");
    s.expect("S. 0:1(0) ack 1");
    s.in("P. 1:101(100) ack 1");
    s.expect(". 1:1(0) ack 101");
    EXPECT_EQ(s.recv(200), 100U);
}

TEST(tcp_states, data_and_fin_in_the_syn_ack) {
    script s;
    s.connect();
    s.expect("S 0:1(0)");
    s.in("SF. 0:102(100) ack 1");
    s.expect(". 1:1(0) ack 102");
    EXPECT_EQ(s.is(), state::close_wait);
    EXPECT_EQ(s.recv(200), 100U);
}

TEST(tcp_states, data_queued_before_the_handshake_leaves_after_it) {
    script s;
    s.connect();
    s.expect("S 0:1(0)");
    s.send(300);
    s.quiet();
    s.in("S. 0:1(0) ack 1 mss 1000");
    s.expect(". 1:301(300) ack 1");
    s.quiet();
}

}  // namespace
}  // namespace cardea::stack::tcp::test
