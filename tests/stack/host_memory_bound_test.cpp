// All connections' buffers together have a bound: thousands whose readers do not read stay below it, and every stream
// arrives all the same once they do. So have all sockets' datagrams; and a full table lets the oldest TIME-WAIT go.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "host_pair.hpp"
#include "stack/tcp/connection.hpp"

namespace cardea::stack {
namespace {

using namespace test;

constexpr std::size_t connections = 2000, bound = 8 * 1024 * 1024, each = 30'000;
/// Beyond the bound every connection keeps so much each way.
constexpr std::size_t sure = 2 * 2048;

std::byte byte_at(std::size_t stream, std::size_t n) { return static_cast<std::byte>(n * 5 + (n >> 8) + stream * 3); }

struct stream {
    std::unique_ptr<cardea::stack::socket> client, server;
    std::size_t sent = 0, received = 0;
    bool right = true;
};

class host_memory_bound : public ::testing::Test {
  protected:
    host_memory_bound()
        : net{[](host_config& c) {
              c.tcp_memory = bound;
              c.tcp.rto_max = seconds(5);
          }} {
        net.pass = [this](bool, packet&) {
            highest = std::max({highest, net.a->counters().tcp_memory, net.b->counters().tcp_memory});
            return true;
        };
    }
    void open() {
        auto listener = net.b->open_tcp(ip_version::v4);
        ASSERT_EQ(listener->bind(at("192.0.2.2", 80)), error::ok);
        ASSERT_EQ(listener->listen(connections, net.now), error::ok);
        for (auto& s : streams) {
            s.client = net.a->open_tcp(ip_version::v4);
            ASSERT_EQ(s.client->connect(listener->local(), net.now), error::einprogress);
            net.run_for(milliseconds(3));
            s.server = std::move(listener->accept(net.now).connection);
            ASSERT_TRUE(s.server);
        }
    }
    void send_more() {
        std::vector<std::byte> data;
        for (std::size_t n = 0; n < streams.size(); ++n) {
            auto& s = streams[n];
            data.resize(std::min<std::size_t>(each - s.sent, 8000));
            for (std::size_t i = 0; i < data.size(); ++i) data[i] = byte_at(n, s.sent + i);
            auto const r = s.client->send({data, {}}, 0, net.now);
            ASSERT_TRUE(r.problem == error::ok || r.problem == error::eagain);
            s.sent += r.size;
        }
    }
    void read_some() {
        std::vector<std::byte> room(20'000);
        for (std::size_t n = 0; n < streams.size(); ++n) {
            auto& s = streams[n];
            auto const r = s.server->recv(room, 0, net.now);
            for (std::size_t i = 0; i < r.size; ++i) s.right = s.right && room[i] == byte_at(n, s.received + i);
            s.received += r.size;
        }
    }
    bool all_arrived() const {
        return std::all_of(streams.begin(), streams.end(), [](auto const& s) { return s.received == each; });
    }

    host_pair net;
    std::size_t highest = 0;
    std::vector<stream> streams{connections};
};

TEST_F(host_memory_bound, holds_while_nobody_reads_and_every_stream_arrives_when_they_do) {
    open();
    for (int i = 0; i < 20; ++i) {  // 60 MB are to go into 8
        send_more();
        net.run_for(milliseconds(50));
    }
    EXPECT_GT(highest, bound / 2);
    for (int i = 0; i < 5000 && !all_arrived(); ++i) {
        send_more();
        net.run_for(milliseconds(20));
        read_some();
    }
    EXPECT_TRUE(all_arrived());
    for (auto const& s : streams) ASSERT_TRUE(s.right);
    EXPECT_LE(highest, bound + connections * sure);
    streams.clear();
    net.run_for(seconds(1));
    EXPECT_EQ(net.a->counters().tcp_memory, 0U);
    EXPECT_EQ(net.b->counters().tcp_memory, 0U);
}

TEST(host_memory_bounds, a_sender_that_had_no_memory_is_told_when_there_is_some) {
    host_pair net{[](host_config& c) { c.tcp_memory = 256 * 1024; }};
    auto listener = net.b->open_tcp(ip_version::v4);
    ASSERT_EQ(listener->bind(at("192.0.2.2", 80)), error::ok);
    ASSERT_EQ(listener->listen(5, net.now), error::ok);
    std::unique_ptr<cardea::stack::socket> greedy = net.a->open_tcp(ip_version::v4),
                                           modest = net.a->open_tcp(ip_version::v4);
    for (auto* s : {&greedy, &modest}) ASSERT_EQ((*s)->connect(listener->local(), net.now), error::einprogress);
    net.settle();
    struct : socket_observer {
        void on_ready(cardea::stack::socket&, unsigned newly) override { told |= newly; }
        unsigned told = 0;
    } watcher;
    modest->observe(&watcher);
    net.pass = [](bool, packet&) { return false; };  // nothing is acknowledged
    std::vector<std::byte> const data(300'000);
    EXPECT_GT(greedy->send({data, {}}, 0, net.now).size, 100'000U);
    std::size_t taken = 0;
    io_result r;
    while ((r = modest->send({data, {}}, 0, net.now)).problem == error::ok) taken += r.size;
    EXPECT_EQ(r.problem, error::eagain);
    EXPECT_GE(taken, 2048U);  // what everybody has
    EXPECT_LE(taken, 65'536U);
    EXPECT_EQ(modest->readiness() & ready::writable, 0U);
    watcher.told = 0;
    greedy->abort(net.now);
    net.run_for(milliseconds(1));
    EXPECT_NE(watcher.told & ready::writable, 0U);
    EXPECT_GT(modest->send({data, {}}, 0, net.now).size, 10'000U);
}

TEST(host_memory_bounds, datagrams_of_all_sockets_together) {
    host_pair net{[](host_config& c) { c.udp_memory = 64 * 1024; }};
    std::vector<std::unique_ptr<cardea::stack::socket>> receivers;
    auto const sender = net.a->open_udp(ip_version::v4);
    std::vector<std::byte> const data(1000);
    for (std::uint16_t port = 1000; port < 1100; ++port) {
        receivers.push_back(net.b->open_udp(ip_version::v4));
        ASSERT_EQ(receivers.back()->bind(at("192.0.2.2", port)), error::ok);
        for (int i = 0; i < 20; ++i) sender->send_to({data, {}}, at("192.0.2.2", port), net.now);
        net.settle();
        EXPECT_LE(net.b->counters().udp_memory, 64 * 1024 + receivers.size() * 4096);
        EXPECT_GE(receive(*receivers.back(), net.now).size(), 1000U);  // none is without any
    }
    EXPECT_GT(net.b->counters().drops(drop_reason::receive_queue_full), 500U);
    receivers.clear();
    EXPECT_EQ(net.b->counters().udp_memory, 0U);
}

TEST(host_memory_bounds, a_full_table_lets_the_oldest_in_time_wait_go) {
    host_pair net{[](host_config& c) { c.max_connections = 3; }};
    auto listener = net.b->open_tcp(ip_version::v4);
    ASSERT_EQ(listener->bind(at("192.0.2.2", 80)), error::ok);
    ASSERT_EQ(listener->listen(5, net.now), error::ok);
    for (int i = 0; i < 6; ++i) {
        auto client = net.a->open_tcp(ip_version::v4);
        ASSERT_EQ(client->connect(listener->local(), net.now), error::einprogress) << i;
        net.settle();
        auto server = std::move(listener->accept(net.now).connection);
        ASSERT_TRUE(server) << i;
        client->close(net.now);
        net.settle();
        server->close(net.now);
        net.settle();
        EXPECT_LE(net.a->counters().connections, 3U);
    }
    EXPECT_EQ(net.a->counters().connections, 3U);
}

}  // namespace
}  // namespace cardea::stack
