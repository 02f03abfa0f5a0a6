// RACK-TLP (RFC 8985), behind its switch.
#include "tcp_pair.hpp"
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

/// Round trip 100 ms; ten segments sent 1 ms apart.
script ten_in_flight() {
    connection_config config = with_sack();
    config.rack = true;
    script s{config};
    s.connect();
    s.drop_output();
    s.wait(100 * milliseconds);
    s.in("S. 0:1(0) ack 1 win 65535 mss 1000 sackok");
    for (int i = 0; i < 10; ++i) {
        s.send(1000);
        s.wait(1 * milliseconds);
    }
    EXPECT_EQ(s.drop_output(), 11U);
    return s;
}

TEST(tcp_rack, one_later_delivery_and_a_little_time_show_a_loss) {
    script s = ten_in_flight();
    s.wait(91 * milliseconds);
    s.in(". 1:1(0) ack 1 sack 1001:2001");  // three duplicates would have waited
    s.quiet();
    s.wait(30 * milliseconds);  // a quarter of the round trip
    s.expect(". 1:1001(1000) ack 1");
    EXPECT_TRUE(s.c->info().in_recovery);
}

TEST(tcp_rack, reordering_within_the_window_is_no_loss) {
    script s = ten_in_flight();
    s.wait(91 * milliseconds);
    s.in(". 1:1(0) ack 1 sack 1001:2001");
    s.wait(10 * milliseconds);
    s.in(". 1:1(0) ack 2001");
    s.wait(60 * milliseconds);
    EXPECT_EQ(s.c->info().fast_recoveries, 0U);
}

TEST(tcp_rack, lost_retransmission_is_found_without_a_timeout) {
    script s = ten_in_flight();
    s.wait(91 * milliseconds);
    s.in(". 1:1(0) ack 1 sack 1001:5001");
    s.expect(". 1:1001(1000) ack 1");
    s.send(3000);
    s.wait(100 * milliseconds);
    s.in(". 1:1(0) ack 1 sack 1001:10001");
    s.drop_output();
    s.wait(40 * milliseconds);
    s.in(". 1:1(0) ack 1 sack 1001:11001");  // sent after the retransmission, and delivered
    s.wait(60 * milliseconds);
    EXPECT_GE(s.c->info().resends, 2U);
    EXPECT_EQ(s.c->info().timeouts, 0U);
}

TEST(tcp_rack, tail_probe_comes_before_the_timeout) {
    connection_config config = with_sack();
    config.rack = true;
    script s{config};
    s.connect();
    s.drop_output();
    s.wait(50 * milliseconds);
    s.in("S. 0:1(0) ack 1 win 65535 mss 1000 sackok");
    s.drop_output();
    s.send(3000);
    EXPECT_EQ(s.drop_output(), 3U);
    s.wait(100 * milliseconds);  // two round trips
    s.expect("P. 2001:3001(1000) ack 1");
    EXPECT_EQ(s.c->info().tail_probes, 1U);
    EXPECT_EQ(s.c->info().timeouts, 0U);
    s.wait(50 * milliseconds);
    s.in(". 1:1(0) ack 1 sack 2001:3001");
    s.expect(". 1:1001(1000) ack 1");  // recovery, not a timeout
    EXPECT_EQ(s.resends.front(), resend_reason::tail_probe);
}

TEST(tcp_rack, tail_probe_that_repaired_a_loss_reduces_the_window) {
    connection_config config = with_sack();
    config.rack = true;
    script s{config};
    s.connect();
    s.drop_output();
    s.wait(50 * milliseconds);
    s.in("S. 0:1(0) ack 1 win 65535 mss 1000 sackok");
    s.drop_output();
    s.send(3000);
    s.in(". 1:1(0) ack 2001");
    s.drop_output();
    s.wait(s.c->next_deadline() - s.now);
    EXPECT_EQ(s.c->info().tail_probes, 1U);
    std::uint32_t const cwnd = s.c->info().cwnd;
    s.in(". 1:1(0) ack 3001");  // of the probe, or late of the original: nobody knows yet
    EXPECT_GE(s.c->info().cwnd, cwnd);
    s.drop_output();
    s.send(1000);
    s.in(". 1:1(0) ack 4001");  // and nothing has told of a duplicate
    EXPECT_LT(s.c->info().cwnd, cwnd);
}

TEST(tcp_rack, tail_probe_that_met_a_late_acknowledgement_reduces_nothing) {
    connection_config config = with_sack();
    config.rack = true;
    script s{config};
    s.connect();
    s.drop_output();
    s.wait(50 * milliseconds);
    s.in("S. 0:1(0) ack 1 win 65535 mss 1000 sackok");
    s.drop_output();
    s.send(1000);
    s.wait(s.c->next_deadline() - s.now);
    EXPECT_EQ(s.c->info().tail_probes, 1U);
    std::uint32_t const cwnd = s.c->info().cwnd;
    s.in(". 1:1(0) ack 1001");  // of the original
    s.in(". 1:1(0) ack 1001");  // of the probe, by a receiver without D-SACK
    s.drop_output();
    s.send(1000);
    s.in(". 1:1(0) ack 2001");
    EXPECT_GE(s.c->info().cwnd, cwnd);
}

TEST(tcp_rack, tail_probe_of_one_segment_allows_for_the_peers_delayed_acknowledgement) {
    connection_config config = with_sack();
    config.rack = true;
    config.rto_min = 1 * seconds;
    script s{config};
    s.connect();
    s.drop_output();
    s.wait(50 * milliseconds);
    s.in("S. 0:1(0) ack 1 win 65535 mss 1000 sackok");
    s.drop_output();
    s.send(1000);
    s.drop_output();
    s.wait(300 * milliseconds - 1);  // two round trips and 200 ms
    s.quiet();
    s.wait(1);
    s.expect("P. 1:1001(1000) ack 1");
    EXPECT_EQ(s.c->info().tail_probes, 1U);
}

TEST(tcp_rack, tail_probe_goes_in_place_of_the_first_timeout_when_that_comes_sooner) {
    connection_config config = with_sack();
    config.rack = true;
    script s{config};
    s.connect();
    s.drop_output();
    s.wait(50 * milliseconds);
    s.in("S. 0:1(0) ack 1 win 65535 mss 1000 sackok");
    s.drop_output();
    s.send(1000);
    s.drop_output();
    s.wait(250 * milliseconds);
    s.expect("P. 1:1001(1000) ack 1");
    EXPECT_EQ(s.c->info().tail_probes, 1U);
    EXPECT_EQ(s.c->info().timeouts, 0U);
    s.wait(250 * milliseconds);
    s.expect("P. 1:1001(1000) ack 1");
    EXPECT_EQ(s.c->info().timeouts, 1U);
}

TEST(tcp_rack, tail_probe_of_data_that_had_arrived_does_not) {
    connection_config config = with_sack();
    config.rack = true;
    script s{config};
    s.connect();
    s.drop_output();
    s.wait(50 * milliseconds);
    s.in("S. 0:1(0) ack 1 win 65535 mss 1000 sackok");
    s.drop_output();
    s.send(1000);
    s.wait(s.c->next_deadline() - s.now);
    EXPECT_EQ(s.c->info().tail_probes, 1U);
    std::uint32_t const cwnd = s.c->info().cwnd;
    s.in(". 1:1(0) ack 1001 sack 1:1001");  // the receiver had it already
    EXPECT_GE(s.c->info().cwnd, cwnd);
}

TEST(tcp_rack, heavy_loss_needs_fewer_timeouts_than_counting) {
    auto timeouts = [](bool rack) {
        connection_config config;
        config.rack = rack;
        link_options link;
        link.loss = 30;
        connection_pair p{11, link, config, config};
        p.flow_of(true).to_send = 2'000'000;
        p.open();
        EXPECT_TRUE(p.run([&] { return p.flow_of(false).received == 2'000'000; }, p.now() + 3600 * seconds));
        return p.a().info().timeouts;
    };
    EXPECT_LT(timeouts(true), timeouts(false));
}

TEST(tcp_rack, reordering_link_causes_few_false_retransmissions) {
    connection_config config;
    config.rack = true;
    link_options link;
    link.reorder = 20;
    link.reorder_delay = 3 * milliseconds;  // of a round trip of 20
    connection_pair p{5, link, config, config};
    p.flow_of(true).to_send = 5'000'000;
    p.open();
    ASSERT_TRUE(p.run([&] { return p.flow_of(false).received == 5'000'000; }, p.now() + 3600 * seconds));
    EXPECT_EQ(p.lost, 0U);
    EXPECT_LT(p.a().info().resends, 10U);
}

/// What one acknowledgement has delivered: up to `end`, sent at `sent_at`.
delivery arrived(time_ns sent_at, std::uint32_t end, bool resent = false) {
    delivery d;
    d.newest_sent_at = sent_at;
    d.newest_end = sequence{end};
    d.newest_resent = resent;
    if (!resent) d.lowest_original_end = d.newest_end;
    return d;
}

TEST(tcp_rack, acknowledgement_sooner_than_the_path_allows_is_not_of_the_retransmission) {
    rack_state r;
    r.on_delivery(arrived(100, 2001), sequence{1}, sequence{9001}, false, 50, 150);
    r.on_delivery(arrived(190, 1001, true), sequence{2001}, sequence{9001}, false, 50, 200);
    EXPECT_EQ(r.sent_at(), 100);
    EXPECT_EQ(r.end(), sequence{2001});
    r.on_delivery(arrived(190, 1001, true), sequence{2001}, sequence{9001}, false, 50, 240);
    EXPECT_EQ(r.sent_at(), 190);
}

TEST(tcp_rack, of_two_sent_at_once_the_later_in_the_stream_counts) {
    rack_state r;
    r.on_delivery(arrived(100, 2001), sequence{1}, sequence{9001}, false, 50, 150);
    r.on_delivery(arrived(100, 3001), sequence{1}, sequence{9001}, false, 50, 160);
    EXPECT_EQ(r.end(), sequence{3001});
    r.on_delivery(arrived(100, 1001), sequence{1}, sequence{9001}, false, 50, 170);
    EXPECT_EQ(r.end(), sequence{3001});
}

TEST(tcp_rack, reordering_window_is_there_until_recovery_or_three_reports_and_for_good_once_seen) {
    rack_state r;
    r.on_delivery(arrived(100, 2001), sequence{1}, sequence{9001}, false, 80, 180);
    EXPECT_EQ(r.span(100, 80, false, false), 80 + 20);
    EXPECT_EQ(r.span(100, 80, true, false), 80);
    EXPECT_EQ(r.span(100, 80, false, true), 80);
    r.on_delivery(arrived(99, 1001), sequence{2001}, sequence{9001}, false, 80, 181);  // an original, below
    EXPECT_EQ(r.span(100, 80, true, true), 80 + 20);
}

TEST(tcp_rack, needless_retransmissions_widen_the_window_once_a_round_for_sixteen_recoveries) {
    rack_state r;
    r.on_delivery(arrived(100, 2001), sequence{1}, sequence{9001}, true, 80, 180);
    EXPECT_EQ(r.span(1000, 80, true, true), 80 + 2 * 20);
    r.on_delivery(arrived(101, 3001), sequence{2001}, sequence{9001}, true, 80, 181);  // of the same round
    EXPECT_EQ(r.span(1000, 80, true, true), 80 + 2 * 20);
    r.on_delivery(arrived(102, 9001), sequence{9001}, sequence{12'001}, true, 80, 182);
    EXPECT_EQ(r.span(1000, 80, true, true), 80 + 3 * 20);
    EXPECT_EQ(r.span(50, 80, true, true), 80 + 50);  // never beyond the smoothed round trip
    for (int i = 0; i < 15; ++i) r.on_recovery_end();
    EXPECT_EQ(r.span(1000, 80, true, true), 80 + 3 * 20);
    r.on_recovery_end();
    EXPECT_EQ(r.span(1000, 80, true, true), 80 + 20);
}

TEST(tcp_rack, timeouts_count_as_recoveries_without_a_duplicate) {
    connection_config config = with_sack();
    config.rack = true;
    script s{config};
    s.connect();
    s.drop_output();
    s.wait(100 * milliseconds);
    s.in("S. 0:1(0) ack 1 win 65535 mss 1000 sackok");
    s.drop_output();
    s.send(1000);
    s.wait(100 * milliseconds);
    s.in(". 1:1(0) ack 1001");
    s.in(". 1:1(0) ack 1001 sack 1:1001");  // needless: the window is doubled, for sixteen recoveries
    int at = 1001;
    auto const round = [&] {
        s.send(1000);
        std::uint64_t const timeouts = s.c->info().timeouts;
        while (s.c->info().timeouts == timeouts) s.wait(s.c->next_deadline() - s.now);
        at += 1000;
        s.in(". 1:1(0) ack " + std::to_string(at));
        s.drop_output();
    };
    auto const window = [&] {  // beyond a round trip of 100 ms
        s.send(2000);
        s.drop_output();
        s.wait(100 * milliseconds);
        std::string const numbers = std::to_string(at + 1000) + ":" + std::to_string(at + 2000);
        s.in(". 1:1(0) ack " + std::to_string(at) + " sack " + numbers);
        time_ns const wait = s.c->next_deadline() - s.now;
        at += 2000;
        s.in(". 1:1(0) ack " + std::to_string(at));
        return wait;
    };
    EXPECT_EQ(window(), 50 * milliseconds);
    for (int i = 0; i < 16; ++i) round();
    EXPECT_EQ(window(), 25 * milliseconds);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
