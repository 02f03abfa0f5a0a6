// ICMP errors: which are told, which end a connection, which are not believed (RFC 9293 section 3.9.2.2, RFC 5927).
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

sequence at(std::uint32_t n) { return sequence{0xfffffff0} + n; }

TEST(tcp_icmp_error, soft_ones_are_told_and_do_not_end_the_connection) {
    script s;
    s.connect_fully();
    s.send(100);
    for (auto const kind : {icmp_error::network_unreachable, icmp_error::host_unreachable, icmp_error::time_exceeded,
                            icmp_error::parameter_problem}) {
        s.c->on_icmp_error(kind, at(1), s.now);
        EXPECT_EQ(s.is(), state::established);
        EXPECT_NE(s.c->take_soft_error(), error::ok);
        EXPECT_EQ(s.c->take_soft_error(), error::ok);
    }
}

TEST(tcp_icmp_error, soft_ones_end_an_opening_connection) {
    script s;
    s.connect();
    s.c->on_icmp_error(icmp_error::host_unreachable, at(0), s.now);
    EXPECT_EQ(s.is(), state::closed);
    EXPECT_EQ(s.c->failure(), error::ehostunreach);
}

TEST(tcp_icmp_error, is_the_reason_when_the_connection_gives_up) {
    script s;
    s.config.icmp_ends_opening = false;
    s.connect();
    s.c->on_icmp_error(icmp_error::host_unreachable, at(0), s.now);
    EXPECT_EQ(s.is(), state::syn_sent);
    s.wait(600 * seconds);
    EXPECT_EQ(s.c->failure(), error::ehostunreach);
}

TEST(tcp_icmp_error, refused_port_ends_an_opening_connection) {
    script s;
    s.connect();
    s.c->on_icmp_error(icmp_error::port_unreachable, at(0), s.now);
    EXPECT_EQ(s.is(), state::closed);
    EXPECT_EQ(s.c->failure(), error::econnrefused);
}

TEST(tcp_icmp_error, hard_ones_end_an_open_connection_only_if_so_configured) {
    script s;
    s.connect_fully();
    s.send(100);
    s.c->on_icmp_error(icmp_error::port_unreachable, at(1), s.now);
    EXPECT_EQ(s.is(), state::established);
    script t;
    t.config.abort_on_hard_icmp = true;
    t.connect_fully();
    t.send(100);
    t.c->on_icmp_error(icmp_error::protocol_unreachable, at(1), t.now);
    EXPECT_EQ(t.is(), state::closed);
    EXPECT_EQ(t.c->failure(), error::enoprotoopt);
}

TEST(tcp_icmp_error, about_bytes_not_in_flight_is_not_believed) {
    script s;
    s.connect_fully();
    s.send(100);
    s.c->on_icmp_error(icmp_error::host_unreachable, at(101), s.now);
    s.c->on_icmp_error(icmp_error::host_unreachable, at(0), s.now);
    EXPECT_EQ(s.c->take_soft_error(), error::ok);
}

TEST(tcp_icmp_error, source_quench_is_discarded) {
    script s;
    s.connect_fully();
    s.send(100);
    std::uint32_t const cwnd = s.c->info().cwnd;
    s.c->on_icmp_error(icmp_error::source_quench, at(1), s.now);
    EXPECT_EQ(s.c->take_soft_error(), error::ok);
    EXPECT_EQ(s.c->info().cwnd, cwnd);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
