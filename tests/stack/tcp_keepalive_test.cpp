// Keep-alives (RFC 9293 section 3.8.4).
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

script with_keepalive() {
    script s;
    s.connect_fully();
    s.c->set_keepalive(true, 60 * seconds, 10 * seconds, 3, s.now);
    return s;
}

TEST(tcp_keepalive, is_off_by_default_and_two_hours_when_on) {
    script s;
    s.connect_fully();
    EXPECT_FALSE(s.config.keepalive);
    EXPECT_GE(s.config.keepalive_idle, 7200 * seconds);
    s.wait(86'400 * seconds);
    s.quiet();
    EXPECT_EQ(s.is(), state::established);
}

TEST(tcp_keepalive, probes_an_idle_connection_without_data) {
    script s = with_keepalive();
    s.wait(60 * seconds - 1);
    s.quiet();
    s.wait(1);
    s.expect(". 0:0(0) ack 1");  // SEG.SEQ = SND.NXT - 1
    s.in(". 1:1(0) ack 1");
    s.wait(60 * seconds - 1);
    s.quiet();
    s.wait(1);
    s.expect(". 0:0(0) ack 1");
}

TEST(tcp_keepalive, is_put_off_by_what_arrives) {
    script s = with_keepalive();
    s.wait(50 * seconds);
    s.in("P. 1:2(1) ack 1");
    s.drop_output();
    s.wait(50 * seconds);
    s.quiet();
    s.wait(10 * seconds);
    s.expect(". 0:0(0) ack 2");
}

TEST(tcp_keepalive, one_lost_answer_is_not_the_end) {
    script s = with_keepalive();
    s.wait(70 * seconds);
    EXPECT_EQ(s.drop_output(), 2U);
    EXPECT_EQ(s.is(), state::established);
    s.in(". 1:1(0) ack 1");
    s.wait(59 * seconds);
    s.quiet();
}

TEST(tcp_keepalive, silence_ends_the_connection) {
    script s = with_keepalive();
    s.wait(60 * seconds + 3 * 10 * seconds);
    for (int i = 0; i < 3; ++i) s.expect(". 0:0(0) ack 1");
    s.expect("R. 1:1(0) ack 1");
    EXPECT_EQ(s.c->failure(), error::etimedout);
    EXPECT_TRUE(s.c->finished());
}

TEST(tcp_keepalive, is_silent_while_data_is_unacknowledged) {
    script s = with_keepalive();
    s.wait(59 * seconds);
    s.send(100);
    s.drop_output();
    s.wait(1 * seconds);
    EXPECT_EQ(s.c->info().keepalives_out, 0U);
}

TEST(tcp_keepalive, can_be_turned_off_again) {
    script s = with_keepalive();
    s.c->set_keepalive(false, 60 * seconds, 10 * seconds, 3, s.now);
    EXPECT_EQ(s.c->next_deadline(), never);
}

TEST(tcp_keepalive, of_the_peer_is_answered) {
    script s;
    s.connect_fully();
    s.in(". 0:0(0) ack 1");
    s.expect(". 1:1(0) ack 1");
}

TEST(tcp_keepalive, of_the_peer_may_carry_a_garbage_byte) {
    script s;
    s.connect_fully();
    s.in(". 0:1(1) ack 1");
    s.expect(". 1:1(0) ack 1");
    EXPECT_EQ(s.c->readable(), 0U);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
