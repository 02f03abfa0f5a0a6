// Options: what is set is what is read, on every network that has the option; what a network lacks it says.
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(options);
CARDEA_CONFORMANCE_OF_KERNELS(options_on_kernels);
CARDEA_CONFORMANCE_OF_STACKS(options_on_stacks);

template <class Option>
void expect_kept(socket& s, const Option& wanted) {
    s.set(wanted);
    EXPECT_EQ(s.get<Option>(), wanted.value) << name(Option::id);
}

TEST_P(options, of_a_stream_are_read_as_they_were_set) {
    on_network([] {
        two_streams both = connected_pair();
        socket& s = both.client.handle();
        expect_kept(s, option::keepalive{true});
        expect_kept(s, option::keepalive_idle{42s});
        expect_kept(s, option::keepalive_interval{7s});
        expect_kept(s, option::keepalive_count{3});
        expect_kept(s, option::user_timeout{1234ms});
        expect_kept(s, option::nodelay{false});
        expect_kept(s, option::cork{true});
        expect_kept(s, option::linger{3s});
        expect_kept(s, option::linger{std::nullopt});
        expect_kept(s, option::linger{0s});
    });
}

TEST_P(options, a_linger_of_any_length_is_no_reset) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.set(option::linger{std::chrono::seconds::max()});
        EXPECT_GT(both.client.get<option::linger>(), 1000s);
        both.client.set(option::linger{std::nullopt});
    });
}

TEST_P(options, of_the_internet_layer_hold_on_both_families) {
    on_network([] {
        for (const family f : {family::inet, family::inet6}) {
            socket s(f, type::datagram);
            expect_kept(s, option::hop_limit{3});
            expect_kept(s, option::traffic_class{0xb8});
            std::error_code ec;
            s.set(option::traffic_class{256}, ec);
            EXPECT_EQ(ec, std::errc::invalid_argument);
            expect_kept(s, option::broadcast{true});
        }
    });
}

TEST_P(options_on_kernels, a_dual_stack_socket_sets_them_for_its_ipv4_peers_too) {
    on_network([] {
        socket s(family::inet6, type::datagram);
        s.set(option::hop_limit{5});
        int ttl = 0;
        socklen_t size = sizeof ttl;
        ASSERT_EQ(::getsockopt(s.native_handle(), IPPROTO_IP, IP_TTL, &ttl, &size), 0);
        EXPECT_EQ(ttl, 5);
    });
}

TEST_P(options_on_kernels, that_only_a_kernel_has) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        socket& s = door.handle();
        EXPECT_TRUE(s.get<option::listening>());
        expect_kept(s, option::receive_low_water{100});
        expect_kept(s, option::priority{4});
        expect_kept(s, option::max_pacing_rate{1'000'000});
        expect_kept(s, option::dont_route{true});
        expect_kept(s, option::fast_open{16});
        expect_kept(s, option::syn_count{2});
        expect_kept(s, option::fin_wait{20s});
        expect_kept(s, option::unsent_low_water{16 * 1024});
        expect_kept(s, option::free_bind{true});
        expect_kept(s, option::bind_address_no_port{true});
        s.set(option::defer_accept{1s});
        EXPECT_GE(s.get<option::defer_accept>(), 1s);
        s.set(option::max_pacing_rate{std::nullopt});
        EXPECT_EQ(s.get<option::max_pacing_rate>(), std::nullopt);
    });
}

TEST_P(options_on_stacks, that_only_a_kernel_has_are_not_supported) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        const auto refused = [&](const auto& option) {
            std::error_code ec;
            door.handle().set(option, ec);
            EXPECT_EQ(ec, errc::not_supported) << name(option.id) << ": " << ec.message();
        };
        refused(option::receive_low_water{100});
        refused(option::priority{4});
        refused(option::max_pacing_rate{1'000'000});
        refused(option::fast_open{16});
        refused(option::defer_accept{1s});
        refused(option::bind_to_device{"lo"});
        std::error_code ec;
        const socket multipath(family::inet, type::stream, multipath_tcp, ec);
        EXPECT_EQ(ec, std::errc::protocol_not_supported) << ec.message();
    });
}

TEST_P(options_on_kernels, of_text) {
    on_network([] {
        socket s(family::inet, type::stream);
        expect_kept(s, option::congestion_control{"reno"});
        s.set(option::bind_to_device{"lo"});
        EXPECT_EQ(s.get<option::bind_to_device>(), "lo");
        try {
            s.set(option::congestion_control{"no such thing"});
            FAIL() << "the kernel has a congestion control of that name";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), std::errc::no_such_file_or_directory);
            EXPECT_NE(std::string(e.what()).find("set option TCP_CONGESTION"), std::string::npos) << e.what();
        }
        EXPECT_EQ(s.get<option::congestion_control>(), "reno");
    });
}

TEST_P(options, that_a_socket_cannot_have_are_refused_by_name) {
    on_network([] {
        socket s(family::inet, type::datagram);
        try {
            s.set(option::nodelay{});
            FAIL() << "a datagram socket took TCP_NODELAY";
        } catch (const error& e) {
            EXPECT_NE(std::string(e.what()).find("TCP_NODELAY"), std::string::npos) << e.what();
        }
        s.close();
        std::error_code ec;
        s.set(option::hop_limit{1}, ec);
        EXPECT_EQ(ec, errc::closed);
    });
}

TEST_P(options, a_pending_error_is_read_once) {
    on_network([] {
        const nobody there(type::datagram);
        socket s(family::inet, type::datagram);
        s.connect(there.where());
        EXPECT_EQ(s.get<option::pending_error>(), std::error_code());
        s.send("anybody?");
        const deadline limit(ages);
        std::error_code found;
        while (!found) {
            found = s.get<option::pending_error>();
            if (!found) sleep(1ms);
        }
        EXPECT_EQ(found, std::errc::connection_refused) << found.message();
        EXPECT_EQ(s.get<option::pending_error>(), std::error_code());
        std::error_code ec;
        s.send("the call that would have told", ec);
        EXPECT_FALSE(ec) << ec.message();
    });
}

TEST_P(options, tcp_info_tells_of_the_connection) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send_all(pattern_bytes(0, 1000));
        std::vector<std::byte> room(1000);
        both.server.recv_exactly(room);
        both.server.send_all("answer");
        std::array<char, 6> answer{};
        both.client.recv_exactly(answer);
        const tcp_info mine = both.client.info();
        EXPECT_EQ(mine.state, tcp_state::established);
        EXPECT_EQ(mine.bytes_sent, 1000U);
        EXPECT_EQ(mine.bytes_acknowledged, 1000U + (GetParam().kernel ? 1U : 0U)) << "Linux counts the SYN";
        EXPECT_EQ(mine.bytes_received, 6U);
        EXPECT_GT(mine.send_segment_size, 500U);
        EXPECT_GT(mine.congestion_window, 0U);
        EXPECT_GT(mine.retransmission_timeout, std::chrono::microseconds(0));
        EXPECT_EQ(mine.resends, 0U);
        both.client.shutdown(direction::send);
        EXPECT_EQ(both.server.recv(room), 0U);
        EXPECT_EQ(both.server.info().state, tcp_state::close_wait);
        EXPECT_STREQ(name(tcp_state::close_wait), "CLOSE_WAIT");
    });
}

TEST_P(options, tcp_info_is_for_tcp) {
    on_network([] {
        const socket s(family::inet, type::datagram);
        std::error_code ec;
        (void)s.info(ec);
        EXPECT_EQ(ec, errc::not_supported);
        tcp_listener door("127.0.0.1:0");
        EXPECT_EQ(door.handle().info().state, tcp_state::listen);
    });
}

TEST_P(options_on_kernels, a_multipath_socket_falls_back_to_tcp) {
    on_network([] {
        std::error_code ec;
        socket s(family::inet, type::stream, multipath_tcp, ec);
        if (ec == std::errc::protocol_not_supported || ec.value() == ENOPROTOOPT) {
            GTEST_SKIP() << "this kernel has no multipath TCP, or it is switched off: " << ec.message();
        }
        ASSERT_FALSE(ec) << ec.message();
        tcp_listener door("127.0.0.1:0");
        s.connect(door.local());
        tcp_stream peer = door.accept();
        EXPECT_FALSE(s.get<option::is_multipath>());
        s.send_all("over one path");
        std::array<char, 13> room{};
        peer.recv_exactly(room);
        EXPECT_EQ(std::string(room.data(), room.size()), "over one path");
    });
}

}  // namespace
}  // namespace cardea::conformance
