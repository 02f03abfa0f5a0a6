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

// Nothing in the first round, and then more and more, up to what the way over a link with delay takes.
void let_pass(int round) {
    if (round > 0) cardea::sleep(round * std::chrono::microseconds(100));
}

// A child waits in recv; then the peer resets, and the child is cancelled: at first before it can run.
void expect_told_once(socket& server, const std::function<void()>& reset, int round = 0) {
    std::error_code childs;
    scope child;
    spawn_waiting(child, [&] {
        std::vector<std::byte> room(64 * 1024);
        EXPECT_EQ(server.recv(room, childs), 0U);
    });
    reset();
    let_pass(round);
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
            expect_told_once(
                both.server.handle(), [&] { both.client.reset(); }, round);
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

TEST_P(races_of_errors, a_reset_that_meets_the_cancellation_of_a_send_is_told) {
    on_network([] {
        for (int round = 0; round < 20; ++round) {
            two_streams both = connected_pair(true);
            const std::vector<std::byte> much(4'000'000);
            std::error_code childs;
            scope child;
            spawn_waiting(child, [&] { EXPECT_LT(both.client.send_all(much, childs), much.size()); });
            both.server.reset();
            let_pass(round);
            child.cancel();
            child.join();
            EXPECT_TRUE(childs == std::errc::connection_reset || childs == errc::cancelled) << childs.message();
            const std::error_code mine = send_until_it_fails(both.client);
            EXPECT_EQ(mine, childs == errc::cancelled ? std::errc::connection_reset : std::errc::broken_pipe)
                << childs.message() << ", then " << mine.message();
        }
    });
}

TEST_P(races_of_errors, a_refusal_that_meets_the_cancellation_of_a_connect_is_one_of_them) {
    on_network([] {
        const nobody there(type::stream);
        for (int round = 0; round < 50; ++round) {
            std::error_code childs;
            socket s(family::inet, type::stream);
            scope child;
            child.spawn([&] { s.connect(there.where(), childs); });
            for (int i = 0; i < round % 5; ++i) yield();
            let_pass(round % 10 < 5 ? 0 : round);
            child.cancel();
            child.join();
            EXPECT_TRUE(childs == std::errc::connection_refused || childs == errc::cancelled) << childs.message();
        }
    });
}

// icmp(7): the error is the socket's until a call has been told of it.
TEST_P(races_of_errors, an_icmp_error_that_meets_the_cancellation_of_a_recv_is_told) {
    on_network([] {
        const nobody there(type::datagram);
        for (int round = 0; round < 20; ++round) {
            udp_socket client = udp_socket::connect(there.where());
            std::error_code childs;
            scope child;
            spawn_waiting(child, [&] {
                std::array<char, 8> room{};
                client.recv(room, childs);
            });
            client.send("anybody?");
            let_pass(round);
            child.cancel();
            child.join();
            EXPECT_TRUE(childs == std::errc::connection_refused || childs == errc::cancelled) << childs.message();
            if (childs == std::errc::connection_refused) continue;
            const deadline within(ages);
            std::array<char, 8> room{};
            std::error_code mine;
            client.recv(room, mine);
            EXPECT_EQ(mine, std::errc::connection_refused) << mine.message();
        }
    });
}

TEST_P(races_of_errors_on_kernels, a_unix_peer_that_throws_bytes_away_while_a_cancellation_comes_is_told) {
    on_network([] {
        for (int round = 0; round < 20; ++round) {
            auto [one, other] = socket_pair();
            other.send_all("unread, which makes of its end a reset (unix(7))");
            expect_told_once(
                other, [&] { one.close(); }, round);
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
