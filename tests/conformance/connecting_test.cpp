// Connections come to be: connect meets accept, ports are given, both ends know each other's names, errors say why not.
#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(connecting);

TEST_P(connecting, accept_waits_until_a_connection_comes) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        scope both;
        both.spawn([&] {
            tcp_stream from_client = door.accept();
            EXPECT_EQ(from_client.local(), door.local());
            from_client.send_all("hello");
        });
        tcp_stream to_server = tcp_stream::connect(door.local());
        std::string text(5, ' ');
        to_server.recv_exactly(text);
        EXPECT_EQ(text, "hello");
        both.join();
    });
}

TEST_P(connecting, accept_makes_a_new_socket_and_the_first_goes_on_listening) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        std::vector<tcp_stream> kept;
        for (int i = 0; i < 40; ++i) {  // more than it takes to make a network change its way of accepting
            kept.push_back(tcp_stream::connect(door.local()));
            endpoint client;
            kept.push_back(door.accept(client));
            EXPECT_EQ(client, kept[kept.size() - 2].local());
        }
    });
}

TEST_P(connecting, many_connections_queue_until_they_are_accepted) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        std::vector<tcp_stream> clients;
        for (int i = 0; i < 100; ++i) clients.push_back(tcp_stream::connect(door.local()));
        for (const tcp_stream& client : clients) EXPECT_EQ(door.accept().peer(), client.local());
    });
}

TEST_P(connecting, each_listener_gets_an_ephemeral_port_of_its_own) {
    on_network([] {
        tcp_listener one("127.0.0.1:0");
        tcp_listener two("127.0.0.1:0");
        EXPECT_NE(one.local().port(), 0);
        EXPECT_NE(two.local().port(), 0);
        EXPECT_NE(one.local(), two.local());
    });
}

TEST_P(connecting, both_ends_name_each_other) {
    on_network([] {
        const two_streams both = connected_pair();
        EXPECT_EQ(both.client.local(), both.server.peer());
        EXPECT_EQ(both.client.peer(), both.server.local());
        EXPECT_NE(both.client.local().port(), 0);
        EXPECT_EQ(both.client.local().host(), "127.0.0.1");
    });
}

TEST_P(connecting, a_dual_stack_listener_takes_ipv4_and_ipv6_and_reports_plain_addresses) {
    on_network([] {
        tcp_listener door("*:0");
        const std::string port = std::to_string(door.local().port());
        for (const std::string host : {"127.0.0.1", "[::1]"}) {
            const tcp_stream client = tcp_stream::connect(host + ":" + port);
            endpoint from;
            const tcp_stream server = door.accept(from);
            EXPECT_EQ(from, client.local());
            EXPECT_EQ(from, from.unmapped());
            EXPECT_EQ(from.family(), host == "[::1]" ? family::inet6 : family::inet);
            EXPECT_EQ(server.peer(), client.local());
            EXPECT_EQ(server.local(), client.peer());
        }
    });
}

TEST_P(connecting, the_textbooks_calls_one_by_one) {
    on_network([] {
        socket s{family::inet6, type::stream};
        s.bind("*:0");
        s.listen(5);
        socket c{family::inet, type::stream};
        c.connect("127.0.0.1:" + std::to_string(s.local().port()));
        auto [connection, client] = s.accept();
        EXPECT_EQ(client, c.local());
        EXPECT_EQ(c.send("question"), 8U);
        std::array<char, 64> room{};
        EXPECT_EQ(connection.recv(room), 8U);
        c.close();
        EXPECT_EQ(connection.recv(room), 0U);
        EXPECT_FALSE(c.is_open());
    });
}

TEST_P(connecting, bind_gives_a_client_the_port_it_asks_for) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        socket c{family::inet, type::stream};
        c.bind("127.0.0.2:0");
        const endpoint bound = c.local();
        c.connect(door.local());
        endpoint from;
        const tcp_stream server = door.accept(from);
        EXPECT_EQ(from.host(), "127.0.0.2");
        EXPECT_EQ(from.port(), bound.port());
    });
}

TEST_P(connecting, a_refused_connection_says_so_with_the_address) {
    on_network([] {
        const nobody gone(type::stream);
        try {
            tcp_stream::connect(gone.where());
            ADD_FAILURE() << "connected to nobody";
        } catch (const error& e) {
            EXPECT_EQ(std::string(e.what()), "connect to " + gone.where().to_string() + ": Connection refused");
            EXPECT_EQ(e.code(), std::errc::connection_refused);
            EXPECT_STREQ(e.operation(), "connect");
        }
        std::error_code ec;
        const tcp_stream none = tcp_stream::connect(gone.where(), ec);
        EXPECT_EQ(ec, std::errc::connection_refused);
        EXPECT_FALSE(none.is_open());
    });
}

TEST_P(connecting, a_socket_may_try_another_server_after_a_refusal) {
    on_network([] {
        const nobody gone(type::stream);
        tcp_listener door("127.0.0.1:0");
        socket s{family::inet, type::stream};
        std::error_code ec;
        s.connect(gone.where(), ec);
        EXPECT_EQ(ec, std::errc::connection_refused);
        s.connect(door.local(), ec);
        EXPECT_FALSE(ec) << ec.message();
        EXPECT_EQ(door.accept().peer(), s.local());
    });
}

TEST_P(connecting, an_address_in_use_says_so) {
    on_network([] {
        const tcp_listener first("127.0.0.1:0");
        const std::string taken = first.local().to_string();
        try {
            const tcp_listener second(taken);
            ADD_FAILURE() << "two listeners on one address";
        } catch (const error& e) {
            EXPECT_EQ(std::string(e.what()), "listen on " + taken + ": Address already in use");
        }
        socket s{family::inet, type::stream};
        try {
            s.bind(taken);
            ADD_FAILURE() << "bound twice";
        } catch (const error& e) {
            EXPECT_EQ(std::string(e.what()), "bind " + taken + ": Address already in use");
        }
        std::error_code ec;
        const tcp_listener third(taken, default_backlog, ec);
        EXPECT_EQ(ec, std::errc::address_in_use);
    });
}

TEST_P(connecting, an_address_that_is_not_ours_says_so) {
    on_network([] {
        std::error_code ec;
        const tcp_listener elsewhere("192.0.2.1:0", default_backlog, ec);  // TEST-NET-1, RFC 5737
        EXPECT_EQ(ec, std::errc::address_not_available);
    });
}

TEST_P(connecting, bad_addresses_are_refused_with_the_reason) {
    on_network([] {
        for (const char* text :
             {"", "127.0.0.1", "127.0.0.1:70000", "[::1", "300.0.0.1:7", "127.0.0.1:no-such-service"}) {
            std::error_code ec;
            const tcp_listener none(text, default_backlog, ec);
            EXPECT_EQ(ec, errc::bad_address) << text;
            socket s{family::inet, type::stream};
            s.bind(text, ec);
            EXPECT_EQ(ec, errc::bad_address) << text;
            s.connect(text, ec);
            EXPECT_EQ(ec, errc::bad_address) << text;
            EXPECT_THROW(tcp_listener{text}, error) << text;
            EXPECT_THROW(s.connect(text), error) << text;
        }
    });
}

// What `call` says when it fails.
template <class Call>
std::string text_of(Call call) {
    try {
        call();
    } catch (const error& e) {
        return e.what();
    }
    return "nothing failed";
}

TEST_P(connecting, an_address_of_another_kind_is_refused_with_the_reason) {
    on_network([] {
        const std::string refused = " unix:@x (a Unix name, and here an IP address is needed): not an address";
        EXPECT_EQ(text_of([] { tcp_stream::connect("unix:@x"); }), "connect" + refused);
        EXPECT_EQ(text_of([] { tcp_stream::connect_any({endpoint::local("@x")}); }), "connect" + refused);
        EXPECT_EQ(text_of([] { udp_socket::connect("unix:@x"); }), "connect" + refused);
        EXPECT_EQ(text_of([] { tcp_listener("unix:@x"); }), "listen" + refused);
        EXPECT_EQ(text_of([] { tcp_stream::connect(endpoint()); }),
                  "connect (none) (no address was given): not an address");
        EXPECT_EQ(text_of([] { tcp_stream::connect_any({}); }),
                  "connect to nothing (no address was given): Cannot assign requested address");
    });
}

TEST_P(connecting, a_host_name_is_no_address_for_bind) {
    on_network([] {
        socket s{family::inet, type::stream};
        std::error_code ec;
        s.bind("localhost:0", ec);
        EXPECT_EQ(ec, errc::bad_address);
    });
}

TEST_P(connecting, a_server_is_found_by_name) {
    on_network([] {
        tcp_listener door("*:0");
        const tcp_stream client = tcp_stream::connect("localhost:" + std::to_string(door.local().port()));
        EXPECT_EQ(door.accept().peer(), client.local());
    });
}

TEST_P(connecting, no_socket_answers_closed_to_every_call) {
    on_network([] {
        socket none;
        std::error_code ec;
        std::array<char, 8> room{};
        none.bind("127.0.0.1:0", ec);
        EXPECT_EQ(ec, errc::closed);
        none.listen(1, ec);
        EXPECT_EQ(ec, errc::closed);
        none.accept(ec);
        EXPECT_EQ(ec, errc::closed);
        none.connect("127.0.0.1:1", ec);
        EXPECT_EQ(ec, errc::closed);
        none.send("x", ec);
        EXPECT_EQ(ec, errc::closed);
        none.recv(room, ec);
        EXPECT_EQ(ec, errc::closed);
        EXPECT_THROW(none.recv(room), error);
        none.close();
        none.reset();
    });
}

TEST_P(connecting, calls_that_make_no_sense_fail_and_do_not_hang) {
    on_network([] {
        socket fresh{family::inet, type::stream};
        std::error_code ec;
        std::array<char, 8> room{};
        fresh.recv(room, ec);
        EXPECT_EQ(ec, std::errc::not_connected);
        fresh.send("x", ec);
        EXPECT_TRUE(ec);
        fresh.accept(ec);
        EXPECT_EQ(ec, std::errc::invalid_argument);
        socket datagram{family::inet, type::datagram};
        datagram.listen(1, ec);
        EXPECT_EQ(ec, std::errc::operation_not_supported);
    });
}

}  // namespace
}  // namespace cardea::conformance
