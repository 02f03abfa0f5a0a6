// A datagram for a port nobody holds: who hears of it, and who must not.
#include <gtest/gtest.h>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class icmp_unreachable : public ::testing::TestWithParam<bool> {
  protected:
    ip_version family() const { return GetParam() ? ip_version::v6 : ip_version::v4; }
    std::string_view b() const { return GetParam() ? "2001:db8::2" : "192.0.2.2"; }
    host_pair net;
};

TEST_P(icmp_unreachable, a_connected_socket_fails_once_with_econnrefused) {
    auto s = net.a->open_udp(family());
    ASSERT_EQ(s->connect(at(b(), 9), net.now), error::ok);
    ASSERT_EQ(s->send(payload("x"), 0, net.now).problem, error::ok);
    net.settle();
    EXPECT_NE(s->readiness() & ready::error, 0U);
    EXPECT_EQ(receive(*s, net.now), "<ECONNREFUSED>");
    EXPECT_EQ(receive(*s, net.now), "<EAGAIN>");
    EXPECT_EQ(net.b->counters().drops(drop_reason::no_socket), 1U);
}

TEST_P(icmp_unreachable, an_unconnected_socket_does_not_die_of_it) {
    auto s = net.a->open_udp(family());
    ASSERT_EQ(s->send_to(payload("x"), at(b(), 9), net.now).problem, error::ok);
    net.settle();
    EXPECT_EQ(net.log.size(), 2U);
    EXPECT_EQ(receive(*s, net.now), "<EAGAIN>");
}

TEST_P(icmp_unreachable, with_receive_errors_an_unconnected_socket_learns_which_destination_failed) {
    auto s = net.a->open_udp(family());
    ASSERT_EQ(s->set_option(socket_option::receive_errors, 1, net.now), error::ok);
    ASSERT_EQ(s->send_to(payload("x"), at(b(), 9), net.now).problem, error::ok);
    net.settle();
    EXPECT_EQ(receive(*s, net.now), "<ECONNREFUSED>");
    auto const e = s->take_error();
    ASSERT_TRUE(e.has_value());
    EXPECT_EQ(e->problem, error::econnrefused);
    EXPECT_EQ(e->destination, at(b(), 9));
    EXPECT_EQ(e->offender, ip(b()));
    EXPECT_EQ(e->icmp_type, GetParam() ? 1 : 3);
    EXPECT_FALSE(s->take_error().has_value());
}

TEST_P(icmp_unreachable, errors_are_rate_limited) {
    host_pair limited{[](host_config& c) { c.icmp_errors_per_second = 10, c.icmp_error_burst = 5; }};
    auto s = limited.a->open_udp(family());
    for (int i = 0; i < 100; ++i) s->send_to(payload("x"), at(b(), 9), limited.now);
    limited.settle();
    std::size_t from_b = 0;
    for (auto const& p : limited.log) from_b += p.from_a ? 0U : 1U;
    EXPECT_EQ(from_b, 5U);
    EXPECT_EQ(limited.b->counters().icmp_errors_suppressed, 95U);
}

INSTANTIATE_TEST_SUITE_P(versions, icmp_unreachable, ::testing::Bool(),
                         [](auto const& p) { return p.param ? "v6" : "v4"; });

/// A socket that has sent to a peer which says nothing, and routers that do.
class icmp_unreachable_path : public icmp_unreachable {
  protected:
    void SetUp() override {
        net.pass = [](bool, packet&) { return false; };
        s = net.a->open_udp(family());
        ASSERT_EQ(s->connect(at(b(), 9), net.now), error::ok);
        ASSERT_EQ(s->send(payload("x"), 0, net.now).problem, error::ok);
        net.run_for(milliseconds(0));
        quoted = net.log.at(0).p.bytes;
    }
    void host_unreachable() {
        auto const p = GetParam() ? ipv6("2001:db8::fe", "2001:db8::1", 58,
                                         icmp6("2001:db8::fe", "2001:db8::1", wire::icmpv6::unreachable, 3, 0, quoted))
                                  : ipv4("192.0.2.254", "192.0.2.1", 1, icmp4(wire::icmpv4::unreachable, 1, 0, quoted));
        net.a->ingress(p, {}, net.now);
    }
    std::unique_ptr<cardea::stack::socket> s;
    raw quoted;
};

TEST_P(icmp_unreachable_path, what_may_pass_is_told_only_to_who_asks_for_it) {
    host_unreachable();
    EXPECT_EQ(receive(*s, net.now), "<EAGAIN>");  // udp(7): without IP_RECVERR only what is final
    ASSERT_EQ(s->set_option(socket_option::receive_errors, 1, net.now), error::ok);
    host_unreachable();
    EXPECT_EQ(receive(*s, net.now), "<EHOSTUNREACH>");
}

TEST_P(icmp_unreachable_path, an_error_that_was_taken_from_the_queue_is_told_no_more) {
    ASSERT_EQ(s->set_option(socket_option::receive_errors, 1, net.now), error::ok);
    host_unreachable();
    EXPECT_TRUE(s->take_error().has_value());
    EXPECT_EQ(receive(*s, net.now), "<EAGAIN>");
}

TEST_P(icmp_unreachable_path, queued_errors_have_a_bound) {
    ASSERT_EQ(s->set_option(socket_option::receive_errors, 1, net.now), error::ok);
    for (int i = 0; i < 1000; ++i) host_unreachable();
    int n = 0;
    while (s->take_error()) ++n;
    EXPECT_GT(n, 0);
    EXPECT_LE(n, 64);
}

INSTANTIATE_TEST_SUITE_P(versions, icmp_unreachable_path, ::testing::Bool(),
                         [](auto const& p) { return p.param ? "v6" : "v4"; });

}  // namespace
}  // namespace cardea::stack
