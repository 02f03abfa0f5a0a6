// What goes along with a datagram: where it was sent to, hop limit, ECN, arrival, true length; and the same of one's
// own.
#include <cardea/datagram.hpp>

#include "every_network.hpp"
#include "own_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(datagram_facts);
CARDEA_CONFORMANCE_OF_KERNELS(datagram_facts_on_kernels);

TEST_P(datagram_facts, the_facts_asked_for_are_told_and_no_others) {
    on_network([] {
        for (const std::string host : {"127.0.0.1", "[::1]"}) {
            udp_socket server = udp_socket::bind("*:0");
            udp_socket client = udp_socket::connect(host + ":" + std::to_string(server.local().port()));
            std::array<char, 64> room{};
            client.send("unasked");
            const datagram_info bare = recv_datagram(server, room);
            EXPECT_EQ(bare.size, 7U);
            EXPECT_EQ(bare.full_size, 7U);
            EXPECT_EQ(bare.from, client.local());
            EXPECT_EQ(bare.to, endpoint());
            EXPECT_FALSE(bare.hop_limit.has_value());
            EXPECT_FALSE(bare.traffic_class.has_value());
            EXPECT_EQ(bare.arrived.count(), 0);

            server.set(option::metadata{metadata::all});
            send_datagram(client, "marked", {.hop_limit = 7, .traffic_class = 0x28 | static_cast<int>(ecn::capable_0)});
            const datagram_info told = recv_datagram(server, room);
            EXPECT_EQ(told.from, client.local());
            EXPECT_EQ(told.to, endpoint::parse(host + ":0")) << "an IPv4 address is told as one on a dual-stack socket";
            EXPECT_EQ(told.hop_limit, 7 - (host == "[::1]" ? 0 : GetParam().routers));
            EXPECT_EQ(told.traffic_class, 0x2a);
            EXPECT_EQ(told.ecn(), ecn::capable_0);
            const auto age = std::chrono::nanoseconds(this_network().wall_clock_ns()) - told.arrived;
            EXPECT_GE(age, 0ns);
            EXPECT_LT(age, std::chrono::minutes(1));

            client.send("the choice was for one datagram");
            EXPECT_NE(recv_datagram(server, room).hop_limit, 7);
        }
    });
}

TEST_P(datagram_facts, an_ipv4_socket_tells_them_as_well) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        server.set(option::metadata{metadata::destination | metadata::hop_limit});
        udp_socket client = udp_socket::connect(server.local());
        send_datagram(client, "x", {.hop_limit = 3});
        std::array<char, 8> room{};
        const datagram_info told = recv_datagram(server, room);
        EXPECT_EQ(told.to, endpoint::parse("127.0.0.1:0"));
        EXPECT_EQ(told.hop_limit, 3 - GetParam().routers);
        EXPECT_FALSE(told.traffic_class.has_value());
    });
}

TEST_P(datagram_facts, the_interface_is_told) {
    on_network([] {
        udp_socket server = udp_socket::bind("[::1]:0");
        server.set(option::metadata{metadata::destination});
        udp_socket client = udp_socket::connect(server.local());
        const std::uint32_t loopback = this_network().interface_index("lo");
        send_datagram(client, "x", {.interface = loopback});
        std::array<char, 8> room{};
        EXPECT_EQ(recv_datagram(server, room).interface, loopback);
    });
}

TEST_P(datagram_facts_on_kernels, an_answer_leaves_from_the_address_that_was_asked) {
    on_network([] {
        udp_socket server = udp_socket::bind("*:0");
        server.set(option::metadata{metadata::destination});
        const std::string port = std::to_string(server.local().port());
        udp_socket client = udp_socket::bind("127.0.0.1:0");
        client.send_to("question", "127.0.0.77:" + port);
        std::array<char, 64> room{};
        const datagram_info asked = recv_datagram(server, room);
        EXPECT_EQ(asked.to.host(), "127.0.0.77");
        send_datagram(server, "answer", {.to = asked.from, .source = asked.to, .interface = asked.interface});
        EXPECT_EQ(client.recv_from(room).from.to_string(), "127.0.0.77:" + port);
        send_datagram(server, "answer", {.to = asked.from});
        EXPECT_EQ(client.recv_from(room).from.to_string(), "127.0.0.1:" + port) << "without it, as the route says";
    });
}

TEST_P(datagram_facts, a_source_that_is_not_this_hosts_is_refused) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::bind("127.0.0.1:0");
        std::error_code ec;
        send_datagram(client, "x", {.to = server.local(), .source = endpoint::parse("192.0.2.1:0")}, ec);
        EXPECT_TRUE(ec == std::errc::invalid_argument || ec == std::errc::network_unreachable) << ec.message();
        send_datagram(client, "x", {.to = server.local(), .hop_limit = 300}, ec);
        EXPECT_EQ(ec, std::errc::invalid_argument);
    });
}

TEST_P(datagram_facts, a_truncated_datagram_tells_its_true_length) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        client.send("0123456789");
        std::array<char, 4> small{};
        const datagram_info cut = recv_datagram(server, small);
        EXPECT_TRUE(cut.truncated());
        EXPECT_EQ(cut.size, 4U);
        EXPECT_EQ(cut.full_size, 10U);
    });
}

TEST_P(datagram_facts, a_deadline_and_a_cancellation_end_the_wait) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        std::array<char, 4> room{};
        std::error_code ec;
        {
            const deadline soon(10ms);
            recv_datagram(server, room, ec);
            EXPECT_EQ(ec, errc::timed_out);
        }
        scope child;
        bool ended = false;
        spawn_waiting(child, [&] {
            std::error_code why;
            recv_datagram(server, room, why);
            ended = why == errc::cancelled;
        });
        child.cancel();
        try {
            child.join();
        } catch (const cancelled&) {
        }
        EXPECT_TRUE(ended);
        // Nothing of them is left: the next datagram is the next receiver's.
        udp_socket client = udp_socket::connect(server.local());
        client.send("next");
        EXPECT_EQ(recv_datagram(server, room).size, 4U);
    });
}

TEST_P(datagram_facts, close_wakes_who_waits_for_a_datagram) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        scope child;
        std::error_code why;
        spawn_waiting(child, [&] {
            std::array<char, 4> room{};
            recv_datagram(server, room, why);
        });
        server.close();
        child.join();
        EXPECT_EQ(why, errc::closed);
    });
}

TEST_P(datagram_facts, the_largest_datagram_is_what_the_socket_takes) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        const std::size_t most = largest_datagram(client);
        EXPECT_EQ(most, 65'507U);
        EXPECT_EQ(client.send(std::vector<char>(most)), most);
        std::error_code ec;
        client.send(std::vector<char>(most + 1), ec);
        EXPECT_EQ(ec, std::errc::message_size);
        udp_socket server6 = udp_socket::bind("[::1]:0");
        udp_socket client6 = udp_socket::connect(server6.local());
        EXPECT_EQ(largest_datagram(client6), 65'527U);
        EXPECT_EQ(largest_datagram(udp_socket::open().handle()), 65'507U) << "who knows whom it will be sent to";
    });
}

TEST_P(datagram_facts, the_path_mtu_is_told_and_kept_to) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::open();
        EXPECT_THROW(largest_unfragmented(client), error) << "no peer, no path";
        client = udp_socket::connect(server.local());
        const auto mtu = static_cast<std::size_t>(client.get<option::path_mtu>());
        EXPECT_GE(mtu, GetParam().mtu) << "the loopback's, or the link's";
        EXPECT_EQ(largest_unfragmented(client), std::min<std::size_t>(mtu - 28, 65'507));
        client.set(option::mtu_discovery{mtu_discovery::must});
        EXPECT_EQ(client.get<option::mtu_discovery>(), mtu_discovery::must);
    });
}

TEST_P(datagram_facts_on_kernels, a_narrow_path_shows_in_the_mtu_and_refuses_what_is_too_big) {
    on_network(in_own_network({"ip link set lo mtu 1500"}, [] {
        for (const char* host : {"127.0.0.1:0", "[::1]:0"}) {
            udp_socket server = udp_socket::bind(host);
            udp_socket client = udp_socket::connect(server.local());
            client.set(option::mtu_discovery{mtu_discovery::must});
            EXPECT_EQ(client.get<option::path_mtu>(), 1500);
            const std::size_t most = largest_unfragmented(client);
            EXPECT_EQ(most, server.local().family() == family::inet ? 1472U : 1452U);
            client.send(std::vector<char>(most));
            std::error_code ec;
            client.send(std::vector<char>(most + 1), ec);
            EXPECT_EQ(ec, std::errc::message_size);
            client.set(option::mtu_discovery{mtu_discovery::want});
            client.send(std::vector<char>(most + 1));  // in fragments
            std::vector<char> room(4000);
            EXPECT_EQ(server.recv_from(room).size, most);
            EXPECT_EQ(server.recv_from(room).size, most + 1);
        }
    }));
}

}  // namespace
}  // namespace cardea::conformance
