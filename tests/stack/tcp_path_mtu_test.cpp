// Segment size: what is announced, what is obeyed, and a path that takes less (RFC 9293 section 3.7, RFC 1191, RFC
// 8201).
#include "tcp_pair.hpp"
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

TEST(tcp_path_mtu, announced_size_is_the_interfaces_less_the_headers) {
    script v4;
    v4.config.mtu = 1500;
    v4.connect();
    v4.expect("S 0:1(0) mss 1460");
    script v6{plain(), ip_address::loopback_v6()};
    v6.config.mtu = 1500;
    v6.connect();
    v6.expect("S 0:1(0) mss 1440");
}

TEST(tcp_path_mtu, default_of_a_silent_peer_is_536_or_1220) {
    script v4;
    v4.config.mtu = 1500;
    v4.config.max_send_burst = 500;
    v4.connect();
    v4.in("S. 0:1(0) ack 1");
    v4.drop_output();
    v4.send(3000);
    v4.expect(". 1:537(536) ack 1");
    script v6{plain(), ip_address::loopback_v6()};
    v6.config.mtu = 1500;
    v6.config.max_send_burst = 500;
    v6.connect();
    v6.in("S. 0:1(0) ack 1");
    v6.drop_output();
    v6.send(3000);
    v6.expect(". 1:1221(1220) ack 1");
}

TEST(tcp_path_mtu, effective_size_is_the_least_of_peer_and_path) {
    script s;
    s.connect_fully("win 65535 mss 700");
    EXPECT_EQ(s.c->info().mss, 700U);
    script t;
    t.connect_fully("win 65535 mss 1460");
    EXPECT_EQ(t.c->info().mss, 1000U);
}

TEST(tcp_path_mtu, tiny_size_from_the_peer_is_not_obeyed) {
    script s;
    s.connect_fully("win 65535 mss 1");
    EXPECT_EQ(s.c->info().mss, 64U);
}

TEST(tcp_path_mtu, size_is_announced_in_syns_only) {
    script s;
    s.connect();
    s.expect("S 0:1(0) mss 1000");
    s.in("S. 0:1(0) ack 1 mss 1000");
    s.expect(". 1:1(0) ack 1");
    EXPECT_FALSE(s.last.options.mss.has_value());
    s.send(100);
    s.expect("P. 1:101(100) ack 1");
    EXPECT_FALSE(s.last.options.mss.has_value());
}

TEST(tcp_path_mtu, smaller_path_cuts_what_was_sent_anew) {
    script s;
    s.connect_fully();
    s.send(3000);
    EXPECT_EQ(s.drop_output(), 3U);
    std::uint32_t const segments = s.c->info().cwnd / s.c->info().mss;
    s.c->on_path_mtu(640, s.now);
    s.collect();
    s.expect(". 1:601(600) ack 1");
    s.expect(". 601:1201(600) ack 1");
    s.expect(". 1201:1801(600) ack 1");
    s.expect(". 1801:2401(600) ack 1");
    s.expect("P. 2401:3001(600) ack 1");
    s.quiet();
    EXPECT_EQ(s.c->info().mss, 600U);
    EXPECT_EQ(s.c->info().cwnd / 600, segments);  // no congestion was signalled
    EXPECT_EQ(s.resends.front(), resend_reason::path_mtu);
}

TEST(tcp_path_mtu, nothing_absurd_is_believed) {
    script s;
    s.connect_fully();
    s.c->on_path_mtu(68, s.now);
    EXPECT_EQ(s.c->info().mss, 512U);
    s.c->on_path_mtu(100'000, s.now);
    EXPECT_EQ(s.c->info().mss, 1000U);
}

TEST(tcp_path_mtu, stream_goes_on_over_a_path_that_narrows) {
    for (std::uint32_t const burst : {1460U, 64'000U}) {
        connection_config config;
        config.max_send_burst = burst;
        connection_pair p{1, {}, config, config};
        p.flow_of(true).to_send = 500'000;
        bool told = false;
        p.establish();
        p.run([&] { return p.flow_of(false).received > 100'000; }, p.now() + 60 * seconds);
        p.wire_mtu = 900;
        p.filter = [&](bool from_a, segment const& s) {
            if (from_a && s.payload.size() + 52 > 900 && !told) told = true;
            return fate::pass;
        };
        p.run([&] { return told; }, p.now() + 1 * seconds);
        p.pass_time(20 * milliseconds);
        p.a().on_path_mtu(900, p.now());
        bool const done = p.run([&] { return p.flow_of(false).received == 500'000; }, p.now() + 60 * seconds);
        EXPECT_TRUE(done);
    }
}

TEST(tcp_path_mtu, no_path_of_ipv6_takes_less_than_1280) {
    connection_config config = plain();
    config.mtu = 1500;
    script s{config, ip_address::v6({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2})};
    s.connect_fully("win 65535 mss 1440");
    s.c->on_path_mtu(552, s.now);
    EXPECT_EQ(s.c->info().mss, 1220U);  // RFC 8201 section 4
}

}  // namespace
}  // namespace cardea::stack::tcp::test
