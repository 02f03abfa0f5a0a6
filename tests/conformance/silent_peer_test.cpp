// A peer that says nothing any more: deadlines, TCP_USER_TIMEOUT and keepalive notice. nftables silences it, in a
// network namespace of the test's own.
#include <fstream>
#include <sstream>

#include "every_network.hpp"
#include "own_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(silent_peer);

void silence() { ASSERT_TRUE(does("nft add rule inet silence in meta l4proto tcp drop")); }

void write_setting(const char* name, int value) {
    std::ofstream(std::string("/proc/sys/net/ipv4/") + name) << value << std::flush;
}

// The body of a test, in a network of its own, whose filter silence() sets.
template <class Body>
auto in_empty_network(Body body) {
    return in_own_network({"nft add table inet silence",
                           "nft 'add chain inet silence in { type filter hook input priority 0; policy accept; }'"},
                          body);
}

TEST_P(silent_peer, deadline_ends_the_wait_for_a_silent_peer) {
    on_network(in_empty_network([] {
        tcp_listener door("127.0.0.1:0");
        two_streams both = connected_pair();
        silence();
        both.client.send_all("anybody?");
        std::array<char, 8> room{};
        std::error_code ec;
        {
            const deadline within(50ms);
            both.client.recv(room, ec);
            EXPECT_EQ(ec, errc::timed_out);
        }
        {
            const deadline within(50ms);
            tcp_stream::connect(door.local(), ec);
            EXPECT_EQ(ec, errc::timed_out);
        }
        EXPECT_EQ(both.client.close_gracefully(50ms), farewell::reset);
    }));
}

TEST_P(silent_peer, user_timeout_breaks_the_connection_to_a_silent_peer) {
    on_network(in_empty_network([] {
        two_streams both = connected_pair();
        both.client.set(option::user_timeout{300ms});
        silence();
        both.client.send_all("anybody?");
        std::array<char, 8> room{};
        std::error_code ec;
        const deadline within(ages);
        both.client.recv(room, ec);
        EXPECT_EQ(ec, std::error_code(ETIMEDOUT, std::system_category())) << ec.message();
        EXPECT_EQ(ec, std::errc::timed_out);
        EXPECT_FALSE(within.expired());
    }));
}

TEST_P(silent_peer, keepalive_breaks_an_idle_connection_to_a_silent_peer) {
    on_network(in_empty_network([] {
        write_setting("tcp_keepalive_time", 1);
        write_setting("tcp_keepalive_intvl", 1);
        write_setting("tcp_keepalive_probes", 1);
        two_streams both = connected_pair();
        both.client.set(option::keepalive{true});
        silence();
        std::array<char, 8> room{};
        std::error_code ec;
        const deadline within(ages);
        both.client.recv(room, ec);
        EXPECT_EQ(ec, std::error_code(ETIMEDOUT, std::system_category())) << ec.message();
        EXPECT_FALSE(within.expired());
    }));
}

TEST_P(silent_peer, a_connections_own_keepalive_times_hold) {
    on_network(in_empty_network([] {
        two_streams both = connected_pair();
        both.client.set(option::keepalive{true});
        both.client.set(option::keepalive_idle{1s});
        both.client.set(option::keepalive_interval{1s});
        both.client.set(option::keepalive_count{1});
        silence();
        std::array<char, 8> room{};
        std::error_code ec;
        const deadline within(ages);
        both.client.recv(room, ec);
        EXPECT_EQ(ec, std::error_code(ETIMEDOUT, std::system_category())) << ec.message();
        EXPECT_FALSE(within.expired()) << "the system's times are two hours";
    }));
}

TEST_P(silent_peer, icmp_unreachable_by_a_rejecting_filter_reaches_connect) {
    on_network(in_empty_network([] {
        tcp_listener door("127.0.0.1:0");
        ASSERT_TRUE(does("nft add rule inet silence in meta l4proto tcp reject with icmp type admin-prohibited"));
        std::error_code ec;
        const deadline within(ages);
        tcp_stream::connect(door.local(), ec);
        EXPECT_EQ(ec, std::errc::host_unreachable) << ec.message();
    }));
}

TEST_P(silent_peer, ephemeral_ports_exhausted_is_an_error_of_its_own) {
    on_network(in_empty_network([] {
        std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << "40000 40009" << std::flush;
        tcp_listener door("127.0.0.1:1234");
        std::vector<tcp_stream> all;
        std::error_code ec;
        while (!ec && all.size() < 20) all.push_back(tcp_stream::connect(door.local(), ec));
        EXPECT_EQ(ec, std::errc::address_not_available) << ec.message();
        EXPECT_EQ(all.size(), 11U);
        all.clear();
    }));
}

// proc(5), /proc/net/tcp: the state is the fourth field.
std::size_t sockets_in_time_wait() {
    std::ifstream table("/proc/thread-self/net/tcp");
    std::size_t found = 0;
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    for (std::string line; std::getline(table, line);) {
        std::istringstream(line) >> number >> local >> remote >> state;
        if (state == "06") ++found;
    }
    return found;
}

TEST_P(silent_peer, ephemeral_ports_exhausted_by_time_wait_are_the_same_error) {
    on_network(in_empty_network([] {
        std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << "40000 40009" << std::flush;
        write_setting("tcp_tw_reuse", 0);  // or those of the loopback would be had again after a second
        tcp_listener door("127.0.0.1:1234");
        for (int i = 0; i < 10; ++i) {
            tcp_stream client = tcp_stream::connect(door.local());
            tcp_stream server = door.accept();
            client.close();  // who closes first is the one that waits (RFC 9293 section 3.6)
            std::array<char, 1> room{};
            EXPECT_EQ(server.recv(room), 0U);
        }
        while (sockets_in_time_wait() < 10) cardea::sleep(1ms);
        std::error_code ec;
        tcp_stream::connect(door.local(), ec);
        EXPECT_EQ(ec, std::errc::address_not_available) << ec.message();
        tcp_listener other("127.0.0.1:1235");
        EXPECT_TRUE(tcp_stream::connect(other.local()).is_open()) << "another server can be reached still";
    }));
}

}  // namespace
}  // namespace cardea::conformance
