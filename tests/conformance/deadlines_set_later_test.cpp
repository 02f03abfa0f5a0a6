// A deadline that bounded nothing when the call began: another fiber or thread sets it, and the call obeys.
#include <array>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(deadlines_set_later);

// The body's own thread waits, which no scope could cancel, and a child sets its deadline.
template <class Wait>
void expect_obeyed(two_streams& both, Wait wait) {
    deadline within(ages);
    within.clear();
    child_mark me;
    me.here();
    event ended;
    scope child;
    child.spawn([&] {
        me.let_wait();
        within.expire_in(1ms);
        std::error_code ec;
        try {
            const deadline for_that(ages / 3);
            ended.wait();
        } catch (const error&) {
            both.client.send_all("it did not hear of it");
        }
    });
    EXPECT_EQ(wait(), errc::timed_out);
    ended.set();
    within.clear();
    child.join();
}

TEST_P(deadlines_set_later, one_that_was_cleared_ends_a_recv_all_the_same) {
    on_network([] {
        two_streams both = connected_pair();
        expect_obeyed(both, [&] {
            std::array<char, 64> room{};
            std::error_code ec;
            both.server.recv(room, ec);
            return ec;
        });
    });
}

}  // namespace
}  // namespace cardea::conformance
