// What a UDP socket holds is bounded: received datagrams, unsent ones, remembered errors.
#include <gtest/gtest.h>

#include "host_pair.hpp"

namespace cardea::stack {
namespace {

using namespace test;

TEST(udp_bounds, a_full_receive_queue_drops_and_counts) {
    host_pair net;
    auto server = net.b->open_udp(ip_version::v4);
    ASSERT_EQ(server->bind(at("192.0.2.2", 9)), error::ok);
    ASSERT_EQ(server->set_option(socket_option::receive_buffer, 10'000, 0), error::ok);
    auto client = net.a->open_udp(ip_version::v4);
    std::string const kilobyte(1000, 'x');
    for (int i = 0; i < 100; ++i) client->send_to(payload(kilobyte), at("192.0.2.2", 9), net.now);
    net.settle();
    std::size_t received = 0;
    while (receive(*server, net.now) == kilobyte) ++received;
    EXPECT_GE(received, 8U);
    EXPECT_LE(received, 10U);
    EXPECT_EQ(net.b->counters().drops(drop_reason::receive_queue_full), 100 - received);
}

TEST(udp_bounds, one_datagram_larger_than_the_bound_still_fits) {
    host_pair net;
    auto server = net.b->open_udp(ip_version::v4);
    ASSERT_EQ(server->bind(at("192.0.2.2", 9)), error::ok);
    ASSERT_EQ(server->set_option(socket_option::receive_buffer, 2048, 0), error::ok);
    auto client = net.a->open_udp(ip_version::v4);
    std::string const large(9000, 'x');
    client->send_to(payload(large), at("192.0.2.2", 9), net.now);
    net.settle();
    EXPECT_EQ(receive(*server, net.now), large);
}

class recorder final : public socket_observer {
  public:
    void on_ready(socket&, unsigned newly) override { bits.push_back(newly); }
    std::vector<unsigned> bits;
};

TEST(udp_bounds, a_full_output_queue_says_eagain_and_poll_makes_it_writable_again) {
    host_pair net{[](host_config& c) { c.output_packets = 4; }};
    auto s = net.a->open_udp(ip_version::v4);
    recorder heard;
    for (int i = 0; i < 4; ++i) ASSERT_EQ(s->send_to(payload("x"), at("192.0.2.2", 9), net.now).problem, error::ok);
    s->observe(&heard);
    EXPECT_EQ(s->send_to(payload("x"), at("192.0.2.2", 9), net.now).problem, error::eagain);
    EXPECT_EQ(s->readiness() & ready::writable, 0U);
    EXPECT_TRUE(heard.bits.empty());
    collecting_sink out;
    net.a->poll(net.now, out);
    EXPECT_EQ(out.packets.size(), 4U);
    EXPECT_EQ(heard.bits, std::vector<unsigned>{ready::writable});
}

TEST(udp_bounds, the_observer_hears_once_until_the_queue_is_emptied) {
    host_pair net;
    auto server = net.b->open_udp(ip_version::v4);
    ASSERT_EQ(server->bind(at("192.0.2.2", 9)), error::ok);
    auto client = net.a->open_udp(ip_version::v4);
    client->send_to(payload("0"), at("192.0.2.2", 9), net.now);
    net.settle();
    EXPECT_EQ(receive(*server, net.now), "0");
    recorder heard;
    server->observe(&heard);
    for (char const* text : {"1", "2"}) client->send_to(payload(text), at("192.0.2.2", 9), net.now);
    net.settle();
    EXPECT_EQ(heard.bits, std::vector<unsigned>{ready::readable});
    EXPECT_EQ(receive(*server, net.now), "1");
    EXPECT_EQ(receive(*server, net.now), "2");
    client->send_to(payload("3"), at("192.0.2.2", 9), net.now);
    net.settle();
    EXPECT_EQ(heard.bits.size(), 2U);
}

}  // namespace
}  // namespace cardea::stack
