// Explicit congestion notification (RFC 3168 section 6.1).
#include "tcp_pair.hpp"
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

script with_ecn() {
    connection_config config = plain();
    config.ecn = ecn_mode::active;
    script s{config};
    s.connect();
    s.expect("SEW 0:1(0)");
    s.in("SE. 0:1(0) ack 1 mss 1000");
    s.expect(". 1:1(0) ack 1");
    EXPECT_TRUE(s.c->info().ecn);
    return s;
}

TEST(tcp_ecn, is_negotiated_by_both) {
    with_ecn();
    script passive;
    passive.accept("SEW 0:1(0) mss 1000");
    passive.expect("SE. 0:1(0) ack 1");
    script off;
    off.config.ecn = ecn_mode::off;
    off.accept("SEW 0:1(0) mss 1000");
    off.expect("S. 0:1(0) ack 1");
    script broken;  // an answer that reflects both bits is no answer
    broken.config.ecn = ecn_mode::active;
    broken.connect();
    broken.in("SEW. 0:1(0) ack 1 mss 1000");
    EXPECT_FALSE(broken.c->info().ecn);
}

TEST(tcp_ecn, is_given_up_when_such_a_syn_is_lost) {
    connection_config config = plain();
    config.ecn = ecn_mode::active;
    script s{config};
    s.connect();
    s.expect("SEW 0:1(0)");
    s.wait(1 * seconds);
    s.expect("S 0:1(0)");
}

TEST(tcp_ecn, data_is_marked_capable_but_not_acks_and_not_retransmissions) {
    script s = with_ecn();
    s.send(100);
    s.expect("P. 1:101(100) ack 1");
    EXPECT_EQ(s.last.ecn, ecn_codepoint::ect0);
    s.in("P. 1:101(100) ack 1");
    s.expect(". 101:101(0) ack 101");
    EXPECT_EQ(s.last.ecn, ecn_codepoint::not_ect);
    s.wait(1 * seconds);
    s.expect("P. 1:101(100) ack 101");
    EXPECT_EQ(s.last.ecn, ecn_codepoint::not_ect);
}

TEST(tcp_ecn, congestion_is_echoed_until_the_sender_has_reduced) {
    script s = with_ecn();
    s.in("P. 1:101(100) ack 1 ce");
    s.expect("E. 1:1(0) ack 101");
    s.in("P. 101:201(100) ack 1");
    s.expect("E. 1:1(0) ack 201");
    s.in("PW. 201:301(100) ack 1");
    s.expect(". 1:1(0) ack 301");
}

TEST(tcp_ecn, echo_halves_the_window_once_and_says_so) {
    script s = with_ecn();
    s.send(20'000);
    EXPECT_EQ(s.drop_output(), 10U);
    s.in("E. 1:1(0) ack 1001");
    EXPECT_EQ(s.c->info().cwnd, s.c->info().ssthresh);
    std::uint32_t const cwnd = s.c->info().cwnd;
    EXPECT_EQ(cwnd, 4500U);
    s.in("E. 1:1(0) ack 2001");
    s.in("E. 1:1(0) ack 7001");
    EXPECT_EQ(s.c->info().cwnd, 4500U);  // what echoes congestion opens no window
    EXPECT_EQ(s.c->info().ssthresh, 4500U);
    EXPECT_EQ(s.c->info().resends, 0U);
    s.expect("W. 10001:11001(1000) ack 1");
    s.in(". 1:1(0) ack 11001");
    s.expect(". 11001:12001(1000) ack 1");
}

TEST(tcp_ecn, stream_over_a_marking_link_loses_nothing) {
    connection_config config;
    config.ecn = ecn_mode::active;
    link_options link;
    link.mark = 20;
    connection_pair p{3, link, config, config};
    p.flow_of(true).to_send = 2'000'000;
    p.open();
    ASSERT_TRUE(p.run([&] { return p.flow_of(false).received == 2'000'000; }, p.now() + 600 * seconds));
    EXPECT_EQ(p.a().info().resends, 0U);
    EXPECT_LT(p.a().info().ssthresh, 1U << 30);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
