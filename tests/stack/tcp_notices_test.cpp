// What TCP tells unasked: urgent data to the application (RFC 9293 MUST-32), a path in doubt to whoever chooses routers
// (MUST-20).
#include <gtest/gtest.h>

#include "packet_builder.hpp"
#include "stack/tcp/connection.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class listening_observer final : public socket_observer {
  public:
    void on_ready(cardea::stack::socket&, unsigned newly) override { heard |= newly; }
    unsigned heard = 0;
};

class doubts final : public host_observer {
  public:
    void path_in_doubt(ip_address const& to) override { told.push_back(to); }
    std::vector<ip_address> told;
};

struct connected {
    explicit connected(host_observer* of_a = nullptr)
        : net{[&](host_config& c) {
              if (c.seed == 1) c.observer = of_a;
          }},
          listener{net.b->open_tcp(ip_version::v4)},
          client{net.a->open_tcp(ip_version::v4)} {
        listener->bind(at("192.0.2.2", 80));
        listener->listen(5, net.now);
        client->connect(at("192.0.2.2", 80), net.now);
        net.settle();
        server = std::move(listener->accept(net.now).connection);
    }
    host_pair net;
    std::unique_ptr<cardea::stack::socket> listener, client, server;
};

TEST(tcp_notices, urgent_data_is_told_of_when_it_comes) {
    connected c;
    listening_observer ears;
    c.server->observe(&ears);
    c.client->send(payload("ordinary"), 0, c.net.now);
    c.net.settle();
    EXPECT_EQ(ears.heard & ready::urgent, 0U);
    c.client->send(payload("!"), message::out_of_band, c.net.now);
    c.net.settle();
    EXPECT_NE(ears.heard & ready::urgent, 0U);
    EXPECT_NE(c.server->readiness() & ready::urgent, 0U);
    EXPECT_EQ(c.server->connection()->urgent_ahead(), 9U);
    EXPECT_EQ(receive(*c.server, c.net.now), "ordinary!");
    EXPECT_EQ(c.server->readiness() & ready::urgent, 0U);
    c.server->observe(nullptr);
}

TEST(tcp_notices, urgent_data_is_told_of_even_with_a_closed_window) {
    connected c;
    listening_observer ears;
    auto const much = filler(1'000'000);
    c.client->send({much, {}}, 0, c.net.now);
    c.net.run_for(seconds(5));
    ASSERT_EQ(c.client->connection()->info().send_window, 0U);
    c.server->observe(&ears);
    c.client->set_option(socket_option::send_buffer, 2'000'000, c.net.now);
    c.client->send(payload("!"), message::out_of_band, c.net.now);
    c.net.settle();
    EXPECT_NE(ears.heard & ready::urgent, 0U);
    c.server->observe(nullptr);
}

TEST(tcp_notices, a_path_is_doubted_once_after_three_retransmissions_and_again_after_an_answer) {
    doubts observer;
    connected c{&observer};
    auto const silence = [](bool, packet&) { return false; };
    c.net.pass = silence;
    c.client->send(payload("anybody?"), 0, c.net.now);
    while (c.client->connection()->info().timeouts < 2) c.net.run_for(milliseconds(10));
    EXPECT_TRUE(observer.told.empty());
    while (c.client->connection()->info().timeouts < 5) c.net.run_for(milliseconds(10));
    EXPECT_EQ(observer.told, std::vector{ip("192.0.2.2")});
    c.net.pass = {};
    c.net.run_for(seconds(60));
    ASSERT_EQ(c.client->connection()->info().unacknowledged, 0U);
    EXPECT_EQ(observer.told.size(), 1U);
    c.net.pass = silence;
    c.client->send(payload("and now?"), 0, c.net.now);
    c.net.run_for(seconds(10));
    EXPECT_EQ(observer.told.size(), 2U);
}

}  // namespace
}  // namespace cardea::stack
