// TIME-WAIT: its length, and a new incarnation that need not wait for its end (RFC 9293 section 3.6.1, RFC 6191).
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

script in_time_wait(bool timestamps = false) {
    connection_config config = plain();
    config.timestamps = timestamps;
    script s{config};
    s.connect();
    s.in(timestamps ? "S. 0:1(0) ack 1 mss 1000 ts 500 1" : "S. 0:1(0) ack 1 mss 1000");
    s.c->shutdown_write(s.now);
    s.collect();
    s.in(timestamps ? "F. 1:2(0) ack 2 ts 600 1" : "F. 1:2(0) ack 2");
    s.drop_output();
    EXPECT_EQ(s.is(), state::time_wait);
    return s;
}

TEST(tcp_time_wait, lasts_two_segment_lifetimes) {
    script s = in_time_wait();
    s.wait(s.config.time_wait - 1);
    EXPECT_EQ(s.is(), state::time_wait);
    s.wait(1);
    EXPECT_EQ(s.is(), state::closed);
    EXPECT_EQ(s.c->failure(), error::ok);
}

TEST(tcp_time_wait, holds_no_buffers) {
    script s = in_time_wait();
    EXPECT_EQ(s.c->memory(), 0U);
}

TEST(tcp_time_wait, syn_with_a_higher_number_reopens) {
    script s = in_time_wait();
    EXPECT_EQ(s.in("S 5000:5001(0)"), disposition::reopen);
    EXPECT_GT(distance(sequence{0xfffffff0} + 2, s.c->reuse_isn()), 65'535U);
    s.quiet();
}

TEST(tcp_time_wait, syn_with_an_old_number_is_answered) {
    script s = in_time_wait();
    EXPECT_EQ(s.in("S 1:2(0)"), disposition::consumed);
    s.expect(". 2:2(0) ack 2");
    EXPECT_EQ(s.is(), state::time_wait);
}

TEST(tcp_time_wait, syn_with_a_later_timestamp_reopens) {
    script s = in_time_wait(true);
    EXPECT_EQ(s.in("S 1:2(0) ts 700 0"), disposition::reopen);
    EXPECT_EQ(s.in("S 1:2(0) ts 600 0"), disposition::consumed);
}

TEST(tcp_time_wait, syn_with_an_older_timestamp_is_an_old_duplicate_whatever_its_number) {
    script s = in_time_wait(true);
    EXPECT_EQ(s.in("S 5000:5001(0) ts 500 0"), disposition::consumed);
    s.expect(". 2:2(0) ack 2");
    EXPECT_EQ(s.in("S 5000:5001(0) ts 600 0"), disposition::reopen);
    EXPECT_EQ(s.in("S 5000:5001(0)"), disposition::reopen);
}

TEST(tcp_time_wait, fin_of_another_number_prolongs_nothing) {
    script s = in_time_wait();
    s.wait(s.config.time_wait - 1);
    s.in("F. 50:51(0) ack 2");
    s.in("F. 100:201(100) ack 2");
    s.drop_output();
    s.wait(1);
    EXPECT_EQ(s.is(), state::closed);
}

TEST(tcp_time_wait, answers_are_limited_but_for_the_fin_again) {
    script s = in_time_wait();
    for (int i = 0; i < 100; ++i) s.in("P. 1:101(100) ack 2");
    EXPECT_LE(s.drop_output(), s.config.challenge_acks_per_second);
    s.in("F. 1:2(0) ack 2");
    s.expect(". 2:2(0) ack 2");
}

TEST(tcp_time_wait, old_segments_are_acknowledged) {
    script s = in_time_wait();
    s.in("P. 1:101(100) ack 2");
    s.expect(". 2:2(0) ack 2");
    s.in(". 2:2(0) ack 2");
    s.quiet();
}

TEST(tcp_time_wait, ends_by_an_exact_reset_only) {
    script s = in_time_wait();
    s.in("R 1:1(0)");
    s.in("R 100:100(0)");
    EXPECT_EQ(s.is(), state::time_wait);
    s.in("R 2:2(0)");
    EXPECT_EQ(s.is(), state::closed);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
