// What makes and sets sockets tells by an std::error_code&, where a program wants that: the same errors, no exception,
// and nothing left open.
#include <cardea/datagram.hpp>
#include <cardea/interfaces.hpp>
#include <cardea/multicast.hpp>
#include <cardea/passing.hpp>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(without_exceptions);

std::error_code anything() { return std::make_error_code(std::errc::io_error); }

TEST_P(without_exceptions, udp_sockets_are_opened_and_connected) {
    on_network([] {
        std::error_code ec = anything();
        udp_socket server = udp_socket::bind("127.0.0.1:0", ec);
        ASSERT_FALSE(ec) << ec.message();
        ec = anything();
        udp_socket client = udp_socket::connect(server.local(ec), ec);
        ASSERT_FALSE(ec) << ec.message();
        EXPECT_EQ(client.peer(ec), server.local());
        client.send("hello", ec);
        std::array<char, 16> room{};
        EXPECT_EQ(server.recv_from(room, ec).from, client.local());
        EXPECT_FALSE(ec) << ec.message();

        EXPECT_FALSE(udp_socket::connect("no port", ec).is_open());
        EXPECT_EQ(ec, errc::bad_address);
        EXPECT_TRUE(udp_socket::open(ec).is_open());
        EXPECT_FALSE(ec) << ec.message();
    });
}

TEST_P(without_exceptions, a_look_up_of_a_datagram_socket_ends_at_the_deadline) {
    on_network([] {
        const deadline passed(0s);
        std::error_code ec;
        EXPECT_FALSE(udp_socket::connect("name.invalid:53", ec).is_open());
        EXPECT_EQ(ec, errc::timed_out);
    });
}

TEST_P(without_exceptions, a_listener_tells_whose_connection_it_is) {
    on_network([] {
        std::error_code ec;
        tcp_listener door("127.0.0.1:0", 1, ec);
        door.set(option::receive_buffer{32 * 1024}, ec);
        ASSERT_FALSE(ec) << ec.message();
        tcp_stream client = tcp_stream::connect_any({door.local(ec)}, ec);
        ASSERT_FALSE(ec) << ec.message();
        endpoint whose;
        ec = anything();
        const tcp_stream server = door.accept(whose, ec);
        ASSERT_FALSE(ec) << ec.message();
        EXPECT_EQ(whose, client.local());
        EXPECT_TRUE(server.get<option::nodelay>(ec));
        EXPECT_EQ(server.info(ec).state, tcp_state::established);

        endpoint nobody;
        const deadline passed(0s);
        EXPECT_FALSE(door.accept(nobody, ec).is_open());
        EXPECT_EQ(ec, errc::timed_out);
        EXPECT_EQ(nobody, endpoint());
    });
}

TEST_P(without_exceptions, connect_any_says_what_the_first_address_failed_of) {
    on_network([] {
        std::error_code ec;
        EXPECT_FALSE(tcp_stream::connect_any({}, ec).is_open());
        EXPECT_EQ(ec, std::errc::address_not_available);
        EXPECT_FALSE(tcp_stream::connect_any({endpoint::local("/somewhere")}, ec).is_open());
        EXPECT_EQ(ec, errc::bad_address);
        endpoint nobody;
        {
            const tcp_listener gone("127.0.0.1:0");
            nobody = gone.local();
        }
        EXPECT_FALSE(tcp_stream::connect_any({nobody}, {.attempt_delay = 10ms}, ec).is_open());
        EXPECT_EQ(ec, std::errc::connection_refused);
    });
}

TEST_P(without_exceptions, options_are_set_and_read) {
    on_network([] {
        std::error_code ec = anything();
        two_streams both = connected_pair();
        both.client.set(option::keepalive{true}, ec);
        EXPECT_FALSE(ec) << ec.message();
        EXPECT_TRUE(both.client.get<option::keepalive>(ec));
        EXPECT_FALSE(ec) << ec.message();
        both.client.close();
        both.client.set(option::keepalive{false}, ec);
        EXPECT_EQ(ec, errc::closed);
        ec.clear();
        EXPECT_EQ(both.client.get<option::hop_limit>(ec), option::hop_limit{}.value) << "as if nobody had set it";
        EXPECT_EQ(ec, errc::closed);
        both.client.detach(ec);
        EXPECT_EQ(ec, errc::closed);
    });
}

TEST_P(without_exceptions, unix_sockets_are_made_or_refused) {
    on_network([&] {
        const std::string name = "unix:@cardea-quiet-" + std::to_string(this_network().random());
        std::error_code ec = anything();
        unix_datagram server = unix_datagram::bind(name, ec);
        if (!GetParam().kernel) {
            EXPECT_TRUE(ec) << "Unix names are a kernel's";
            EXPECT_FALSE(server.is_open());
            EXPECT_FALSE(unix_datagram::open(ec).is_open());
            EXPECT_TRUE(ec);
            EXPECT_FALSE(unix_listener(name, 1, ec).is_open());
            EXPECT_TRUE(ec);
            return;
        }
        ASSERT_FALSE(ec) << ec.message();
        EXPECT_FALSE(unix_datagram::bind(name, ec).is_open());
        EXPECT_EQ(ec, std::errc::address_in_use);
        EXPECT_FALSE(unix_datagram::bind("127.0.0.1:7", ec).is_open());
        EXPECT_EQ(ec, errc::bad_address);
        unix_datagram client = unix_datagram::open(ec);
        client.connect(name, ec);
        client.send("hello", ec);
        ASSERT_FALSE(ec) << ec.message();
        std::array<char, 16> room{};
        EXPECT_EQ(server.recv(room, ec), 5U);
        client.send_to("again", name, ec);
        EXPECT_EQ(server.recv_from(room, ec).size, 5U);
        EXPECT_FALSE(ec) << ec.message();
        client.close();
        client.send("x", ec);
        EXPECT_EQ(ec, errc::closed);

        const std::string door_name = name + "-door";
        const unix_listener door(door_name, 1, ec);
        EXPECT_TRUE(door.is_open()) << ec.message();
        EXPECT_FALSE(unix_listener(door_name, 1, ec).is_open());
        EXPECT_EQ(ec, std::errc::address_in_use);
        EXPECT_FALSE(unix_listener("not a name", 1, ec).is_open());
        EXPECT_EQ(ec, errc::bad_address);
    });
}

TEST_P(without_exceptions, pairs_and_credentials) {
    on_network([&] {
        std::error_code ec = anything();
        for (const type t : {type::stream, type::datagram}) {
            auto [one, other] = socket_pair(family::inet, t, ec);
            ASSERT_FALSE(ec) << ec.message();
            EXPECT_EQ(one.send("hello", ec), 5U);
            std::array<char, 16> room{};
            EXPECT_EQ(other.recv(room, ec), 5U);
            EXPECT_EQ(send_credentials(one, "it is me", ec), 0U);
            EXPECT_EQ(ec, errc::not_supported);
        }
        auto [one, other] = socket_pair(family::local, type::datagram, ec);
        EXPECT_EQ(!ec, GetParam().kernel) << ec.message();
        if (ec) return;
        EXPECT_EQ(send_credentials(one, "it is me", ec), 8U);
        EXPECT_FALSE(ec) << ec.message();
    });
}

TEST_P(without_exceptions, a_pair_that_is_late_is_none) {
    on_network([] {
        const deadline passed(0s);
        std::error_code ec;
        const auto [one, other] = socket_pair(family::inet, type::stream, ec);
        EXPECT_EQ(ec, errc::timed_out);
        EXPECT_FALSE(one.is_open() || other.is_open());
    });
}

TEST_P(without_exceptions, sizes_and_interfaces) {
    on_network([&] {
        std::error_code ec;
        udp_socket open = udp_socket::open();
        EXPECT_EQ(largest_unfragmented(open, ec), 0U);
        EXPECT_TRUE(ec) << "it is not connected";
        EXPECT_EQ(interface_of("no such thing", ec), 0U);
        EXPECT_EQ(ec, std::errc::no_such_device);
        const std::vector<network_interface> all = interfaces(ec);
        EXPECT_FALSE(ec) << ec.message();
        EXPECT_FALSE(all.empty());
        interface_watch watch(ec);
        ASSERT_FALSE(ec) << ec.message();
        const deadline passed(0s);
        static_cast<void>(watch.next(ec));
        EXPECT_EQ(ec, errc::timed_out);
    });
}

}  // namespace
}  // namespace cardea::conformance
