// Groups and broadcasts between two hosts: who hears, by which interface, and the errors of joining.
#include <gtest/gtest.h>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

constexpr std::uint32_t lo = 1;
constexpr std::uint32_t link = 2;

class udp_groups : public ::testing::TestWithParam<bool> {
  protected:
    bool v6() const { return GetParam(); }
    ip_version family() const { return v6() ? ip_version::v6 : ip_version::v4; }
    ip_address any() const { return v6() ? ip_address::any_v6() : ip_address::any_v4(); }
    ip_address group() const { return ip(v6() ? "ff15::a" : "239.1.2.3"); }
    ip_address sender_address() const { return ip(v6() ? "2001:db8::1" : "192.0.2.1"); }
    ip_address nobody() const { return ip(v6() ? "2001:db8::77" : "192.0.2.77"); }
    std::unique_ptr<socket> member(host& on, ip_address const& source = {}, std::uint32_t interface = 0) {
        auto s = on.open_udp(family());
        s->set_option(socket_option::reuse_address, 1, net.now);
        EXPECT_EQ(s->bind({any(), 9}), error::ok);
        EXPECT_EQ(s->join_group({group(), source, interface}, net.now), error::ok);
        return s;
    }
    void send(socket& s, std::string_view what) {
        ASSERT_EQ(s.send_to(payload(what), {group(), 9}, net.now).problem, error::ok);
        net.settle();
    }
    host_pair net;
};

TEST_P(udp_groups, members_of_both_hosts_hear_and_are_told_of_the_group) {
    auto const here = member(*net.a);
    auto const there = member(*net.b);
    auto const there_too = member(*net.b);
    auto const s = net.a->open_udp(family());
    send(*s, "hello");
    for (auto* m : {here.get(), there.get(), there_too.get()}) {
        receive_info info;
        EXPECT_EQ(receive(*m, net.now, &info), "hello");
        EXPECT_EQ(info.to.address, group());
        EXPECT_EQ(info.from.address, sender_address());
        EXPECT_EQ(info.hop_limit, 1);
        EXPECT_EQ(info.interface, link);
        EXPECT_EQ(receive(*m, net.now), "<EAGAIN>") << "one copy each";
    }
}

TEST_P(udp_groups, without_loop_the_other_host_alone_hears) {
    auto const here = member(*net.a);
    auto const there = member(*net.b);
    auto const s = net.a->open_udp(family());
    EXPECT_EQ(s->set_option(socket_option::multicast_loop, 0, net.now), error::ok);
    EXPECT_EQ(s->set_option(socket_option::multicast_hops, 7, net.now), error::ok);
    send(*s, "hello");
    receive_info info;
    EXPECT_EQ(receive(*there, net.now, &info), "hello");
    EXPECT_EQ(info.hop_limit, 7);
    EXPECT_EQ(receive(*here, net.now), "<EAGAIN>");
}

TEST_P(udp_groups, without_hops_this_host_alone_hears) {
    auto const here = member(*net.a);
    auto const there = member(*net.b);
    auto const s = net.a->open_udp(family());
    EXPECT_EQ(s->set_option(socket_option::multicast_hops, 0, net.now), error::ok);
    send(*s, "hello");
    EXPECT_EQ(receive(*here, net.now), "hello");
    EXPECT_EQ(receive(*there, net.now), "<EAGAIN>");
}

TEST_P(udp_groups, each_interface_has_members_of_its_own) {
    auto const on_link = member(*net.a, {}, link);
    auto const on_loopback = member(*net.a, {}, lo);
    auto const s = net.a->open_udp(family());
    EXPECT_EQ(s->set_option(socket_option::multicast_interface, lo, net.now), error::ok);
    auto const sent = net.log.size();
    send(*s, "inside");
    // Neither is a member where the other is; who is none of these hears all that the host does.
    receive_info info;
    EXPECT_EQ(receive(*on_loopback, net.now, &info), "inside");
    EXPECT_EQ(info.interface, lo);
    EXPECT_TRUE(info.from.address.is_loopback());
    for (auto i = sent; i < net.log.size(); ++i)
        EXPECT_EQ(text(net.log[i].p.bytes).find("inside"), std::string::npos) << "it has not left the host";
}

TEST_P(udp_groups, a_member_for_a_source_hears_that_one) {
    auto const for_sender = member(*net.b, sender_address());
    auto const for_nobody = member(*net.b, nobody());
    auto const s = net.a->open_udp(family());
    send(*s, "hello");
    EXPECT_EQ(receive(*for_sender, net.now), "hello");
    EXPECT_EQ(receive(*for_nobody, net.now), "<EAGAIN>");
    EXPECT_EQ(for_sender->leave_group({group(), sender_address(), 0}, net.now), error::ok);
    send(*s, "again");
    EXPECT_EQ(receive(*for_sender, net.now), "<EAGAIN>") << "the host does not want it any more";
}

TEST_P(udp_groups, closing_leaves) {
    auto s = member(*net.b);
    auto const other = net.b->open_udp(family());
    other->set_option(socket_option::reuse_address, 1, net.now);
    ASSERT_EQ(other->bind({any(), 9}), error::ok);
    auto const sender = net.a->open_udp(family());
    send(*sender, "one");
    EXPECT_EQ(receive(*other, net.now), "one") << "a member of none hears for others";
    s.reset();
    send(*sender, "two");
    EXPECT_EQ(receive(*other, net.now), "<EAGAIN>");
}

TEST_P(udp_groups, large_datagrams_come_in_fragments_to_every_member) {
    auto const here = member(*net.a);
    auto const there = member(*net.b);
    auto const s = net.a->open_udp(family());
    std::string const large(4000, 'x');
    send(*s, large);
    receive_info info;
    EXPECT_EQ(receive(*here, net.now, &info), large);
    EXPECT_EQ(info.interface, link);
    EXPECT_EQ(receive(*there, net.now), large);
}

TEST_P(udp_groups, joining_says_what_is_wrong) {
    auto const s = net.a->open_udp(family());
    EXPECT_EQ(s->join_group({sender_address(), {}, 0}, net.now), error::einval);
    EXPECT_EQ(s->join_group({group(), {}, 9}, net.now), error::enodev);
    EXPECT_EQ(s->leave_group({group(), {}, 0}, net.now), error::eaddrnotavail);
    EXPECT_EQ(s->join_group({group(), {}, 0}, net.now), error::ok);
    EXPECT_EQ(s->join_group({group(), {}, link}, net.now), error::eaddrinuse);
    EXPECT_EQ(s->join_group({group(), {}, lo}, net.now), error::ok) << "another interface";
    EXPECT_EQ(s->join_group({group(), nobody(), link}, net.now), error::ok) << "from now on this source alone";
    EXPECT_EQ(s->join_group({group(), nobody(), link}, net.now), error::eaddrnotavail);
    EXPECT_EQ(s->leave_group({group(), sender_address(), link}, net.now), error::eaddrnotavail);
    EXPECT_EQ(s->set_option(socket_option::multicast_interface, 9, net.now),
              v6() ? error::enodev : error::eaddrnotavail);
    EXPECT_EQ(s->set_option(socket_option::multicast_hops, 256, net.now), error::einval);
    auto const stream = net.a->open_tcp(family());
    EXPECT_EQ(stream->join_group({group(), {}, 0}, net.now), error::eopnotsupp);
    EXPECT_EQ(stream->set_option(socket_option::multicast_hops, 1, net.now), error::enoprotoopt);
}

TEST_P(udp_groups, there_are_bounds) {
    host_pair small{[](host_config& c) {
        c.max_memberships_v6 = 20;
        c.max_groups = 25;
    }};
    auto const join = [&](socket& s, std::uint8_t n, ip_address const& source = {}) {
        auto g = group();
        g.bytes[v6() ? 15 : 3] = n;
        return s.join_group({g, source, 0}, small.now);
    };
    auto const one = small.a->open_udp(family());
    auto const two = small.a->open_udp(family());
    for (std::uint8_t i = 0; i < 20; ++i) ASSERT_EQ(join(*one, i), error::ok);
    EXPECT_EQ(join(*one, 20), v6() ? error::enomem : error::enobufs) << "of a socket";
    for (std::uint8_t i = 20; i < 25; ++i) ASSERT_EQ(join(*two, i), error::ok);
    EXPECT_EQ(join(*two, 25), error::enobufs) << "of the host";
    ASSERT_EQ(one->leave_group({group(), {}, 0}, small.now) == error::ok || !v6(), true);
    auto const three = small.a->open_udp(family());
    for (std::uint8_t i = 0; i < 10; ++i) {
        auto source = nobody();
        source.bytes[v6() ? 15 : 3] = i;
        ASSERT_EQ(join(*two, 20, source), error::ok);
    }
    EXPECT_EQ(join(*two, 20, nobody()), error::enobufs) << "sources";
}

INSTANTIATE_TEST_SUITE_P(both, udp_groups, ::testing::Bool(),
                         [](auto const& p) { return std::string{p.param ? "ipv6" : "ipv4"}; });

TEST(udp_broadcast, limited_and_subnet_reach_wildcards_of_every_host_and_need_leave) {
    host_pair net;
    auto const bound = [&](host& on, std::string_view to) {
        auto s = on.open_udp(ip_version::v4);
        s->set_option(socket_option::reuse_address, 1, net.now);
        EXPECT_EQ(s->bind(at(to, 9)), error::ok);
        return s;
    };
    auto const here = bound(*net.a, "0.0.0.0");
    auto const there = bound(*net.b, "0.0.0.0");
    auto const named = bound(*net.b, "192.0.2.255");
    auto const other = bound(*net.b, "192.0.2.2");
    auto const s = net.a->open_udp(ip_version::v4);
    for (auto const* to : {"192.0.2.255", "255.255.255.255"}) {
        s->set_option(socket_option::broadcast, 0, net.now);
        EXPECT_EQ(s->send_to(payload("x"), at(to, 9), net.now).problem, error::eacces);
        EXPECT_EQ(s->connect(at(to, 9), net.now), error::eacces);
        s->set_option(socket_option::broadcast, 1, net.now);
        EXPECT_EQ(s->send_to(payload(to), at(to, 9), net.now).problem, error::ok);
        net.settle();
        EXPECT_EQ(receive(*here, net.now), to);
        EXPECT_EQ(receive(*there, net.now), to);
        EXPECT_EQ(receive(*other, net.now), "<EAGAIN>");
    }
    EXPECT_EQ(receive(*named, net.now), "192.0.2.255");
    EXPECT_EQ(receive(*named, net.now), "<EAGAIN>");
}

TEST(udp_broadcast, of_the_loopback_stays_inside) {
    host_pair net;
    auto const here = net.a->open_udp(ip_version::v4);
    ASSERT_EQ(here->bind(at("0.0.0.0", 9)), error::ok);
    auto const s = net.a->open_udp(ip_version::v4);
    s->set_option(socket_option::broadcast, 1, net.now);
    EXPECT_EQ(s->send_to(payload("x"), at("127.255.255.255", 9), net.now).problem, error::ok);
    net.settle();
    EXPECT_EQ(receive(*here, net.now), "x");
    EXPECT_TRUE(net.log.empty());
}

}  // namespace
}  // namespace cardea::stack
