// Ten thousand connections at once, served by one loop: each gets its own bytes back, and afterwards nothing is left.
#include <gtest/gtest.h>

#include <cardea/cardea.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "baseline.hpp"
#include "counts.hpp"
#include "plain_client.hpp"

namespace {

using namespace scale_test;

constexpr int many = concurrent_connections;
constexpr int rounds = 3;

class concurrent_connections : public testing::TestWithParam<const char*> {};

void client(std::uint16_t port, const signal_pipe& all_idle, const signal_pipe& go_on) {
    std::vector<int> all;
    for (int i = 0; i < many; ++i) all.push_back(connect_to(port));
    for (int round = 0; round < rounds; ++round) {
        // All are sent before any answer is read: every connection has work at the same time.
        for (int i = 0; i < many; ++i) send_message(all[static_cast<std::size_t>(i)], {i, round});
        for (int i = many - 1; i >= 0; --i) expect_message(all[static_cast<std::size_t>(i)], {i, round});
    }
    all_idle.tell();
    go_on.wait();
    for (const int fd : all) ::close(fd);
}

void echo(cardea::tcp_stream peer) {
    char room[4096];
    while (const std::size_t n = peer.recv(room)) peer.send_all({room, n});
}

TEST_P(concurrent_connections, echo_correctly_on_one_loop_and_leave_nothing) {
    const std::size_t limit = raise_descriptor_limit();
    if (limit < static_cast<std::size_t>(many) + 200) {
        GTEST_SKIP() << "the hard limit of descriptors is " << limit;
    }
    const std::size_t descriptors = open_descriptors();
    const signal_pipe all_idle;
    const signal_pipe go_on;
    cardea::run({.network = GetParam()}, [&] {
        const std::size_t before = cardea::this_loop_statistics().fibers;
        cardea::tcp_listener door("127.0.0.1:0");
        child_process other([port = door.local().port(), &all_idle, &go_on] { client(port, all_idle, go_on); });
        const std::size_t memory = resident_bytes();
        cardea::scope handlers;
        for (int i = 0; i < many; ++i) handlers.spawn([peer = door.accept()]() mutable { echo(std::move(peer)); });
        while (!all_idle.told()) cardea::sleep(std::chrono::milliseconds(1));
        EXPECT_EQ(cardea::this_loop_statistics().sockets, static_cast<std::size_t>(many) + 1);
        const double each = static_cast<double>(resident_bytes() - memory) / many;
        std::printf("%s: %d connections, %.0f bytes of user memory each\n", GetParam(), many, each);
        testing::Test::RecordProperty("bytes_per_connection", std::to_string(each));
        go_on.tell();
        handlers.join();
        EXPECT_EQ(other.wait(), 0) << "the client says why";
        EXPECT_EQ(cardea::this_loop_statistics().fibers, before);
        EXPECT_EQ(cardea::this_loop_statistics().sockets, 1U);
    });
    EXPECT_EQ(open_descriptors(), descriptors + 4) << "the two pipes";
}

INSTANTIATE_TEST_SUITE_P(, concurrent_connections, testing::Values("uring", "epoll"),
                         [](const auto& network) { return std::string(network.param); });

}  // namespace
