// An error that ends a call in the same moment as a cancellation is told to somebody: the connection's end by a reset
// must never look like its orderly end.
#include <array>
#include <cardea/passing.hpp>
#include <functional>
#include <vector>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(races_of_errors);
CARDEA_CONFORMANCE_OF_KERNELS(races_of_errors_on_kernels);

// A child waits in recv; then the peer resets, and the child is cancelled before it can run.
void expect_told_once(socket& server, const std::function<void()>& reset) {
    std::error_code childs;
    scope child;
    spawn_waiting(child, [&] {
        std::vector<std::byte> room(64 * 1024);
        EXPECT_EQ(server.recv(room, childs), 0U);
    });
    reset();
    child.cancel();
    child.join();
    EXPECT_TRUE(childs == std::errc::connection_reset || childs == errc::cancelled) << childs.message();
    if (childs == std::errc::connection_reset) return;
    std::array<char, 8> room{};
    std::error_code mine;
    server.recv(room, mine);
    EXPECT_EQ(mine, std::errc::connection_reset);
}

TEST_P(races_of_errors, a_reset_that_meets_a_cancellation_is_told) {
    on_network([] {
        for (int round = 0; round < 20; ++round) {
            two_streams both = connected_pair();
            expect_told_once(both.server.handle(), [&] { both.client.reset(); });
        }
    });
}

TEST_P(races_of_errors, a_reset_of_bulk_data_that_meets_a_cancellation_is_told) {
    on_network([] {
        two_streams both = connected_pair();
        const std::vector<std::byte> data(300'000);
        std::vector<std::byte> room(64 * 1024);
        scope writer;
        writer.spawn([&] { both.client.send_all(data); });
        for (std::size_t got = 0; got < data.size();) got += both.server.recv(room);
        writer.join();
        expect_told_once(both.server.handle(), [&] { both.client.reset(); });
    });
}

TEST_P(races_of_errors_on_kernels, a_unix_peer_that_throws_bytes_away_while_a_cancellation_comes_is_told) {
    on_network([] {
        for (int round = 0; round < 20; ++round) {
            auto [one, other] = socket_pair();
            other.send_all("unread, which makes of its end a reset (unix(7))");
            expect_told_once(other, [&] { one.close(); });
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
