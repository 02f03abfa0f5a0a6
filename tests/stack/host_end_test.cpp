// The end of hosts and sockets: a crash sends nothing, a close says goodbye, nothing is left behind.
#include <gtest/gtest.h>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class recorder final : public socket_observer, public host_observer {
  public:
    void on_ready(socket&, unsigned newly) override { bits |= newly; }
    void output_ready() override { ++wanted; }
    unsigned bits = 0;
    int wanted = 0;
};

TEST(host_end, sockets_outlive_a_crash_dead) {
    host_pair net;
    recorder heard;
    auto u = net.a->open_udp(ip_version::v4);
    auto t = net.a->open_tcp(ip_version::v4);
    auto l = net.a->open_tcp(ip_version::v4);
    ASSERT_EQ(l->bind(at("192.0.2.1", 80)), error::ok);
    ASSERT_EQ(l->listen(1, 0), error::ok);
    t->connect(at("192.0.2.2", 80), 0);
    t->observe(&heard);
    net.a.reset();
    EXPECT_NE(heard.bits & ready::hangup, 0U);
    EXPECT_EQ(u->send_to(payload("x"), at("192.0.2.2", 9), 0).problem, error::ebadf);
    EXPECT_EQ(t->send(payload("x"), 0, 0).problem, error::ebadf);
    EXPECT_EQ(l->accept(0).problem, error::ebadf);
    EXPECT_EQ(t->local().port, 0);
    t->close(0);
    l->abort(0);
}

TEST(host_end, closed_sockets_leave_no_timer_and_no_memory_behind) {
    host_pair net;
    {
        auto l = net.b->open_tcp(ip_version::v4);
        ASSERT_EQ(l->bind(at("192.0.2.2", 80)), error::ok);
        ASSERT_EQ(l->listen(100, net.now), error::ok);
        std::vector<std::unique_ptr<cardea::stack::socket>> all;
        for (int i = 0; i < 50; ++i) {
            all.push_back(net.a->open_tcp(ip_version::v4));
            all.back()->connect(at("192.0.2.2", 80), net.now);
        }
        net.settle();
        for (int i = 0; i < 25; ++i) all.push_back(std::move(l->accept(net.now).connection));
        EXPECT_EQ(net.b->counters().connections, 50U);
    }
    net.run_for(seconds(300));
    for (auto* h : {net.a.get(), net.b.get()}) {
        EXPECT_EQ(h->counters().connections, 0U);
        EXPECT_EQ(h->counters().sockets, 0U);
        EXPECT_EQ(h->next_deadline(), never);
    }
}

TEST(host_end, output_is_announced_once_until_it_is_polled) {
    recorder heard;
    host_pair net{[&heard](host_config& c) { c.observer = c.seed == 1 ? &heard : nullptr; }};
    auto s = net.a->open_udp(ip_version::v4);
    for (int i = 0; i < 3; ++i) s->send_to(payload("x"), at("192.0.2.2", 9), net.now);
    EXPECT_EQ(heard.wanted, 1);
    EXPECT_LE(net.a->next_deadline(), net.now);
    collecting_sink out;
    net.a->poll(net.now, out);
    EXPECT_EQ(out.packets.size(), 3U);
    EXPECT_EQ(net.a->next_deadline(), never);
    s->send_to(payload("x"), at("192.0.2.2", 9), net.now);
    EXPECT_EQ(heard.wanted, 2);
}

TEST(host_end, the_bound_on_sockets_is_kept) {
    lone_host h{[](host_config& c) { c.max_sockets = 2; }};
    auto one = h.it->open_tcp(ip_version::v4);
    auto two = h.it->open_udp(ip_version::v6);
    EXPECT_EQ(h.it->open_udp(ip_version::v4), nullptr);
    one.reset();
    EXPECT_NE(h.it->open_udp(ip_version::v4), nullptr);
}

TEST(host_end, an_aborted_connection_resets_the_peer) {
    host_pair net;
    auto l = net.b->open_tcp(ip_version::v4);
    ASSERT_EQ(l->bind(at("192.0.2.2", 80)), error::ok);
    ASSERT_EQ(l->listen(1, net.now), error::ok);
    auto client = net.a->open_tcp(ip_version::v4);
    client->connect(at("192.0.2.2", 80), net.now);
    net.settle();
    auto server = std::move(l->accept(net.now).connection);
    client->abort(net.now);
    net.settle();
    std::array<std::byte, 4> into;
    EXPECT_EQ(server->recv(into, 0, net.now).problem, error::econnreset);
    EXPECT_EQ(net.a->counters().connections, 0U);
    EXPECT_EQ(net.b->counters().connections, 0U);
}

}  // namespace
}  // namespace cardea::stack
