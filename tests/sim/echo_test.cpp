// An echo server and its client on two hosts: every byte comes back, in the time that the link takes.
#include <gtest/gtest.h>

#include "two_hosts.hpp"

namespace cardea::sim::test {
namespace {

using namespace std::chrono_literals;

TEST(echo_between_hosts, returns_every_byte) {
    const exchange e = echo_over({.delay = 10ms}, 100'000, seed{1});
    EXPECT_TRUE(e.back == numbered_bytes(100'000));
    EXPECT_EQ(e.what.packets_lost, 0U);
}

TEST(echo_between_hosts, takes_the_links_time_and_no_other) {
    const exchange e = echo_over({.delay = 100ms}, 10, seed{1});
    EXPECT_EQ(e.back.size(), 10U);
    // Two round trips: one for the handshake, one for the bytes and their echo.
    EXPECT_EQ(e.took, 400ms);
}

TEST(echo_between_hosts, returns_every_byte_over_a_lossy_link) {
    std::uint64_t lost = 0;
    for (std::uint64_t s = 0; s < 20; ++s) {
        const exchange e = echo_over({.delay = 5ms, .loss = 0.05}, 60'000, seed{s});
        EXPECT_TRUE(e.back == numbered_bytes(60'000)) << "seed " << s;
        lost += e.what.packets_lost;
    }
    EXPECT_GT(lost, 20U);
}

TEST(echo_between_hosts, works_over_IPv4_and_IPv6) {
    for (const family f : {family::inet, family::inet6}) {
        world w(seed{3});
        sim::host& server = w.host("server");
        sim::host& client = w.host("client");
        w.link(server, client);
        std::vector<std::byte> back;
        server.run(serve_echo);
        client.run([&] { back = echoed(server.address(f, 7).to_string(), 5000); });
        w.run();
        EXPECT_TRUE(back == numbered_bytes(5000));
    }
}

}  // namespace
}  // namespace cardea::sim::test
