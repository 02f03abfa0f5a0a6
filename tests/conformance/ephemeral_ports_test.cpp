// Every ephemeral port is taken, of Cardea's own stack (49152 to 65535, RFC 6335 section 6): by connections that are
// open, which is an error of its own; by connections in TIME-WAIT, whose ports can be had again (RFC 6191). Of the
// kernel's ports: silent_peer_test.cpp.
#include "every_network.hpp"
#include "sanitizers.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_STACKS(ephemeral_ports);

constexpr std::size_t all_ports = 65'535 - 49'152 + 1;
// Connecting in turn would take longer over a link than TIME-WAIT lasts.
constexpr std::size_t at_once = 128;

// As many connections, by many fibers. `keep` gets each pair.
template <class Keep>
void connect_many(tcp_listener& door, std::size_t count, Keep keep) {
    scope all;
    std::size_t begun = 0;
    std::size_t taken = 0;
    for (std::size_t i = 0; i < at_once; ++i) {
        all.spawn([&] {
            while (begun++ < count) keep(tcp_stream::connect(door.local()));
        });
        all.spawn([&] {
            while (taken++ < count) keep(door.accept());
        });
    }
    all.join();
}

TEST_P(ephemeral_ports, exhausted_by_connections_are_an_error_of_its_own) {
    if (under_asan || under_tsan) GTEST_SKIP() << "too many connections for a sanitizer";
    on_network([] {
        tcp_listener door("127.0.0.1:1234");
        std::vector<tcp_stream> open;
        connect_many(door, all_ports, [&](tcp_stream one) { open.push_back(std::move(one)); });
        EXPECT_EQ(open.size(), 2 * all_ports);
        std::error_code ec;
        const tcp_stream one_more = tcp_stream::connect(door.local(), ec);
        EXPECT_EQ(ec, std::errc::address_not_available) << ec.message();
        // Another server can be reached still: a connection is told by both its ends.
        tcp_listener other("127.0.0.1:1235");
        EXPECT_TRUE(tcp_stream::connect(other.local()).is_open());
        for (tcp_stream& one : open) one.reset();
        // Which it does when it has left the host.
        const deadline within(ages);
        for (tcp_stream::connect(door.local(), ec); ec == std::errc::address_not_available && !within.expired();) {
            cardea::sleep(1ms);
            tcp_stream::connect(door.local(), ec);
        }
        EXPECT_FALSE(ec) << "a reset frees the port: " << ec.message();
    });
}

TEST_P(ephemeral_ports, of_connections_in_time_wait_are_used_again) {
    if (under_asan || under_tsan) GTEST_SKIP() << "too many connections for a sanitizer";
    on_network([] {
        tcp_listener door("127.0.0.1:1234");
        std::size_t ended = 0;
        connect_many(door, all_ports + 100, [&](tcp_stream one) {
            // Who closes first is the one that waits (RFC 9293 section 3.6): the client.
            if (one.local().port() != 1234) return one.close();
            std::array<char, 1> room{};
            if (one.recv(room) == 0) ++ended;
        });
        EXPECT_EQ(ended, all_ports + 100);
    });
}

}  // namespace
}  // namespace cardea::conformance
