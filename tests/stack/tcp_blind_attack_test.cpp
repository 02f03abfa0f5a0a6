// Segments forged by somebody who does not see the connection (RFC 5961).
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

TEST(tcp_blind_attack, syn_in_an_open_connection_is_challenged) {
    script s;
    s.connect_fully();
    s.in("S 1:2(0)");
    s.expect(". 1:1(0) ack 1");
    s.in("S 5000:5001(0)");
    s.expect(". 1:1(0) ack 1");
    s.in("S 0:1(0)");
    s.expect(". 1:1(0) ack 1");
    EXPECT_EQ(s.is(), state::established);
}

TEST(tcp_blind_attack, ack_of_data_never_sent_is_challenged_and_dropped) {
    script s;
    s.connect_fully();
    s.in("P. 1:101(100) ack 500");
    s.expect(". 1:1(0) ack 1");
    EXPECT_EQ(s.c->readable(), 0U);
}

TEST(tcp_blind_attack, ack_far_in_the_past_is_challenged_and_dropped) {
    script s;
    s.connect_fully("win 1000 mss 1000");
    for (int i = 0; i < 5; ++i) {
        s.send(1000);
        s.drop_output();
        s.in(". 1:1(0) ack " + std::to_string(1001 + i * 1000) + " win 1000");
    }
    s.in("P. 1:101(100) ack 4001 win 1000");  // just inside MAX.SND.WND
    s.drop_output();
    EXPECT_EQ(s.c->readable(), 100U);
    s.in("P. 101:201(100) ack 4000 win 1000");
    s.expect(". 5001:5001(0) ack 101");
    EXPECT_EQ(s.c->readable(), 100U);
}

TEST(tcp_blind_attack, challenges_are_rate_limited) {
    script s;
    s.connect_fully();
    for (int i = 0; i < 100; ++i) s.in("S 1:2(0)");
    EXPECT_EQ(s.drop_output(), s.config.challenge_acks_per_second);
    s.wait(1 * seconds);
    s.in("S 1:2(0)");
    s.expect(". 1:1(0) ack 1");
}

TEST(tcp_blind_attack, segments_outside_the_window_are_answered_not_taken) {
    script s;
    s.connect_fully();
    s.in("P. 70000:70100(100) ack 1");
    s.expect(". 1:1(0) ack 1");
    EXPECT_EQ(s.c->readable(), 0U);
    EXPECT_EQ(s.c->info().out_of_order, 0U);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
