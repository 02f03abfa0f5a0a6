// A host that talks to itself: no link is in the way, so segments are as large as its loopback takes.
#include <gtest/gtest.h>

#include "packet_builder.hpp"
#include "stack/tcp/connection.hpp"

namespace cardea::stack {
namespace {

using namespace test;

struct way {
    char const* bound;
    char const* called;
};

class host_loopback : public ::testing::TestWithParam<way> {};

TEST_P(host_loopback, segments_are_not_bounded_by_the_link) {
    lone_host h;
    auto const family = ip(GetParam().called).version;
    auto listener = h.it->open_tcp(family);
    ASSERT_EQ(listener->bind(at(GetParam().bound, 80)), error::ok);
    ASSERT_EQ(listener->listen(5, h.now), error::ok);
    auto client = h.it->open_tcp(family);
    client->connect(at(GetParam().called, 80), h.now);
    EXPECT_TRUE(h.poll().empty());
    auto const server = std::move(listener->accept(h.now).connection);
    ASSERT_TRUE(server);
    for (auto const* end : {client.get(), server.get()}) {
        EXPECT_GT(end->connection()->info().mss, 65'000U);
        EXPECT_GT(end->connection()->info().peer_mss, 65'000U);
    }
}

INSTANTIATE_TEST_SUITE_P(addresses, host_loopback,
                         ::testing::Values(way{"0.0.0.0", "127.0.0.1"}, way{"0.0.0.0", "192.0.2.1"},
                                           way{"127.0.0.1", "127.0.0.1"}, way{"192.0.2.1", "192.0.2.1"},
                                           way{"::", "::1"}, way{"::", "2001:db8::1"}));

TEST(host_loopback_only, a_peer_on_the_link_is_told_the_links_size_by_the_same_listener) {
    host_pair net;
    auto listener = net.b->open_tcp(ip_version::v4);
    ASSERT_EQ(listener->bind(at("0.0.0.0", 80)), error::ok);
    ASSERT_EQ(listener->listen(5, net.now), error::ok);
    auto client = net.a->open_tcp(ip_version::v4);
    client->connect(at("192.0.2.2", 80), net.now);
    net.settle();
    EXPECT_EQ(client->connection()->info().peer_mss, 1460U);
}

}  // namespace
}  // namespace cardea::stack
