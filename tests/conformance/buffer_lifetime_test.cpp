// A call that was cancelled or came too late has nothing under way any more: its buffer is the caller's again,
// untouched from then on.
#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(buffer_lifetime);

TEST_P(buffer_lifetime, the_buffer_is_untouched_after_a_cancelled_recv) {
    on_network([] {
        for (const std::size_t size : {64U, 8192U, 65536U}) {
            two_streams both = connected_pair();
            std::vector<std::byte> guarded(size);
            for (int round = 0; round < 20; ++round) {
                std::error_code ec;
                {
                    const deadline soon(std::chrono::microseconds(round * 20));
                    both.server.recv(guarded, ec);
                    ASSERT_EQ(ec, errc::timed_out);
                }
                std::fill(guarded.begin(), guarded.end(), std::byte{0xA5});
                const std::vector<std::byte> data = pattern_bytes(0, 300);
                both.client.send_all(data);
                std::vector<std::byte> elsewhere(data.size());
                both.server.recv_exactly(elsewhere);
                EXPECT_EQ(elsewhere, data);
                for (const std::byte b : guarded) ASSERT_EQ(b, std::byte{0xA5}) << "written to after the call";
            }
        }
    });
}

TEST_P(buffer_lifetime, the_buffer_is_untouched_after_a_cancelled_recv_from) {
    on_network([] {
        udp_socket door = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(door.local());
        for (int round = 0; round < 50; ++round) {
            std::array<std::byte, 64> guarded{};
            std::error_code ec;
            {
                const deadline soon(std::chrono::microseconds(round * 10));
                door.recv_from(guarded, ec);
                ASSERT_EQ(ec, errc::timed_out);
            }
            guarded.fill(std::byte{0xA5});
            client.send("a datagram that came too late");
            std::array<char, 64> elsewhere{};
            EXPECT_EQ(door.recv_from(elsewhere).size, 29U);
            for (const std::byte b : guarded) ASSERT_EQ(b, std::byte{0xA5}) << "written to after the call";
        }
    });
}

TEST_P(buffer_lifetime, the_buffer_may_change_after_a_cancelled_send) {
    on_network([] {
        two_streams both = connected_pair(true);
        std::vector<std::byte> data = pattern_bytes(0, 2'000'000);
        std::size_t sent = 0;
        {
            const deadline soon(20ms);
            std::error_code ec;
            sent = both.client.send_all(data, ec);
            ASSERT_EQ(ec, errc::timed_out);
        }
        std::fill(data.begin(), data.end(), std::byte{0});
        both.client.shutdown(direction::send);
        std::vector<std::byte> room(64 * 1024);
        std::size_t received = 0;
        while (const std::size_t n = both.server.recv(room)) {
            ASSERT_EQ(matching_bytes({room.data(), n}, received), n) << "sent what was not there during the call";
            received += n;
        }
        EXPECT_EQ(received, sent);
    });
}

}  // namespace
}  // namespace cardea::conformance
