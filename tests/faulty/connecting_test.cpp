// Raced connects under faults: whatever happens to any of their calls, every losing attempt is closed, and one failure
// is not enough to lose the race.
#include <gtest/gtest.h>

#include <stdexcept>

#include "under_faults.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(connecting_under_faults);

/// Addresses that listen for as long as it lives, on the network around the sweep's: their calls have no faults.
struct doors {
    tcp_listener first{"127.0.0.1:0"};
    tcp_listener second{"127.0.0.1:0"};
    tcp_listener third{"127.0.0.1:0"};
    std::vector<endpoint> where{first.local(), second.local(), third.local()};
};

/// Races them; the first is slow, so that others begin beside it.
void race(faulty_network& net, const doors& to) {
    net.add(fault::delay(network_call::connect, 30ms).at(1));
    const tcp_stream client = tcp_stream::connect_any(to.where, {.attempt_delay = 10ms});
    if (!client.is_open()) throw std::logic_error("connected, and not open");
    if (net.open_sockets() != 1) throw std::logic_error("an attempt that lost is still open");
}

TEST_P(connecting_under_faults, a_failure_at_any_call_of_a_race_leaves_a_winner_and_nothing_else) {
    on_network([] {
        const doors to;
        // Another error than the one injected: losing the race is a failure of the sweep.
        const sweep_report all = sweep(100, fault::fail(network_call::any, injected), [&](faulty_network& net) {
            try {
                race(net, to);
            } catch (const connect_error& e) {
                throw std::logic_error(std::string("the race was lost: ") + e.what());
            }
        });
        EXPECT_TRUE(all) << all.why;
        EXPECT_GE(all.rounds, 4U);
    });
}

TEST_P(connecting_under_faults, attempts_that_complete_too_late_are_closed) {
    on_network([] {
        const doors to;
        for (const network_call on : {network_call::open, network_call::connect}) {
            const sweep_report all = sweep(100, fault::too_late(on), [&](faulty_network& net) { race(net, to); });
            EXPECT_TRUE(all) << to_string(on) << ": " << all.why;
            EXPECT_GE(all.rounds, 2U);
        }
    });
}

TEST_P(connecting_under_faults, a_cancellation_at_any_call_of_a_race_leaves_nothing) {
    on_network([] {
        const doors to;
        const sweep_report all =
            sweep(100, fault::cancel_when_done(network_call::any), [&](faulty_network& net) { race(net, to); });
        EXPECT_TRUE(all) << all.why;
        EXPECT_GE(all.rounds, 4U);
    });
}

TEST_P(connecting_under_faults, when_every_attempt_fails_nothing_is_left) {
    on_network([] {
        const doors to;
        faulty_network net;
        net.add(fault::fail(network_call::connect, injected).times(fault::always));
        net.run([&] {
            try {
                tcp_stream::connect_any(to.where, {.attempt_delay = 10ms});
                ADD_FAILURE() << "it connected";
            } catch (const connect_error& e) {
                EXPECT_EQ(e.attempts().size(), 3U);
                for (const connect_attempt& a : e.attempts()) EXPECT_EQ(a.error, injected);
            }
        });
        EXPECT_EQ(net.open_sockets(), 0U);
    });
}

}  // namespace
}  // namespace cardea::conformance
