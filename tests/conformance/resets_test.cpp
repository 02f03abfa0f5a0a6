// A reset in the middle of a transfer, whoever learns of it first, and by whichever call: ECONNRESET once, and from
// then on the answers of a connection that is over.
#include <functional>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(resets);

// What the end of a connection looks like to who calls again.
void expect_stable_answers(stream& over) {
    std::array<char, 100> room{};
    std::error_code ec;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(over.recv(room, ec), 0U);
        EXPECT_FALSE(ec) << ec.message();
        EXPECT_EQ(over.send("x", ec), 0U);
        EXPECT_EQ(ec, std::errc::broken_pipe) << ec.message();
        EXPECT_FALSE(over.recv_lease(ec));
        EXPECT_FALSE(ec) << ec.message();
        EXPECT_EQ(over.send_vectored({"x", "y"}, ec), 0U);
        EXPECT_EQ(ec, std::errc::broken_pipe) << ec.message();
        std::array<char, 3> more{};
        EXPECT_EQ(over.recv_vectored({room, more}, ec), 0U);
        EXPECT_FALSE(ec) << ec.message();
    }
}

// Calls until that fails, as the reset may be under way still.
std::error_code until_it_fails(const std::function<void(std::error_code&)>& call) {
    std::error_code ec;
    for (call(ec); !ec; call(ec)) cardea::sleep(1ms);
    return ec;
}

TEST_P(resets, rst_that_send_learns_of_first_is_connection_reset_once) {
    on_network([] {
        two_streams both = connected_pair();
        both.server.reset();
        EXPECT_EQ(until_it_fails([&](std::error_code& ec) { both.client.send("x", ec); }), std::errc::connection_reset);
        expect_stable_answers(both.client);
    });
}

TEST_P(resets, rst_that_send_vectored_learns_of_first_is_connection_reset_once) {
    on_network([] {
        two_streams both = connected_pair();
        both.server.reset();
        EXPECT_EQ(until_it_fails([&](std::error_code& ec) {
                      both.client.send_vectored({"x", "y"}, ec);
                  }),
                  std::errc::connection_reset);
        expect_stable_answers(both.client);
    });
}

// Much has gone before it, and the bytes that went must not hide what ended it.
TEST_P(resets, rst_of_a_send_that_waits_is_connection_reset_once) {
    on_network([] {
        for (const bool vectored : {false, true}) {
            two_streams both = connected_pair(true);
            const std::vector<std::byte> much(4'000'000);
            std::error_code ec;
            std::size_t went = 0;
            scope child;
            spawn_waiting(child, [&] {
                went = vectored ? both.client.send_vectored({much, much}, ec) : both.client.send_all(much, ec);
            });
            both.server.reset();
            child.join();
            EXPECT_GT(went, 0U);
            EXPECT_LT(went, much.size());
            EXPECT_EQ(ec, std::errc::connection_reset) << ec.message();
            expect_stable_answers(both.client);
        }
    });
}

// A network that has received ahead for its reader has heard of the reset before anybody asked: it is told to one call
// all the same, and to one only.
TEST_P(resets, rst_of_a_connection_that_was_read_from_before_is_connection_reset_once) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 8> room{};
        for (int i = 0; i < 5; ++i) {
            both.server.send_all("data");
            both.client.recv_exactly({room.data(), 4});
        }
        both.server.reset();
        std::error_code sent = send_until_it_fails(both.client);
        std::error_code came;
        EXPECT_EQ(both.client.recv(room, came), 0U);
        const int times = (sent == std::errc::connection_reset ? 1 : 0) + (came == std::errc::connection_reset ? 1 : 0);
        EXPECT_EQ(times, 1) << "send: " << sent.message() << ", recv: " << came.message();
        EXPECT_TRUE(sent == std::errc::connection_reset || sent == std::errc::broken_pipe) << sent.message();
        expect_stable_answers(both.client);
    });
}

TEST_P(resets, rst_wakes_a_vectored_recv_and_a_vectored_send) {
    on_network([] {
        two_streams both = connected_pair(true);
        std::error_code came;
        std::error_code sent;
        std::size_t went = 0;
        const std::vector<std::byte> much(4'000'000);
        scope children;
        spawn_waiting(children, [&] { went = both.client.send_vectored({much, much}, sent); });
        spawn_waiting(children, [&] {
            std::array<char, 5> one{};
            std::array<char, 5> other{};
            EXPECT_EQ(both.client.recv_vectored({one, other}, came), 0U);
        });
        both.server.reset();
        children.join();
        EXPECT_LT(went, 2 * much.size());
        // One of them hears of the reset, the other of the end that it has left, as it would later on.
        EXPECT_TRUE(came == std::errc::connection_reset || sent == std::errc::connection_reset)
            << came.message() << ", " << sent.message();
        EXPECT_TRUE(!came || came == std::errc::connection_reset) << came.message();
        EXPECT_TRUE(sent == std::errc::broken_pipe || sent == std::errc::connection_reset) << sent.message();
        expect_stable_answers(both.client);
    });
}

TEST_P(resets, rst_while_a_lease_is_out_leaves_what_was_lent_and_is_connection_reset_once) {
    on_network([] {
        two_streams both = connected_pair();
        both.server.send_all("lent");
        lease held = both.client.recv_lease();
        EXPECT_EQ(held.text(), "lent");
        both.server.reset();
        std::error_code ec;
        EXPECT_FALSE(both.client.recv_lease(ec));
        EXPECT_EQ(ec, std::errc::connection_reset) << ec.message();
        expect_stable_answers(both.client);
        EXPECT_EQ(held.text(), "lent");
        both.client.close();
        EXPECT_EQ(held.text(), "lent");
        held.release();
    });
}

TEST_P(resets, rst_wakes_a_wait_for_a_lease) {
    on_network([] {
        two_streams both = connected_pair();
        scope child;
        spawn_waiting(child, [&] {
            std::error_code ec;
            EXPECT_FALSE(both.client.recv_lease(ec));
            EXPECT_EQ(ec, std::errc::connection_reset) << ec.message();
            expect_stable_answers(both.client);
        });
        both.server.reset();
        child.join();
    });
}

TEST_P(resets, rst_of_bulk_data_is_told_to_the_reader_once) {
    on_network([] {
        two_streams both = connected_pair();
        std::size_t sent = 0;
        scope writer;
        writer.spawn([&] {
            std::error_code ec;
            sent = both.server.send_all(std::vector<std::byte>(1'000'000), ec);
            both.server.reset();
        });
        std::vector<std::byte> room(64 * 1024);
        std::size_t received = 0;
        std::error_code ec;
        while (const std::size_t n = both.client.recv(room, ec)) received += n;
        writer.join();
        EXPECT_LE(received, sent);
        EXPECT_EQ(ec, std::errc::connection_reset) << ec.message();
        expect_stable_answers(both.client);
    });
}

}  // namespace
}  // namespace cardea::conformance
