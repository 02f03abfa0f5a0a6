// Several fibers at the end of one socket: it goes when the last of them has let go; and readers of several rooms.
#include <array>
#include <memory>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(ending_together);

// The one that closes waits for the reader to leave; the other destroys the socket meanwhile.
TEST_P(ending_together, it_may_be_destroyed_while_another_fiber_closes_it) {
    if (runs_on_threads()) GTEST_SKIP() << "threads must not destroy what others use";
    on_network([] {
        for (int round = 0; round < 20; ++round) {
            two_streams both = connected_pair();
            auto mine = std::make_unique<tcp_stream>(std::move(both.server));
            tcp_stream* const shared = mine.get();
            scope all;
            spawn_waiting(all, [shared] {
                std::array<char, 8> room{};
                std::error_code ec;
                EXPECT_EQ(shared->recv(room, ec), 0U);
                EXPECT_EQ(ec, errc::closed);
            });
            all.spawn([shared] { shared->close(); });
            all.spawn([&] { mine.reset(); });
            all.join();
            std::array<char, 8> room{};
            EXPECT_EQ(both.client.recv(room), 0U);
        }
    });
}

TEST_P(ending_together, a_reader_of_several_rooms_is_done_before_the_next_in_line) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 4> first{};
        std::array<char, 4> second{};
        std::array<char, 8> other{};
        std::size_t one = 0;
        std::size_t two = 0;
        event ended;
        scope readers;
        spawn_waiting(readers, [&] {
            one = both.server.recv_vectored({first, second});
            ended.set();
        });
        spawn_waiting(readers, [&] {
            two = both.server.recv(other);
            ended.set();
        });
        both.client.send_all("abcdefgh");
        {
            const deadline within(ages / 3);
            ended.wait();
        }
        both.client.send_all("ijklmnop");
        readers.join();
        EXPECT_EQ(one, 8U);
        EXPECT_EQ(two, 8U);
    });
}

}  // namespace
}  // namespace cardea::conformance
