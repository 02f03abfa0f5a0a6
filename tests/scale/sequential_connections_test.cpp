// Two hundred thousand connections one after another: descriptors, fibers and memory stay where they were.
#include <gtest/gtest.h>

#include <cardea/cardea.hpp>
#include <cstdio>
#include <string>

#include "baseline.hpp"
#include "counts.hpp"
#include "plain_client.hpp"

namespace {

using namespace scale_test;

constexpr int many = sequential_connections;
constexpr int warm_up = many / 10;

class sequential_connections : public testing::TestWithParam<const char*> {};

void client(std::uint16_t port) {
    for (int i = 0; i < many; ++i) {
        const int fd = connect_to(port);
        send_message(fd, {i, 0});
        expect_message(fd, {i, 0});
        reset(fd);
    }
}

TEST_P(sequential_connections, leak_nothing) {
    const std::size_t descriptors = open_descriptors();
    cardea::run({.network = GetParam()}, [&] {
        cardea::tcp_listener door("127.0.0.1:0");
        child_process other([port = door.local().port()] { client(port); });
        cardea::scope handlers;
        std::size_t memory = 0;
        for (int i = 0; i < many; ++i) {
            handlers.spawn([peer = door.accept()]() mutable {
                message room(0, 0);
                std::error_code reset_by_client;
                while (const std::size_t n = peer.recv({&room, sizeof room}, reset_by_client)) {
                    peer.send_all({&room, n});
                }
            });
            if (i == warm_up) {
                memory = resident_bytes();
            } else if (i % 1000 == 0) {
                // The last few may still be on their way out.
                ASSERT_LE(open_descriptors(), descriptors + 60) << "after " << i;
                ASSERT_LE(cardea::this_loop_statistics().fibers, 50U) << "after " << i;
            }
        }
        handlers.join();
        EXPECT_EQ(other.wait(), 0) << "the client says why";
        const auto grown = static_cast<double>(resident_bytes()) - static_cast<double>(memory);
        std::printf("%s: %d connections, %.2f bytes of growth each\n", GetParam(), many, grown / (many - warm_up));
        // The smallest leak there could be is a 16-byte block each; the slack is for pages that come and go.
        const double allowed =
            sanitized ? 1e9 : 8.0 * (many - warm_up) + 512 * 1024;  // a sanitizer keeps what is freed
        EXPECT_LT(grown, allowed);
        EXPECT_EQ(cardea::this_loop_statistics().fibers, 1U);
        EXPECT_EQ(cardea::this_loop_statistics().sockets, 1U);
    });
    EXPECT_EQ(open_descriptors(), descriptors);
}

INSTANTIATE_TEST_SUITE_P(, sequential_connections, testing::Values("uring", "epoll"),
                         [](const auto& network) { return std::string(network.param); });

}  // namespace
