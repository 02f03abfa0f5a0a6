// on_ready: once, when every listener of every thread listens, with the real endpoints.
#include <atomic>
#include <stdexcept>

#include "running_server.hpp"

using namespace cardea;

class ready : public on_each_network {};

TEST_P(ready, tells_the_real_endpoints_in_the_order_of_the_addresses) {
    std::atomic<int> times{0};
    serve_options o = options(2);
    o.on_ready = [&](const std::vector<endpoint>&) { ++times; };
    running_server server({"127.0.0.1:0", "*:0", "unix:@cardea-test-ready-" + GetParam()}, echo, o);
    const std::vector<endpoint>& where = server.listening();
    ASSERT_EQ(where.size(), 3U);
    EXPECT_EQ(where[0].host(), "127.0.0.1");
    EXPECT_NE(where[0].port(), 0);
    EXPECT_TRUE(where[1].is_any());
    EXPECT_NE(where[1].port(), 0);
    EXPECT_EQ(where[2].name(), "@cardea-test-ready-" + GetParam());
    for (std::size_t i = 0; i < 2; ++i) {
        tcp_stream peer = tcp_stream::connect(server.at(i));
        EXPECT_TRUE(answers(peer));
    }
    unix_stream local = unix_stream::connect(where[2]);
    EXPECT_TRUE(answers(local));
    local.close();
    EXPECT_EQ(server.stop().accepted, 3U);
    EXPECT_EQ(times, 1);
}

TEST_P(ready, star_takes_both_families) {
    running_server server("*:0", echo, options(2));
    const std::uint16_t port = server.listening().front().port();
    tcp_stream v4 = tcp_stream::connect(endpoint::loopback(family::inet, port));
    EXPECT_TRUE(answers(v4));
    if (server.listening().front().family() != family::inet6) GTEST_SKIP() << "no IPv6 here";
    tcp_stream v6 = tcp_stream::connect(endpoint::loopback(family::inet6, port));
    EXPECT_TRUE(answers(v6));
}

TEST_P(ready, what_on_ready_throws_ends_serve_and_leaves_nothing_behind) {
    serve_options o = options(2);
    endpoint where;
    o.on_ready = [&](const std::vector<endpoint>& listening) {
        where = listening.front();
        throw std::runtime_error("not today");
    };
    EXPECT_THROW(serve("127.0.0.1:0", echo, o), std::runtime_error);
    std::error_code ec;
    tcp_stream::connect(where, ec);
    EXPECT_EQ(ec, std::errc::connection_refused);
}

TEST(ready_errors, a_network_that_does_not_exist_is_thrown_by_serve) {
    serve_options o;
    o.network = "carrier-pigeon";
    o.threads = 2;
    bool told = false;
    o.on_ready = [&](const std::vector<endpoint>&) { told = true; };
    EXPECT_THROW(serve("127.0.0.1:0", echo, o), std::invalid_argument);
    EXPECT_FALSE(told);
}

INSTANTIATE_TEST_SUITE_P(networks, ready, every_network(), name_of);
