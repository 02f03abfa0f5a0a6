// TCP ports: conflicts of bind and listen, TIME-WAIT, dual-stack listeners, exhaustion.
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class host_ports : public ::testing::Test {
  protected:
    explicit host_ports()
        : net{[](host_config& c) { c.first_ephemeral_port = 50'000, c.last_ephemeral_port = 50'004; }} {}

    std::unique_ptr<socket> open(bool reuse = false, ip_version v = ip_version::v4) {
        auto s = net.b->open_tcp(v);
        s->set_option(socket_option::reuse_address, reuse, net.now);
        return s;
    }
    std::unique_ptr<socket> listening(std::string_view address, std::uint16_t port, bool reuse = false) {
        auto s = open(reuse, ip(address).version);
        EXPECT_EQ(s->bind(at(address, port)), error::ok);
        EXPECT_EQ(s->listen(16, net.now), error::ok);
        return s;
    }
    std::unique_ptr<socket> connect(std::string_view to, std::uint16_t port) {
        auto s = net.a->open_tcp(ip(to).version);
        EXPECT_EQ(s->connect(at(to, port), net.now), error::einprogress);
        net.settle();
        return s;
    }
    host_pair net;
};

TEST_F(host_ports, a_listener_keeps_its_port_even_from_reuse_address) {
    auto const l = listening("192.0.2.2", 80, true);
    EXPECT_EQ(open(true)->bind(at("192.0.2.2", 80)), error::eaddrinuse);
    EXPECT_EQ(open(true)->bind(at("0.0.0.0", 80)), error::eaddrinuse);
    EXPECT_EQ(open(true, ip_version::v6)->bind(at("::", 80)), error::eaddrinuse);
    EXPECT_EQ(open()->bind(at("127.0.0.1", 80)), error::ok);
}

TEST_F(host_ports, two_bound_with_reuse_address_cannot_both_listen) {
    auto one = open(true);
    auto two = open(true);
    ASSERT_EQ(one->bind(at("192.0.2.2", 80)), error::ok);
    ASSERT_EQ(two->bind(at("192.0.2.2", 80)), error::ok);
    EXPECT_EQ(one->listen(1, net.now), error::ok);
    EXPECT_EQ(two->listen(1, net.now), error::eaddrinuse);
}

TEST_F(host_ports, time_wait_holds_the_port_unless_both_sides_allow_reuse) {
    for (bool reuse : {false, true}) {
        std::uint16_t const port = reuse ? 81 : 80;
        auto l = listening("192.0.2.2", port, reuse);
        auto const client = connect("192.0.2.2", port);
        auto accepted = l->accept(net.now);
        accepted.connection->close(net.now);  // the server closes first: TIME-WAIT is its
        net.settle();
        client->close(net.now);
        net.settle();
        l->close(net.now);
        EXPECT_EQ(net.b->counters().connections, reuse ? 2U : 1U);
        EXPECT_EQ(open(false)->bind(at("192.0.2.2", port)), error::eaddrinuse);
        EXPECT_EQ(open(true)->bind(at("192.0.2.2", port)), reuse ? error::ok : error::eaddrinuse);
    }
    net.run_for(seconds(61));
    EXPECT_EQ(open(false)->bind(at("192.0.2.2", 80)), error::ok);
}

TEST_F(host_ports, a_dual_stack_listener_takes_both_and_shows_ipv4_as_mapped) {
    auto const l = listening("::", 80);
    auto const c4 = connect("192.0.2.2", 80);
    auto const accepted = l->accept(net.now);
    ASSERT_EQ(accepted.problem, error::ok);
    EXPECT_EQ(accepted.peer.address, ip("::ffff:192.0.2.1"));
    EXPECT_EQ(accepted.connection->local().address, ip("::ffff:192.0.2.2"));
    auto const c6 = connect("2001:db8::2", 80);
    EXPECT_EQ(l->accept(net.now).peer.address, ip("2001:db8::1"));
}

TEST_F(host_ports, an_ipv6_socket_connects_to_a_mapped_address) {
    auto const l = listening("192.0.2.2", 80);
    auto s = net.a->open_tcp(ip_version::v6);
    EXPECT_EQ(s->connect(at("::ffff:192.0.2.2", 80), net.now), error::einprogress);
    net.settle();
    EXPECT_EQ(s->remote()->address, ip("::ffff:192.0.2.2"));
}

TEST_F(host_ports, connects_to_one_server_exhaust_the_range_but_others_can_still_be_reached) {
    auto const l = listening("192.0.2.2", 80);
    auto const other = listening("192.0.2.2", 81);
    std::vector<std::unique_ptr<socket>> all;
    std::set<std::uint16_t> ports;
    for (int i = 0; i < 5; ++i) {
        all.push_back(connect("192.0.2.2", 80));
        ports.insert(all.back()->local().port);
    }
    EXPECT_EQ(ports.size(), 5U);
    auto one_more = net.a->open_tcp(ip_version::v4);
    EXPECT_EQ(one_more->connect(at("192.0.2.2", 80), net.now), error::eaddrnotavail);
    EXPECT_EQ(one_more->connect(at("192.0.2.2", 81), net.now), error::einprogress);
}

TEST_F(host_ports, a_full_range_of_time_wait_is_reused_thanks_to_timestamps) {
    auto const l = listening("192.0.2.2", 80);
    for (int i = 0; i < 12; ++i) {
        auto client = connect("192.0.2.2", 80);
        auto accepted = l->accept(net.now);
        ASSERT_EQ(accepted.problem, error::ok) << i;
        client->close(net.now);  // TIME-WAIT on the client
        net.settle();
        accepted.connection->close(net.now);
        net.settle();
    }
    EXPECT_LE(net.a->counters().connections, 5U);
}

TEST_F(host_ports, a_new_syn_reopens_a_connection_in_time_wait) {
    auto const l = listening("192.0.2.2", 80);
    auto client = net.a->open_tcp(ip_version::v4);
    ASSERT_EQ(client->bind(at("192.0.2.1", 1234)), error::ok);
    client->connect(at("192.0.2.2", 80), net.now);
    net.settle();
    l->accept(net.now).connection->close(net.now);
    net.settle();
    client->close(net.now);
    net.settle();
    ASSERT_EQ(net.b->counters().connections, 1U);
    ASSERT_EQ(net.a->counters().connections, 0U);
    net.run_for(seconds(2));
    auto again = net.a->open_tcp(ip_version::v4);
    ASSERT_EQ(again->bind(at("192.0.2.1", 1234)), error::ok);
    again->connect(at("192.0.2.2", 80), net.now);
    net.settle();
    EXPECT_EQ(again->connect(at("192.0.2.2", 80), net.now), error::ok);
    EXPECT_EQ(l->accept(net.now).problem, error::ok);
}

TEST_F(host_ports, an_unreachable_network_is_named_at_once) {
    host_pair closed{[](host_config& c) { c.default_route_v4 = c.default_route_v6 = false; }};
    auto s = closed.a->open_tcp(ip_version::v4);
    EXPECT_EQ(s->connect(at("198.51.100.1", 80), 0), error::enetunreach);
    auto u = closed.a->open_udp(ip_version::v6);
    EXPECT_EQ(u->send_to(payload("x"), at("2001:db8:ffff::1", 9), 0).problem, error::enetunreach);
    EXPECT_EQ(s->connect(at("192.0.2.2", 80), 0), error::einprogress);
}

TEST(host_ports_alone, time_wait_is_not_reused_without_timestamps) {
    host_pair net{[](host_config& c) {
        c.first_ephemeral_port = c.last_ephemeral_port = 50'000;
        c.tcp.timestamps = false;
    }};
    auto const l = net.b->open_tcp(ip_version::v4);
    ASSERT_EQ(l->bind(at("192.0.2.2", 80)), error::ok);
    ASSERT_EQ(l->listen(5, net.now), error::ok);
    auto const open = [&](std::uint16_t port) {  // 0: an ephemeral one
        auto s = net.a->open_tcp(ip_version::v4);
        s->set_option(socket_option::reuse_address, 1, net.now);
        if (port != 0) {
            EXPECT_EQ(s->bind(at("192.0.2.1", port)), error::ok);
        }
        return s;
    };
    for (std::uint16_t const port : {std::uint16_t{0}, std::uint16_t{1234}}) {
        auto const client = open(port);
        ASSERT_EQ(client->connect(at("192.0.2.2", 80), net.now), error::einprogress);
        net.settle();
        auto const server = std::move(l->accept(net.now).connection);
        client->close(net.now);
        net.settle();
        server->close(net.now);
        net.settle();
        EXPECT_EQ(open(port)->connect(at("192.0.2.2", 80), net.now), error::eaddrnotavail) << port;
    }
    auto const again = open(0);
    net.run_for(seconds(61));
    EXPECT_EQ(again->connect(at("192.0.2.2", 80), net.now), error::einprogress);
}

TEST(host_ports_alone, a_connection_from_time_wait_begins_above_every_number_of_the_old_one) {
    host_pair net{[](host_config& c) { c.first_ephemeral_port = c.last_ephemeral_port = 50'000; }};
    auto const l = net.b->open_tcp(ip_version::v4);
    ASSERT_EQ(l->bind(at("192.0.2.2", 80)), error::ok);
    ASSERT_EQ(l->listen(5, net.now), error::ok);
    std::vector<std::uint32_t> numbers;  // of a's segments, payload included
    net.pass = [&numbers](bool from_a, packet& p) {
        auto const b = bytes_view{p.bytes};
        auto const header = (std::size_t{wire::get8(b, 32)} >> 4) * 4;
        if (from_a) numbers.push_back(wire::get32(b, 24) + static_cast<std::uint32_t>(b.size() - 20 - header));
        return true;
    };
    auto client = net.a->open_tcp(ip_version::v4);
    client->connect(at("192.0.2.2", 80), net.now);
    net.settle();
    auto const server = std::move(l->accept(net.now).connection);
    auto const data = filler(250'000);  // faster than the clock of initial numbers ticks
    ASSERT_EQ(client->send({data, {}}, 0, net.now).size, data.size());
    net.settle();
    raw got(data.size());
    ASSERT_EQ(server->recv(got, 0, net.now).size, data.size());
    client->close(net.now);
    net.run_for(milliseconds(10));
    server->close(net.now);
    net.run_for(milliseconds(10));
    auto const highest = numbers.back();
    numbers.clear();
    auto const again = net.a->open_tcp(ip_version::v4);
    ASSERT_EQ(again->connect(at("192.0.2.2", 80), net.now), error::einprogress);
    net.run_for(milliseconds(0));
    ASSERT_FALSE(numbers.empty());
    EXPECT_LT(0, static_cast<std::int32_t>(numbers.front() - highest));
}

}  // namespace
}  // namespace cardea::stack
