// What connections hold while nothing happens: the buffers of a burst are given back once it is over.
#include <gtest/gtest.h>

#include <array>

#include "host_pair.hpp"
#include "stack/tcp/connection.hpp"

namespace cardea::stack {
namespace {

using namespace test;

constexpr std::size_t burst = 200'000;

class host_memory : public ::testing::Test {
  protected:
    host_memory() {
        listener = net.b->open_tcp(ip_version::v4);
        EXPECT_EQ(listener->bind(at("192.0.2.2", 80)), error::ok);
        EXPECT_EQ(listener->listen(5, net.now), error::ok);
        client = net.a->open_tcp(ip_version::v4);
        EXPECT_EQ(client->connect(listener->local(), net.now), error::einprogress);
        net.settle();
        server = std::move(listener->accept(net.now).connection);
    }
    void talk() {
        std::vector<std::byte> const data(burst);
        std::array<std::byte, 65'536> buffer;
        std::size_t received = 0;
        ASSERT_EQ(client->send({data, {}}, 0, net.now).size, burst);
        for (int turn = 0; turn < 1000 && received < burst; ++turn) {
            net.run_for(milliseconds(5));
            for (io_result r; (r = server->recv(buffer, 0, net.now)).problem == error::ok;) received += r.size;
        }
        ASSERT_EQ(received, burst);
        net.settle();
    }

    void talk_without_reading() {
        std::vector<std::byte> const data(50'000);
        ASSERT_EQ(client->send({data, {}}, 0, net.now).size, data.size());
        net.run_for(seconds(1));
    }

    host_pair net;
    std::unique_ptr<socket> listener, client, server;
};

TEST_F(host_memory, is_given_back_by_idle_connections) {
    talk();
    EXPECT_GT(client->connection()->memory(), burst);
    net.run_for(seconds(11));
    EXPECT_EQ(client->connection()->memory(), 0U);
    EXPECT_EQ(server->connection()->memory(), 0U);
    talk();  // and taken anew when needed
}

TEST_F(host_memory, nothing_remains_to_happen_after_it) {
    talk();
    net.run_for(seconds(11));
    EXPECT_EQ(net.a->next_deadline(), never);
    EXPECT_EQ(net.b->next_deadline(), never);
}

TEST_F(host_memory, is_kept_by_a_busy_connection) {
    for (int i = 0; i < 10; ++i) {
        talk();
        net.run_for(seconds(2));
        EXPECT_GT(client->connection()->memory(), burst);
    }
}

TEST_F(host_memory, is_kept_while_data_waits_to_be_read) {
    ASSERT_EQ(client->send(payload("unread"), 0, net.now).size, 6U);
    talk_without_reading();
    net.run_for(seconds(30));
    EXPECT_EQ(server->connection()->readable(), 6U + 50'000U);
}

}  // namespace
}  // namespace cardea::stack
