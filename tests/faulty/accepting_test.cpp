// Accepting under faults: connections given up before they were accepted, and an accept or an open that was cancelled
// and done all the same.
#include <gtest/gtest.h>

#include <cerrno>

#include "under_faults.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(accepting_under_faults);

TEST_P(accepting_under_faults, econnaborted_and_eintr_are_retried_silently) {
    const std::error_code as_the_system_says(ECONNABORTED, std::system_category());
    on_network(with({fault::fail(network_call::accept, std::make_error_code(std::errc::connection_aborted)),
                     fault::fail(network_call::accept, as_the_system_says).at(2),
                     fault::fail(network_call::accept, std::make_error_code(std::errc::interrupted)).at(3)},
                    [](faulty_network& net) {
                        tcp_listener door("127.0.0.1:0");
                        const tcp_stream client = tcp_stream::connect(door.local());
                        EXPECT_EQ(door.accept().peer(), client.local());
                        EXPECT_EQ(net.calls(network_call::accept), 4U);
                    }));
}

TEST_P(accepting_under_faults, a_deadline_ends_the_retries) {
    on_network(with(
        {fault::fail(network_call::accept, std::make_error_code(std::errc::connection_aborted)).times(fault::always),
         fault::delay(network_call::accept, 1ms)},
        [](faulty_network&) {
            tcp_listener door("127.0.0.1:0");
            const deadline soon(20ms);
            std::error_code ec;
            door.accept(ec);
            EXPECT_EQ(ec, errc::timed_out);
        }));
}

TEST_P(accepting_under_faults, a_cancelled_accept_that_completes_anyway_keeps_the_connection_for_the_next) {
    on_network(with({fault::too_late(network_call::accept)}, [](faulty_network&) {
        tcp_listener door("127.0.0.1:0");
        tcp_stream client = tcp_stream::connect(door.local());
        std::error_code ec;
        EXPECT_FALSE(door.accept(ec).is_open());
        EXPECT_EQ(ec, errc::timed_out);
        EXPECT_EQ(door.accept().peer(), client.local());
    }));
}

TEST_P(accepting_under_faults, a_cancelled_accept_that_completes_anyway_leaves_no_orphan_behind_its_listener) {
    on_network(with({fault::too_late(network_call::accept, errc::cancelled)}, [](faulty_network& net) {
        tcp_listener door("127.0.0.1:0");
        tcp_stream client = tcp_stream::connect(door.local());
        const std::size_t before = open_descriptors();
        EXPECT_THROW(door.accept(), cancelled);
        EXPECT_EQ(net.open_sockets(), 3U) << "the orphan waits for the next accept";
        door.close();
        EXPECT_EQ(net.open_sockets(), 1U);
        EXPECT_LE(open_descriptors(), before);
        // The peer sees that it is gone: an end or a reset.
        std::array<char, 4> room{};
        std::error_code ec;
        const deadline limit(ages);
        EXPECT_EQ(client.recv(room, ec), 0U);
        EXPECT_NE(ec, errc::timed_out);
    }));
}

TEST_P(accepting_under_faults, whoever_is_cancelled_with_a_new_connection_closes_it) {
    on_network(with({fault::cancel_when_done(network_call::accept)}, [](faulty_network& net) {
        tcp_listener door("127.0.0.1:0");
        tcp_stream client = tcp_stream::connect(door.local());
        bool got_it = false;
        scope one;
        one.spawn([&] {
            tcp_stream peer = door.accept();
            got_it = peer.is_open();
            std::array<char, 4> room{};
            peer.recv(room);
            ADD_FAILURE() << "the cancellation was lost";
        });
        one.join();
        EXPECT_TRUE(got_it);
        EXPECT_EQ(net.open_sockets(), 2U);
        std::array<char, 4> room{};
        EXPECT_EQ(client.recv(room), 0U);
    }));
}

TEST_P(accepting_under_faults, a_cancelled_open_that_completes_anyway_is_closed) {
    on_network(with({fault::too_late(network_call::open, errc::cancelled).times(20)}, [](faulty_network& net) {
        const std::size_t before = open_descriptors();
        for (int i = 0; i < 10; ++i) {
            std::error_code ec;
            const socket s(family::inet, type::stream, 0, ec);
            EXPECT_EQ(ec, errc::cancelled);
            EXPECT_FALSE(s.is_open());
            EXPECT_THROW(tcp_listener("127.0.0.1:0"), error);
        }
        EXPECT_EQ(net.open_sockets(), 0U);
        EXPECT_EQ(open_descriptors(), before);
        EXPECT_EQ(net.faults(), 20U);
    }));
}

}  // namespace
}  // namespace cardea::conformance
