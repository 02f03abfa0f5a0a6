// Options that only a kernel's sockets have (socket(7), ip(7), tcp(7)): what each of them brings about. Elsewhere they
// are refused, and never silently ignored.
#include <netinet/in.h>

#include <cardea/datagram.hpp>
#include <cardea/multicast.hpp>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "every_network.hpp"
#include "own_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(options_of_a_kernel);
CARDEA_CONFORMANCE_OF_KERNELS(options_of_a_kernel_on_kernels);

template <class Option>
void expect_kept(socket& s, const Option& wanted) {
    s.set(wanted);
    EXPECT_EQ(s.get<Option>(), wanted.value) << name(Option::id);
}

template <class Option>
void expect_refused(socket& s, const Option& option) {
    std::error_code ec;
    s.set(option, ec);
    EXPECT_EQ(ec, errc::not_supported) << name(Option::id);
}

template <class Option>
void expect_unknown(const socket& s) {
    std::error_code ec;
    (void)s.get<Option>(ec);
    EXPECT_EQ(ec, errc::not_supported) << name(Option::id);
}

TEST_P(options_of_a_kernel, are_refused_where_there_is_none) {
    if (GetParam().kernel) GTEST_SKIP() << "this network has them";
    on_network([] {
        for (const type t : {type::stream, type::datagram}) {
            socket s(family::inet, t);
            expect_refused(s, option::mark{1});
            expect_refused(s, option::bind_to_device{"lo"});
            expect_refused(s, option::busy_poll{std::chrono::microseconds(50)});
            expect_refused(s, option::max_pacing_rate{1'000'000});
            expect_refused(s, option::incoming_cpu{0});
            expect_refused(s, option::transparent{});
            expect_refused(s, option::min_hop_limit{255});
            expect_refused(s, option::local_port_range{{40'000, 40'100}});
            expect_refused(s, option::congestion_control{"reno"});
            expect_refused(s, option::fast_open{});
            expect_refused(s, option::fast_open_connect{});
            expect_refused(s, option::defer_accept{});
            expect_refused(s, option::fast_open_no_cookie{});
            expect_refused(s, option::window_clamp{10'000});
            expect_refused(s, option::send_buffer_force{100'000});
            expect_refused(s, option::receive_buffer_force{100'000});
            expect_refused(s, option::prefer_busy_poll{});
            expect_refused(s, option::busy_poll_budget{16});
            expect_refused(s, option::unicast_interface{1});
            expect_refused(s, option::multicast_all{false});
            expect_refused(s, option::udp_cork{});
            expect_unknown<option::original_destination>(s);
            expect_unknown<option::incoming_napi_id>(s);
            expect_unknown<option::protocol>(s);
            expect_unknown<option::cookie>(s);
            expect_unknown<option::dropped>(s);
        }
        std::error_code ec;
        const socket multipath(family::inet, type::stream, multipath_tcp, ec);
        EXPECT_TRUE(ec);
    });
}

TEST_P(options_of_a_kernel_on_kernels, are_read_as_they_were_set) {
    on_network(in_own_network({}, [] {
        for (const family f : {family::inet, family::inet6}) {
            socket s(f, type::stream);
            expect_kept(s, option::mark{0xfffffffe});
            expect_kept(s, option::transparent{true});
            expect_kept(s, option::min_hop_limit{254});
            expect_kept(s, option::busy_poll{std::chrono::microseconds(50)});
            expect_kept(s, option::incoming_cpu{0});
            expect_kept(s, option::window_clamp{20'000});
            expect_kept(s, option::max_segment{700});
            expect_kept(s, option::fast_open_connect{true});
            expect_kept(s, option::reuse_port{true});
            expect_kept(s, option::prefer_busy_poll{true});
            s.set(option::busy_poll_budget{16});
            expect_kept(s, option::fast_open_no_cookie{true});
            expect_kept(s, option::unicast_interface{interface_of("lo")});
            expect_kept(s, option::unicast_interface{0});
            expect_kept(s, option::multicast_all{false});
        }
    }));
}

TEST_P(options_of_a_kernel_on_kernels, buffers_go_beyond_the_systems_bounds_by_force) {
    on_network(in_own_network({}, [] {
        const int bound = [] {
            int bytes = 0;
            std::ifstream("/proc/sys/net/core/rmem_max") >> bytes;
            return bytes;
        }();
        socket s(family::inet, type::datagram);
        s.set(option::receive_buffer{2 * bound});
        EXPECT_EQ(s.get<option::receive_buffer>(), 2 * bound) << "the bound, doubled (socket(7))";
        s.set(option::receive_buffer_force{2 * bound});
        EXPECT_EQ(s.get<option::receive_buffer>(), 4 * bound);
        s.set(option::send_buffer_force{3 * bound});
        EXPECT_EQ(s.get<option::send_buffer>(), 6 * bound);
    }));
}

TEST_P(options_of_a_kernel_on_kernels, facts_of_a_socket_are_read) {
    on_network([] {
        const socket stream(family::inet6, type::stream);
        const socket datagrams(family::inet, type::datagram);
        EXPECT_EQ(stream.get<option::protocol>(), IPPROTO_TCP);
        EXPECT_EQ(datagrams.get<option::protocol>(), IPPROTO_UDP);
        EXPECT_NE(stream.get<option::cookie>(), 0U);
        EXPECT_NE(stream.get<option::cookie>(), datagrams.get<option::cookie>());
        EXPECT_EQ(stream.get<option::cookie>(), stream.get<option::cookie>());
        EXPECT_EQ(stream.get<option::incoming_napi_id>(), 0U);
    });
}

TEST_P(options_of_a_kernel_on_kernels, marks_choose_routes) {
    on_network(in_own_network({"ip link add wire type veth peer name far", "ip addr add 192.0.2.1/24 dev wire",
                               "ip link set wire up", "ip rule add pref 1 fwmark 42 unreachable"},
                              [] {
                                  socket s(family::inet, type::datagram);
                                  EXPECT_EQ(s.send_to("plain", "192.0.2.9:9"), 5U);
                                  s.set(option::mark{42});
                                  std::error_code ec;
                                  s.send_to("marked", "192.0.2.9:9", ec);
                                  EXPECT_EQ(ec, std::errc::network_unreachable);
                              }));
}

TEST_P(options_of_a_kernel_on_kernels, sockets_of_two_devices_share_a_port) {
    on_network(in_own_network({"ip link add wire type veth peer name far", "ip link set wire up"}, [] {
        socket elsewhere(family::inet, type::datagram);
        elsewhere.set(option::bind_to_device{"wire"});
        elsewhere.bind("0.0.0.0:4000");
        socket here(family::inet, type::datagram);
        std::error_code ec;
        here.bind("0.0.0.0:4000", ec);
        EXPECT_EQ(ec, std::errc::address_in_use);
        here.set(option::bind_to_device{"lo"});
        here.bind("0.0.0.0:4000");
        socket(family::inet, type::datagram).send_to("to the loopback", "127.0.0.1:4000");
        std::array<char, 32> room{};
        const deadline limit(ages);
        EXPECT_EQ(here.recv(room), 15U);
    }));
}

TEST_P(options_of_a_kernel_on_kernels, a_transparent_socket_binds_to_addresses_of_others) {
    on_network(in_own_network({}, [] {
        std::error_code ec;
        socket s(family::inet, type::stream);
        s.bind("198.51.100.7:80", ec);
        EXPECT_EQ(ec, std::errc::address_not_available);
        s.set(option::transparent{});
        s.bind("198.51.100.7:80");
        EXPECT_EQ(s.local(), endpoint::parse("198.51.100.7:80"));
    }));
}

TEST_P(options_of_a_kernel_on_kernels, listeners_of_one_port_share_its_connections) {
    on_network([] {
        socket one(family::inet, type::stream);
        one.set(option::reuse_port{});
        one.bind("127.0.0.1:0");
        socket other(family::inet, type::stream);
        std::error_code ec;
        other.bind(one.local(), ec);
        EXPECT_EQ(ec, std::errc::address_in_use);
        other.set(option::reuse_port{});
        other.bind(one.local());
        one.listen();
        other.listen();
        std::vector<socket> clients(64);  // all of them at one of two: once in 2^63
        for (socket& client : clients) {
            client = socket(family::inet, type::stream);
            client.connect(one.local());
        }
        const deadline limit(ages);
        EXPECT_TRUE(one.accept().connection.is_open());
        EXPECT_TRUE(other.accept().connection.is_open());
    });
}

TEST_P(options_of_a_kernel_on_kernels, a_deferred_accept_waits_for_data) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        door.set(option::defer_accept{std::chrono::seconds(60)});
        tcp_stream client = tcp_stream::connect(door.local());
        std::error_code ec;
        {
            const deadline soon(50ms);
            EXPECT_FALSE(door.accept(ec).is_open());
        }
        EXPECT_EQ(ec, errc::timed_out);
        client.send_all("now");
        const deadline limit(ages);
        tcp_stream server = door.accept();
        std::array<char, 3> room{};
        EXPECT_EQ(server.peek(room), 3U);
    });
}

// A counter of TCP's in this thread's network namespace (/proc/net/netstat: a line of names, a line of numbers).
std::uint64_t counter(const std::string& wanted) {
    std::ifstream file("/proc/thread-self/net/netstat");
    std::string names;
    std::string numbers;
    while (std::getline(file, names) && std::getline(file, numbers)) {
        std::istringstream name_of(names);
        std::istringstream number_of(numbers);
        std::string name;
        std::string number;
        while (name_of >> name && number_of >> number) {
            if (name == wanted) return std::stoull(number);
        }
    }
    return 0;
}

TEST_P(options_of_a_kernel_on_kernels, fast_open_sends_data_with_the_syn) {
    // Client and server, both without cookies (ip-sysctl.rst): the first connection is a fast one.
    on_network(in_own_network({"sysctl -w net.ipv4.tcp_fastopen=0x207"}, [] {
        tcp_listener door("127.0.0.1:0");
        door.set(option::fast_open{16});
        socket client(family::inet, type::stream);
        client.set(option::fast_open_connect{});
        client.connect(door.local());
        EXPECT_EQ(counter("TCPFastOpenPassive"), 0U) << "there was nothing to send yet";
        client.send_all("early");
        tcp_stream server = door.accept();
        std::array<char, 5> room{};
        server.recv_exactly(room);
        EXPECT_EQ(std::string(room.data(), room.size()), "early");
        EXPECT_EQ(counter("TCPFastOpenPassive"), 1U);
        server.send_all("reply");
        client.recv_exactly(room);
        EXPECT_EQ(std::string(room.data(), room.size()), "reply");
    }));
}

TEST_P(options_of_a_kernel_on_kernels, fast_open_can_do_without_cookies) {
    on_network(in_own_network({"sysctl -w net.ipv4.tcp_fastopen=0x3"}, [] {
        tcp_listener door("127.0.0.1:0");
        door.set(option::fast_open{16});
        door.set(option::fast_open_no_cookie{});
        socket client(family::inet, type::stream);
        client.set(option::fast_open_connect{});
        client.set(option::fast_open_no_cookie{});
        client.connect(door.local());
        client.send_all("early");
        tcp_stream server = door.accept();
        std::array<char, 5> room{};
        server.recv_exactly(room);
        EXPECT_EQ(std::string(room.data(), room.size()), "early");
        EXPECT_EQ(counter("TCPFastOpenPassive"), 1U);
    }));
}

TEST_P(options_of_a_kernel_on_kernels, a_segment_is_no_longer_than_the_peer_announced) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        door.set(option::max_segment{700});
        tcp_stream client = tcp_stream::connect(door.local());
        EXPECT_LE(client.info().send_segment_size, 700U);
        EXPECT_LE(client.get<option::max_segment>(), 700);
    });
}

TEST_P(options_of_a_kernel_on_kernels, connections_have_their_listeners_settings) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        door.set(option::congestion_control{"reno"});
        door.set(option::user_timeout{4321ms});
        const tcp_stream client = tcp_stream::connect(door.local());
        const tcp_stream server = door.accept();
        EXPECT_EQ(server.get<option::congestion_control>(), "reno");
        EXPECT_EQ(server.get<option::user_timeout>(), 4321ms);
    });
}

TEST_P(options_of_a_kernel_on_kernels, quick_acknowledgements_are_switched) {
    on_network([] {
        two_streams both = connected_pair();
        socket& s = both.client.handle();
        expect_kept(s, option::quick_ack{false});
        expect_kept(s, option::quick_ack{true});
    });
}

TEST_P(options_of_a_kernel_on_kernels, acknowledgements_come_at_once_or_are_delayed_as_asked) {
    on_network(in_own_network({}, [] {
        for (const bool quick : {true, false}) {
            const std::uint64_t before = counter("DelayedACKs");
            two_streams both = connected_pair();
            both.client.set(option::quick_ack{quick});
            both.server.send_all("a byte or two");
            const deadline limit(ages);
            while (both.server.info().bytes_acknowledged < 13) sleep(1ms);
            EXPECT_EQ(counter("DelayedACKs") - before, quick ? 0U : 1U);
        }
    }));
}

TEST_P(options_of_a_kernel_on_kernels, a_paced_connection_tells_its_rate) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.set(option::max_pacing_rate{1'000'000});
        both.client.send_all("a segment, after which the rate is reckoned");
        std::array<char, 43> room{};
        both.server.recv_exactly(room);
        const std::uint64_t rate = both.client.info().pacing_rate;
        EXPECT_TRUE(rate > 0 && rate <= 1'000'000) << rate;
    });
}

TEST_P(options_of_a_kernel_on_kernels, only_neighbours_reach_a_listener_that_asks_for_them) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        door.set(option::min_hop_limit{255});
        socket far(family::inet, type::stream);
        std::error_code ec;
        {
            const deadline soon(50ms);
            far.connect(door.local(), ec);
        }
        EXPECT_EQ(ec, errc::timed_out);
        socket near(family::inet, type::stream);
        near.set(option::hop_limit{255});
        const deadline limit(ages);
        near.connect(door.local());
    });
}

TEST_P(options_of_a_kernel_on_kernels, ephemeral_ports_come_from_the_sockets_own_range) {
    on_network([] {
        socket s(family::inet, type::datagram);
        std::error_code ec;
        s.set(option::local_port_range{{40'000, 40'100}}, ec);
        if (ec.value() == ENOPROTOOPT) GTEST_SKIP() << "this kernel is older than Linux 6.3";
        ASSERT_FALSE(ec) << ec.message();
        EXPECT_EQ(s.get<option::local_port_range>(), (port_range{40'000, 40'100}));
        s.bind("127.0.0.1:0");
        EXPECT_GE(s.local().port(), 40'000);
        EXPECT_LE(s.local().port(), 40'100);
    });
}

}  // namespace
}  // namespace cardea::conformance
