// Resets: sent, received, refused (RFC 9293 section 3.5.2 and 3.10, RFC 5961).
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

TEST(tcp_reset, exact_sequence_number_ends_the_connection) {
    script s;
    s.connect_fully();
    s.in("R 1:1(0)");
    EXPECT_EQ(s.is(), state::closed);
    EXPECT_EQ(s.c->failure(), error::econnreset);
    EXPECT_EQ(s.c->next_deadline(), never);
    s.quiet();
}

TEST(tcp_reset, elsewhere_in_the_window_is_challenged) {
    script s;
    s.connect_fully();
    s.in("R 100:100(0)");
    s.expect(". 1:1(0) ack 1");
    EXPECT_EQ(s.is(), state::established);
}

TEST(tcp_reset, outside_the_window_is_ignored) {
    script s;
    s.connect_fully();
    s.in("R 70000:70000(0)");
    s.in("R 0:0(0)");
    s.quiet();
    EXPECT_EQ(s.is(), state::established);
}

TEST(tcp_reset, is_seen_with_a_closed_window) {
    connection_config c = plain();
    c.receive_buffer = 1000;
    script s{c};
    s.connect_fully();
    s.in("P. 1:1001(1000) ack 1");
    s.expect(". 1:1(0) ack 1001 win 0");
    s.in("R 1001:1001(0)");
    EXPECT_EQ(s.is(), state::closed);
}

TEST(tcp_reset, may_carry_data) {
    script s;
    s.connect_fully();
    s.in("R 1:11(10)");
    EXPECT_EQ(s.is(), state::closed);
}

TEST(tcp_reset, leaves_readable_what_came_before) {
    script s;
    s.connect_fully();
    s.in("P. 1:101(100) ack 1");
    s.in("R 101:101(0)");
    EXPECT_EQ(s.c->failure(), error::econnreset);
    EXPECT_EQ(s.recv(1000), 100U);
    EXPECT_TRUE(s.c->eof());
}

TEST(tcp_reset, of_a_syn_is_a_refusal) {
    script s;
    s.connect();
    s.expect("S 0:1(0)");
    s.in("R. 0:0(0) ack 1");
    EXPECT_EQ(s.is(), state::closed);
    EXPECT_EQ(s.c->failure(), error::econnrefused);
    EXPECT_TRUE(s.c->finished());
}

TEST(tcp_reset, of_a_syn_must_acknowledge_it) {
    script s;
    s.connect();
    s.expect("S 0:1(0)");
    s.in("R 0:0(0)");
    s.in("R. 0:0(0) ack 5");
    EXPECT_EQ(s.is(), state::syn_sent);
    s.quiet();
}

TEST(tcp_reset, answers_a_wrong_ack_of_a_syn) {
    script s;
    s.connect();
    s.expect("S 0:1(0)");
    s.in(". 0:0(0) ack 77");
    s.expect("R 77:77(0)");
    EXPECT_EQ(s.is(), state::syn_sent);
    s.in("S. 0:1(0) ack 1");
    EXPECT_EQ(s.is(), state::established);
}

TEST(tcp_reset, answers_a_wrong_ack_of_a_syn_ack) {
    script s;
    s.accept("S 0:1(0)");
    s.expect("S. 0:1(0) ack 1");
    s.in(". 1:1(0) ack 77");
    s.expect("R 77:77(0)");
    EXPECT_EQ(s.is(), state::syn_received);
}

TEST(tcp_reset, in_syn_received) {
    script passive;
    passive.accept("S 0:1(0)");
    passive.in("R 1:1(0)");
    EXPECT_EQ(passive.is(), state::closed);

    script active;
    active.connect();
    active.in("S 0:1(0)");
    active.in("R 1:1(0)");
    EXPECT_EQ(active.c->failure(), error::econnrefused);  // remembered: it came from an active open
}

TEST(tcp_reset, in_close_wait_breaks_the_pipe) {
    script s;
    s.connect_fully();
    s.in("F. 1:2(0) ack 1");
    s.in("R 2:2(0)");
    EXPECT_EQ(s.is(), state::closed);
    EXPECT_EQ(s.c->failure(), error::epipe);
}

TEST(tcp_reset, in_the_closing_states_is_no_failure) {
    script s;
    s.connect_fully();
    s.in("F. 1:2(0) ack 1");
    s.c->close(s.now);
    s.collect();
    EXPECT_EQ(s.is(), state::last_ack);
    s.in("R 2:2(0)");
    EXPECT_EQ(s.is(), state::closed);
    EXPECT_EQ(s.c->failure(), error::ok);
}

TEST(tcp_reset, abort_sends_one_and_forgets_everything) {
    script s;
    s.connect_fully();
    s.send(500);
    s.expect("P. 1:501(500) ack 1");
    s.c->abort(s.now);
    s.collect();
    s.expect("R. 501:501(0) ack 1");
    EXPECT_EQ(s.is(), state::closed);
    EXPECT_EQ(s.c->failure(), error::econnaborted);
    EXPECT_EQ(s.c->next_deadline(), never);
    EXPECT_EQ(s.c->info().unacknowledged + s.c->info().unsent, 0U);
}

TEST(tcp_reset, abort_in_time_wait_is_silent) {
    script s;
    s.connect_fully();
    s.c->shutdown_write(s.now);
    s.collect();
    s.in("F. 1:2(0) ack 2");
    s.drop_output();
    EXPECT_EQ(s.is(), state::time_wait);
    s.c->abort(s.now);
    s.collect();
    s.quiet();
    EXPECT_TRUE(s.c->finished());
}

TEST(tcp_reset, close_with_unread_data_resets) {
    script s;
    s.connect_fully();
    s.in("P. 1:101(100) ack 1");
    s.drop_output();
    s.c->close(s.now);
    s.collect();
    s.expect("R. 1:1(0) ack 101");
    EXPECT_TRUE(s.c->finished());
}

TEST(tcp_reset, data_after_close_resets) {
    script s;
    s.connect_fully();
    s.c->close(s.now);
    s.collect();
    s.expect("F. 1:2(0) ack 1");
    s.in("P. 1:101(100) ack 2");
    s.expect("R. 2:2(0) ack 1");
    EXPECT_TRUE(s.c->finished());
}

TEST(tcp_reset, data_after_shutdown_of_reading_is_swallowed) {
    script s;
    s.connect_fully();
    s.c->shutdown_read(s.now);
    s.in("P. 1:101(100) ack 1");
    s.expect(". 1:1(0) ack 101");
    EXPECT_EQ(s.c->readable(), 0U);
    EXPECT_TRUE(s.c->eof());
    EXPECT_EQ(s.is(), state::established);
}

TEST(tcp_reset, for_a_segment_without_a_connection) {
    segment s;
    s.source_port = 5;
    s.destination_port = 6;
    s.seq = sequence{100};
    s.ack = sequence{900};
    s.flags = flag::ack;
    auto r = reset_for(s);
    ASSERT_TRUE(r);
    EXPECT_EQ(r->flags, flag::rst);
    EXPECT_EQ(r->seq, sequence{900});
    EXPECT_EQ(r->source_port, 6);
    EXPECT_EQ(r->destination_port, 5);

    s.flags = flag::syn;
    r = reset_for(s);
    ASSERT_TRUE(r);
    EXPECT_EQ(r->flags, flag::rst | flag::ack);
    EXPECT_EQ(r->seq, sequence{0});
    EXPECT_EQ(r->ack, sequence{101});

    s.flags = flag::rst;
    EXPECT_FALSE(reset_for(s));
}

}  // namespace
}  // namespace cardea::stack::tcp::test
