// Who may hold a port, and who gets the datagram: the rules of bind(2), ip(7), ipv6(7) and socket(7).
#include <gtest/gtest.h>

#include <set>

#include "host_pair.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class udp_bind : public ::testing::Test {
  protected:
    std::unique_ptr<socket> open(ip_version family) { return net.b->open_udp(family); }
    std::unique_ptr<socket> bound(std::string_view address, std::uint16_t port, bool reuse = false) {
        auto const a = ip(address);
        auto s = open(a.version);
        s->set_option(socket_option::reuse_address, reuse, 0);
        EXPECT_EQ(s->bind({a, port}), error::ok);
        return s;
    }
    error try_bind(std::string_view address, std::uint16_t port, bool reuse = false, bool v6_only = false) {
        auto const a = ip(address);
        auto s = open(a.version);
        s->set_option(socket_option::reuse_address, reuse, 0);
        s->set_option(socket_option::v6_only, v6_only, 0);
        return s->bind({a, port});
    }
    void send(std::string_view to, std::uint16_t port) {
        auto s = net.a->open_udp(ip(to).version);
        EXPECT_EQ(s->send_to(payload("x"), at(to, port), net.now).problem, error::ok);
        net.settle();
    }
    bool has(socket& s) { return receive(s, net.now) == "x"; }
    host_pair net;
};

TEST_F(udp_bind, the_same_address_twice_is_in_use) {
    auto const s = bound("192.0.2.2", 9);
    EXPECT_EQ(try_bind("192.0.2.2", 9), error::eaddrinuse);
    EXPECT_EQ(try_bind("0.0.0.0", 9), error::eaddrinuse);
    EXPECT_EQ(try_bind("::", 9), error::eaddrinuse);
    EXPECT_EQ(try_bind("::", 9, false, true), error::ok);
    EXPECT_EQ(try_bind("127.0.0.1", 9), error::ok);
    EXPECT_EQ(try_bind("192.0.2.2", 10), error::ok);
}

TEST_F(udp_bind, a_closed_socket_frees_its_port) {
    bound("192.0.2.2", 9)->close(net.now);
    EXPECT_EQ(try_bind("192.0.2.2", 9), error::ok);
}

TEST_F(udp_bind, reuse_address_on_both_allows_sharing_and_the_last_one_gets_it) {
    auto const first = bound("192.0.2.2", 9, true);
    EXPECT_EQ(try_bind("192.0.2.2", 9, false), error::eaddrinuse);
    auto const second = bound("192.0.2.2", 9, true);
    send("192.0.2.2", 9);
    EXPECT_FALSE(has(*first));
    EXPECT_TRUE(has(*second));
}

TEST_F(udp_bind, reuse_port_spreads_flows_and_keeps_each_flow_together) {
    std::vector<std::unique_ptr<socket>> workers;
    for (int i = 0; i < 4; ++i) {
        workers.push_back(open(ip_version::v4));
        workers.back()->set_option(socket_option::reuse_port, 1, 0);
        ASSERT_EQ(workers.back()->bind(at("0.0.0.0", 9)), error::ok);
    }
    std::set<std::size_t> used;
    for (int flow = 0; flow < 32; ++flow) {
        auto s = net.a->open_udp(ip_version::v4);
        for (int n = 0; n < 3; ++n) s->send_to(payload("x"), at("192.0.2.2", 9), net.now);
        net.settle();
        for (std::size_t w = 0; w < workers.size(); ++w) {
            int count = 0;
            while (has(*workers[w])) ++count;
            EXPECT_TRUE(count == 0 || count == 3);
            if (count != 0) used.insert(w);
        }
    }
    EXPECT_EQ(used.size(), 4U);
}

TEST_F(udp_bind, only_own_addresses_may_be_bound) {
    EXPECT_EQ(try_bind("192.0.2.77", 9), error::eaddrnotavail);
    EXPECT_EQ(try_bind("2001:db8::77", 9), error::eaddrnotavail);
    EXPECT_EQ(open(ip_version::v4)->bind(at("::1", 9)), error::eafnosupport);
    auto const s = bound("192.0.2.2", 9);
    EXPECT_EQ(s->bind(at("192.0.2.2", 10)), error::einval);
}

TEST_F(udp_bind, a_dual_stack_wildcard_takes_both_versions_and_shows_ipv4_as_mapped) {
    auto const s = bound("::", 9);
    send("192.0.2.2", 9);
    receive_info info;
    EXPECT_EQ(receive(*s, net.now, &info), "x");
    EXPECT_EQ(info.from.address, ip("::ffff:192.0.2.1"));
    EXPECT_EQ(info.to.address, ip("::ffff:192.0.2.2"));
    EXPECT_EQ(s->send_to(payload("back"), info.from, net.now).problem, error::ok);
    send("2001:db8::2", 9);
    EXPECT_TRUE(has(*s));
}

TEST_F(udp_bind, a_v6_only_socket_has_nothing_to_do_with_ipv4) {
    auto s = open(ip_version::v6);
    s->set_option(socket_option::v6_only, 1, 0);
    ASSERT_EQ(s->bind(at("::", 9)), error::ok);
    send("192.0.2.2", 9);
    EXPECT_FALSE(has(*s));
    EXPECT_EQ(s->send_to(payload("x"), at("::ffff:192.0.2.1", 9), net.now).problem, error::enetunreach);
    EXPECT_EQ(try_bind("0.0.0.0", 9), error::ok);
}

TEST_F(udp_bind, the_most_specific_socket_gets_the_datagram) {
    auto const wildcard = bound("0.0.0.0", 9, true);
    auto const exact = bound("192.0.2.2", 9, true);
    send("192.0.2.2", 9);
    EXPECT_TRUE(has(*exact));
    EXPECT_FALSE(has(*wildcard));
    auto peer = net.a->open_udp(ip_version::v4);
    ASSERT_EQ(peer->bind(at("192.0.2.1", 1234)), error::ok);
    auto const connected = bound("0.0.0.0", 9, true);
    ASSERT_EQ(connected->connect(at("192.0.2.1", 1234), net.now), error::ok);
    peer->send_to(payload("x"), at("192.0.2.2", 9), net.now);
    net.settle();
    EXPECT_TRUE(has(*connected));
    EXPECT_FALSE(has(*exact));
    send("192.0.2.2", 9);
    EXPECT_FALSE(has(*connected));
    EXPECT_TRUE(has(*exact));
}

TEST_F(udp_bind, a_connected_socket_knows_its_own_address_and_unconnecting_forgets_it) {
    auto s = open(ip_version::v4);
    EXPECT_EQ(s->local(), at("0.0.0.0", 0));
    ASSERT_EQ(s->connect(at("192.0.2.1", 9), net.now), error::ok);
    EXPECT_EQ(s->local().address, ip("192.0.2.2"));
    EXPECT_NE(s->local().port, 0);
    EXPECT_EQ(s->remote(), at("192.0.2.1", 9));
    ASSERT_EQ(s->connect({}, net.now), error::ok);
    EXPECT_EQ(s->local().address, ip("0.0.0.0"));
    EXPECT_FALSE(s->remote().has_value());
    EXPECT_EQ(s->send(payload("x"), 0, net.now).problem, error::edestaddrreq);
}

TEST_F(udp_bind, broadcast_needs_permission_and_reaches_every_socket_of_the_port) {
    auto const one = bound("0.0.0.0", 9, true);
    auto const two = bound("0.0.0.0", 9, true);
    auto s = net.a->open_udp(ip_version::v4);
    EXPECT_EQ(s->send_to(payload("x"), at("192.0.2.255", 9), net.now).problem, error::eacces);
    s->set_option(socket_option::broadcast, 1, net.now);
    EXPECT_EQ(s->send_to(payload("x"), at("192.0.2.255", 9), net.now).problem, error::ok);
    net.settle();
    EXPECT_TRUE(has(*one));
    EXPECT_TRUE(has(*two));
}

TEST_F(udp_bind, multicast_reaches_members_only) {
    auto const s = bound("0.0.0.0", 9);
    auto sender = net.a->open_udp(ip_version::v4);
    sender->send_to(payload("x"), at("239.1.2.3", 9), net.now);
    net.settle();
    EXPECT_FALSE(has(*s));
    net.b->join_group(ip("239.1.2.3"));
    sender->send_to(payload("x"), at("239.1.2.3", 9), net.now);
    net.settle();
    EXPECT_TRUE(has(*s));
    net.b->leave_group(ip("239.1.2.3"));
    sender->send_to(payload("x"), at("239.1.2.3", 9), net.now);
    net.settle();
    EXPECT_FALSE(has(*s));
}

TEST_F(udp_bind, ephemeral_ports_stay_in_their_range_differ_and_run_out) {
    host_pair small{[](host_config& c) { c.first_ephemeral_port = 50'000, c.last_ephemeral_port = 50'009; }};
    std::vector<std::unique_ptr<socket>> all;
    std::set<std::uint16_t> ports;
    for (int i = 0; i < 10; ++i) {
        all.push_back(small.a->open_udp(ip_version::v4));
        ASSERT_EQ(all.back()->bind(at("0.0.0.0", 0)), error::ok);
        ports.insert(all.back()->local().port);
    }
    EXPECT_EQ(ports.size(), 10U);
    EXPECT_EQ(*ports.begin(), 50'000);
    EXPECT_EQ(*ports.rbegin(), 50'009);
    auto one_more = small.a->open_udp(ip_version::v4);
    EXPECT_EQ(one_more->bind(at("0.0.0.0", 0)), error::eaddrinuse);
    EXPECT_EQ(one_more->send_to(payload("x"), at("192.0.2.2", 9), 0).problem, error::eagain);
}

TEST_F(udp_bind, an_ipv4_wildcard_comes_before_a_dual_stack_one) {
    auto const v4 = bound("0.0.0.0", 9, true);
    auto const dual = bound("::", 9, true);  // the last one gets what both fit alike
    send("192.0.2.2", 9);
    EXPECT_TRUE(has(*v4));
    EXPECT_FALSE(has(*dual));
}

TEST_F(udp_bind, reuse_port_must_be_wished_by_both) {
    auto const first = open(ip_version::v4), second = open(ip_version::v4);
    first->set_option(socket_option::reuse_port, 1, 0);
    ASSERT_EQ(first->bind(at("0.0.0.0", 9)), error::ok);
    EXPECT_EQ(second->bind(at("0.0.0.0", 9)), error::eaddrinuse);
    second->set_option(socket_option::reuse_port, 1, 0);
    EXPECT_EQ(second->bind(at("0.0.0.0", 9)), error::ok);
}

}  // namespace
}  // namespace cardea::stack
