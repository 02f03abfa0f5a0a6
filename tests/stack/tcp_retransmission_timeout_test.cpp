// The retransmission timer (RFC 6298), its give-up points (RFC 9293 section 3.8.3) and what it does to the window.
#include "stack/tcp/rtt.hpp"
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

/// A connection whose round trip is 100 ms: RTO 300 ms.
script slow_path() {
    script s;
    s.connect();
    s.drop_output();
    s.wait(100 * milliseconds);
    s.in("S. 0:1(0) ack 1 win 65535 mss 1000");
    s.drop_output();
    return s;
}

TEST(tcp_retransmission_timeout, is_srtt_plus_four_deviations) {
    rtt_estimator r;
    r.configure(1 * seconds, 1 * milliseconds, 120 * seconds);
    EXPECT_EQ(r.rto(), 1 * seconds);
    r.sample(100 * milliseconds);  // (2.2)
    EXPECT_EQ(r.srtt(), 100 * milliseconds);
    EXPECT_EQ(r.rttvar(), 50 * milliseconds);
    EXPECT_EQ(r.rto(), 300 * milliseconds);
    r.sample(200 * milliseconds);  // (2.3)
    EXPECT_EQ(r.rttvar(), 62'500'000);
    EXPECT_EQ(r.srtt(), 112'500'000);
    EXPECT_EQ(r.rto(), 362'500'000);
    r.back_off();
    EXPECT_EQ(r.rto(), 725 * milliseconds);
    for (int i = 0; i < 20; ++i) r.back_off();
    EXPECT_EQ(r.rto(), 120 * seconds);
}

TEST(tcp_retransmission_timeout, has_a_floor_beyond_the_round_trip) {
    rtt_estimator r;
    r.configure(1 * seconds, 200 * milliseconds, 120 * seconds);
    for (int i = 0; i < 100; ++i) r.sample(10 * milliseconds);
    EXPECT_EQ(r.rto(), 210 * milliseconds);
}

TEST(tcp_retransmission_timeout, many_samples_a_window_weigh_as_one_round) {
    rtt_estimator once, often;
    once.configure(1 * seconds, 1, 120 * seconds);
    often.configure(1 * seconds, 1, 120 * seconds);
    once.sample(100 * milliseconds);
    often.sample(100 * milliseconds);
    once.sample(200 * milliseconds);
    for (int i = 0; i < 10; ++i) often.sample(200 * milliseconds, 10);
    EXPECT_NEAR(static_cast<double>(often.srtt()), static_cast<double>(once.srtt()), 1e6);
}

TEST(tcp_retransmission_timeout, resends_and_doubles) {
    script s = slow_path();
    s.send(500);
    s.expect("P. 1:501(500) ack 1");
    time_ns const sent = s.last_at;
    time_ns expected = 300 * milliseconds, at = sent;
    for (int i = 0; i < 6; ++i) {
        s.wait(expected);
        at += expected;
        s.expect("P. 1:501(500) ack 1");
        EXPECT_EQ(s.last_at, at);
        expected *= 2;
    }
    s.quiet();
    EXPECT_EQ(s.c->info().timeouts, 6U);
}

TEST(tcp_retransmission_timeout, resent_data_gives_no_sample) {
    script s = slow_path();
    time_ns const srtt = s.c->info().srtt;
    s.send(500);
    s.wait(300 * milliseconds);
    s.drop_output();
    s.wait(10 * milliseconds);
    s.in(". 1:1(0) ack 501");
    EXPECT_EQ(s.c->info().srtt, srtt);               // Karn
    EXPECT_EQ(s.c->info().rto, 600 * milliseconds);  // the backed-off value stays until a sample
    s.send(500);
    s.wait(100 * milliseconds);
    s.in(". 1:1(0) ack 1001");
    EXPECT_LT(s.c->info().rto, 310 * milliseconds);
}

TEST(tcp_retransmission_timeout, is_restarted_by_progress_and_stopped_at_the_end) {
    script s = slow_path();
    s.send(2000);
    s.drop_output();
    s.wait(200 * milliseconds);
    s.in(". 1:1(0) ack 1001");
    time_ns const rto = s.c->info().rto;
    s.wait(rto - 1);
    s.quiet();
    s.wait(1);
    s.expect("P. 1001:2001(1000) ack 1");
    s.in(". 1:1(0) ack 2001");
    EXPECT_EQ(s.c->next_deadline(), never);
}

TEST(tcp_retransmission_timeout, window_falls_to_one_segment_and_grows_by_slow_start) {
    script s = slow_path();
    s.send(10'000);
    EXPECT_EQ(s.drop_output(), 10U);
    EXPECT_EQ(s.c->info().cwnd, 10'000U);
    s.wait(300 * milliseconds);
    s.expect(". 1:1001(1000) ack 1");
    s.quiet();
    EXPECT_EQ(s.c->info().cwnd, 1000U);
    EXPECT_EQ(s.c->info().ssthresh, 5000U);
    s.in(". 1:1(0) ack 1001");
    s.expect(". 1001:2001(1000) ack 1");
    s.expect(". 2001:3001(1000) ack 1");
    s.quiet();
    s.in(". 1:1(0) ack 3001");
    EXPECT_EQ(s.drop_output(), 4U);
}

TEST(tcp_retransmission_timeout, second_one_leaves_ssthresh) {
    script s = slow_path();
    s.send(10'000);
    s.wait(300 * milliseconds);
    EXPECT_EQ(s.c->info().ssthresh, 5000U);
    s.wait(600 * milliseconds);
    EXPECT_EQ(s.c->info().ssthresh, 5000U);
    EXPECT_EQ(s.c->info().timeouts, 2U);
}

TEST(tcp_retransmission_timeout, r1_puts_the_path_in_doubt_and_r2_ends_the_connection) {
    connection_config config = plain();
    config.retries_1 = 3;
    config.retries_2 = 5;
    script s{config};
    s.connect_fully();
    s.send(100);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(s.c->path_in_doubt(), i >= 3);
        s.wait(s.c->next_deadline() - s.now);
    }
    EXPECT_EQ(s.drop_output(), 6U);
    s.wait(s.c->next_deadline() - s.now);
    s.quiet();
    EXPECT_EQ(s.is(), state::closed);
    EXPECT_EQ(s.c->failure(), error::etimedout);
    EXPECT_EQ(s.c->next_deadline(), never);
}

TEST(tcp_retransmission_timeout, r2_can_be_set_by_the_application) {
    script s;
    s.connect_fully();
    s.c->set_retries(1, 2);
    s.send(100);
    s.wait(3600 * seconds);
    EXPECT_EQ(s.drop_output(), 3U);
    EXPECT_EQ(s.c->failure(), error::etimedout);
}

TEST(tcp_retransmission_timeout, default_r2_is_over_100_seconds) {
    script s;
    s.connect_fully();
    s.send(100);
    s.wait(100 * seconds);
    EXPECT_EQ(s.is(), state::established);
    s.wait(3600 * seconds);
    EXPECT_EQ(s.is(), state::closed);
}

TEST(tcp_retransmission_timeout, syn_is_resent_for_three_minutes) {
    script s;
    s.connect();
    s.expect("S 0:1(0)");
    s.wait(1 * seconds);
    s.expect("S 0:1(0)");
    s.wait(2 * seconds);
    s.expect("S 0:1(0)");
    s.wait(177 * seconds);
    EXPECT_EQ(s.is(), state::syn_sent);
    s.wait(300 * seconds);
    EXPECT_EQ(s.is(), state::closed);
    EXPECT_EQ(s.c->failure(), error::etimedout);
}

TEST(tcp_retransmission_timeout, syn_ack_is_resent) {
    script s;
    s.accept("S 0:1(0)");
    s.expect("S. 0:1(0) ack 1");
    s.wait(1 * seconds);
    s.expect("S. 0:1(0) ack 1");
    s.in("S 0:1(0)");  // the peer's SYN again: so must ours be
    s.expect("S. 0:1(0) ack 1");
}

TEST(tcp_retransmission_timeout, is_three_seconds_after_a_lost_syn_without_a_sample) {
    script s;
    s.connect();
    s.wait(1 * seconds);
    s.in("S. 0:1(0) ack 1 mss 1000");
    s.drop_output();
    EXPECT_EQ(s.c->info().rto, 3 * seconds);  // RFC 6298 (5.7)
    EXPECT_EQ(s.c->info().cwnd, 1000U);       // RFC 5681 section 3.1
}

TEST(tcp_retransmission_timeout, user_timeout_ends_the_connection_when_it_says) {
    connection_config config = plain();
    config.user_timeout = 5 * seconds;
    script s{config};
    s.connect_fully();
    s.wait(100 * seconds);  // idle is no failure
    s.send(100);
    s.wait(5 * seconds - 1);
    EXPECT_EQ(s.is(), state::established);
    s.wait(1);
    EXPECT_EQ(s.is(), state::closed);
    EXPECT_EQ(s.c->failure(), error::etimedout);
}

TEST(tcp_retransmission_timeout, user_timeout_bounds_the_handshake) {
    connection_config config = plain();
    config.user_timeout = 5 * seconds;
    script s{config};
    s.connect();
    s.wait(5 * seconds);
    EXPECT_EQ(s.c->failure(), error::etimedout);
}

TEST(tcp_retransmission_timeout, orphan_gives_up_sooner) {
    connection_config config = plain();
    config.orphan_retries = 2;
    script s{config};
    s.connect_fully();
    s.send(100);
    s.c->close(s.now);
    s.collect();
    s.wait(10 * seconds);
    EXPECT_TRUE(s.c->finished());
}

TEST(tcp_retransmission_timeout, shortest_round_trip_is_remembered) {
    rtt_estimator r;
    r.configure(seconds, 200 * milliseconds, 120 * seconds);
    for (time_ns ms : {100, 50, 80}) r.sample(ms * milliseconds);
    r.coarse_sample(1);  // no finer than its clock: it may be shorter than any was
    EXPECT_EQ(r.lowest(), 50 * milliseconds);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
