// Timestamps: round trips measured by them, and protection against wrapped sequence numbers (RFC 7323).
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

connection_config stamped() {
    connection_config config = plain();
    config.timestamps = true;
    return config;
}

script opened() {
    script s{stamped()};
    s.connect();
    s.expect("S 0:1(0) ts 1000000 0");
    s.wait(50 * milliseconds);
    s.in("S. 0:1(0) ack 1 mss 1000 ts 700 1000000");
    s.expect(". 1:1(0) ack 1 ts 1000050 700");
    return s;
}

TEST(tcp_timestamps, are_negotiated) {
    script s = opened();
    EXPECT_TRUE(s.c->info().timestamps);
    script without{stamped()};
    without.connect();
    without.in("S. 0:1(0) ack 1 mss 1000");
    EXPECT_FALSE(without.c->info().timestamps);
    script passive{stamped()};
    passive.accept("S 0:1(0) mss 1000 ts 77 0");
    passive.expect("S. 0:1(0) ack 1 ts 1000000 77");
}

TEST(tcp_timestamps, take_their_room_from_the_payload) {
    script s = opened();
    s.send(988);
    s.expect("P. 1:989(988) ack 1");
    s.send(1000);
    s.expect(". 989:1977(988) ack 1");
    EXPECT_EQ(s.c->info().mss, 988U);
}

TEST(tcp_timestamps, measure_even_what_was_resent) {
    script s = opened();
    s.send(100);
    s.wait(s.c->info().rto);
    s.drop_output();
    s.wait(80 * milliseconds);
    time_ns const before = s.c->info().srtt;
    // The echo is of the retransmission: 80 ms ago.
    std::uint32_t const stamp = static_cast<std::uint32_t>(s.now / milliseconds) - 80;
    s.in(". 1:1(0) ack 101 ts 900 " + std::to_string(stamp));
    EXPECT_EQ(s.c->info().srtt, before + (80 * milliseconds - before) / 8);
}

TEST(tcp_timestamps, echo_of_an_earlier_syn_is_no_round_trip) {
    script s{stamped()};
    s.connect();
    s.wait(3 * seconds);  // at 1 s and at 3 s the SYN left again
    EXPECT_EQ(s.drop_output(), 3U);
    s.wait(20 * milliseconds);
    s.in("S. 0:1(0) ack 1 mss 1000 ts 700 1000000");  // the first one's stamp
    EXPECT_EQ(s.c->info().srtt, 0);
    script t{stamped()};
    t.connect();
    t.wait(3 * seconds + 20 * milliseconds);
    t.in("S. 0:1(0) ack 1 mss 1000 ts 700 1003000");
    EXPECT_EQ(t.c->info().srtt, 20 * milliseconds);
}

TEST(tcp_timestamps, repeated_syn_is_echoed_by_its_own_stamp) {
    script s{stamped()};
    s.accept("S 0:1(0) mss 1000 ts 100 0");
    s.expect("S. 0:1(0) ack 1 ts 1000000 100");
    s.wait(900 * milliseconds);
    s.in("S 0:1(0) mss 1000 ts 1000 0");
    s.expect("S. 0:1(0) ack 1 ts 1000900 1000");
}

TEST(tcp_timestamps, older_segment_is_rejected_and_answered) {
    script s = opened();
    s.in("P. 1:101(100) ack 1 ts 800 1000050");
    s.drop_output();
    s.in("P. 101:201(100) ack 1 ts 799 1000050");
    s.expect(". 1:1(0) ack 101 ts 1000050 800");
    EXPECT_EQ(s.c->readable(), 100U);
    EXPECT_EQ(s.c->info().paws_rejects, 1U);
    s.in("P. 101:201(100) ack 1 ts 800 1000050");
    EXPECT_EQ(s.c->readable(), 200U);
}

TEST(tcp_timestamps, resets_are_not_subject_to_them) {
    script s = opened();
    s.in("R 1:1(0)");
    EXPECT_EQ(s.is(), state::closed);
}

TEST(tcp_timestamps, segment_without_one_is_dropped) {
    script s = opened();
    s.in("P. 1:101(100) ack 1");
    s.quiet();
    EXPECT_EQ(s.c->readable(), 0U);
}

TEST(tcp_timestamps, echo_is_of_the_segment_at_the_left_edge) {
    script s = opened();
    s.c->set_quick_ack(false, s.now);
    s.in("P. 101:201(100) ack 1 ts 820 1000050");  // beyond a gap: its stamp is not echoed
    s.expect(". 1:1(0) ack 1 ts 1000050 700");
    s.in("P. 1:101(100) ack 1 ts 810 1000050");
    s.expect(". 1:1(0) ack 201 ts 1000050 810");
}

TEST(tcp_timestamps, survive_24_days_of_silence) {
    script s = opened();
    s.in("P. 1:101(100) ack 1 ts 800 1000050");
    s.drop_output();
    s.wait(25 * 86'400 * seconds);
    s.in("P. 101:201(100) ack 1 ts 700 1000050");  // the peer's clock may have wrapped
    EXPECT_EQ(s.c->readable(), 200U);
}

TEST(tcp_timestamps, echo_of_nothing_is_no_round_trip) {
    script s = opened();
    s.send(100);
    s.wait(s.c->info().rto);
    s.drop_output();
    time_ns const before = s.c->info().srtt;
    s.in(". 1:1(0) ack 101 ts 900 0");  // some peers echo zero
    EXPECT_EQ(s.c->info().srtt, before);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
