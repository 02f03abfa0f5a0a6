// A sweep puts the fault at each call in turn, and names the call at which an invariant fails.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "under_faults.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(sweeps);

TEST_P(sweeps, until_the_fault_is_not_reached) {
    on_network([] {
        std::vector<network_call> seen;
        const sweep_report all = sweep(100, fault::fail(network_call::any, injected), [&](faulty_network& net) {
            struct noting {
                faulty_network& net;
                std::vector<network_call>& seen;
                ~noting() { seen.push_back(net.last()); }
            } note{net, seen};
            udp_socket door = udp_socket::bind("127.0.0.1:0");
            door.send_to("x", door.local());
            std::array<char, 4> room{};
            door.recv_from(room);
        });
        EXPECT_TRUE(all) << all.why;
        EXPECT_EQ(all.rounds, seen.size());
        ASSERT_GE(seen.size(), 5U);
        EXPECT_EQ(seen.front(), network_call::open);
        EXPECT_EQ(seen[seen.size() - 3], network_call::send_to);
        EXPECT_EQ(seen[seen.size() - 2], network_call::recv_from);
        EXPECT_EQ(seen.back(), network_call::any) << "the last round has no fault";
    });
}

TEST_P(sweeps, a_broken_invariant_is_reported_with_its_call) {
    on_network([] {
        const sweep_report found = sweep(100, fault::fail(network_call::any, injected), [](faulty_network&) {
            udp_socket door = udp_socket::bind("127.0.0.1:0");
            std::error_code ec;
            door.send_to("x", door.local(), ec);
            if (ec) throw std::logic_error("it cannot send");
        });
        EXPECT_FALSE(found);
        EXPECT_EQ(found.failed_in, network_call::send_to);
        EXPECT_EQ(found.failed_at, found.rounds);
        EXPECT_EQ(found.why, "call " + std::to_string(found.failed_at) + " (send_to): it cannot send");
    });
}

TEST_P(sweeps, a_socket_that_was_left_open_is_a_failure) {
    on_network([] {
        std::unique_ptr<udp_socket> left;
        const sweep_report found = sweep(100, fault::fail(network_call::send_to, injected), [&](faulty_network&) {
            auto door = std::make_unique<udp_socket>(udp_socket::bind("127.0.0.1:0"));
            std::error_code ec;
            door->send_to("x", door->local(), ec);
            if (ec) left = std::move(door);
        });
        EXPECT_EQ(found.failed_at, 1U);
        EXPECT_EQ(found.why, "call 1 (send_to): 1 socket was left open");
    });
}

TEST_P(sweeps, what_was_not_injected_is_a_failure) {
    on_network([] {
        const sweep_report found = sweep(3, fault::fail(network_call::send, injected), [](faulty_network&) {
            throw error(std::make_error_code(std::errc::io_error), "send");
        });
        EXPECT_EQ(found.failed_at, 1U);
        EXPECT_EQ(found.failed_in, network_call::any);
    });
}

TEST_P(sweeps, that_are_too_short_say_so) {
    on_network([] {
        const sweep_report some = sweep(2, fault::fail(network_call::any, injected),
                                        [](faulty_network&) { udp_socket::bind("127.0.0.1:0"); });
        EXPECT_EQ(some.rounds, 2U);
        EXPECT_FALSE(some.complete);
        EXPECT_FALSE(some);
        EXPECT_EQ(some.failed_at, 0U);
    });
}

TEST_P(sweeps, a_cancellation_at_each_call_ends_one_round_only) {
    on_network([] {
        const sweep_report all = sweep(100, fault::cancel_when_done(network_call::any), [](faulty_network&) {
            two_streams both = connected_pair();
            both.client.send("x");
            std::array<char, 4> room{};
            both.server.recv(room);
        });
        EXPECT_TRUE(all) << all.why;
        EXPECT_GE(all.rounds, 7U);
    });
}

}  // namespace
}  // namespace cardea::conformance
