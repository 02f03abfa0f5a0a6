// Datagrams over UDP: one send, one receive; cut ones say so, too big ones are refused, ICMP errors find the right one.
#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(datagrams);

std::string text_of(const std::array<char, 64>& room, std::size_t n) { return {room.data(), n}; }

TEST_P(datagrams, a_question_and_its_answer) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        EXPECT_NE(server.local().port(), 0);
        udp_socket client = udp_socket::open();
        std::array<char, 64> room{};
        scope both;
        both.spawn([&] {
            std::array<char, 64> theirs{};
            const auto [n, from] = server.recv_from(theirs);
            EXPECT_EQ(text_of(theirs, n), "question");
            EXPECT_EQ(from.host(), "127.0.0.1");
            EXPECT_EQ(from.port(), client.local().port());
            EXPECT_EQ(server.send_to("answer", from), 6U);
        });
        EXPECT_EQ(client.send_to("question", server.local()), 8U);
        EXPECT_NE(client.local().port(), 0) << "the first send gives an ephemeral port";
        const auto [n, from] = client.recv_from(room);
        EXPECT_EQ(text_of(room, n), "answer");
        EXPECT_EQ(from, server.local()) << "an IPv4 peer of a dual-stack socket, unmapped";
        both.join();
    });
}

TEST_P(datagrams, one_dual_stack_socket_serves_ipv4_and_ipv6) {
    on_network([] {
        udp_socket server = udp_socket::bind("*:0");
        const std::string port = std::to_string(server.local().port());
        for (const std::string host : {"127.0.0.1", "[::1]"}) {
            udp_socket client = udp_socket::connect(host + ":" + port);
            client.send("hello");
            std::array<char, 64> room{};
            const received got = server.recv_from(room);
            EXPECT_EQ(got.from, client.local());
            server.send_to("welcome", got.from);
            EXPECT_EQ(client.recv(room), 7U);
        }
    });
}

TEST_P(datagrams, boundaries_are_kept) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        client.send("one");
        client.send("");
        client.send("three");
        std::array<char, 64> room{};
        EXPECT_EQ(server.recv_from(room).size, 3U);
        const received empty = server.recv_from(room);
        EXPECT_EQ(empty.size, 0U);
        EXPECT_EQ(empty.from, client.local()) << "a datagram of no bytes is a datagram";
        EXPECT_EQ(server.recv_from(room).size, 5U);
    });
}

TEST_P(datagrams, a_datagram_of_no_bytes_wakes_a_waiting_receiver) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        scope child;
        spawn_waiting(child, [&] {
            std::array<char, 64> room{};
            EXPECT_EQ(server.recv_from(room).from, client.local());
        });
        client.send("");
        child.join();
    });
}

TEST_P(datagrams, datagram_truncated_is_always_visible) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        const auto send = [&] { client.send("0123456789"); };
        std::array<char, 4> small{};
        for (const bool waits : {false, true}) {
            received got;
            if (waits) {
                scope child;
                spawn_waiting(child, [&] { got = server.recv_from(small); });
                send();
                child.join();
            } else {
                send();
                got = server.recv_from(small);
            }
            EXPECT_TRUE(got.truncated);
            EXPECT_EQ(got.size, 4U);
            EXPECT_EQ(std::string(small.data(), small.size()), "0123");
        }
        send();
        std::array<char, 10> exact{};
        const received whole = server.recv_from(exact);
        EXPECT_FALSE(whole.truncated);
        EXPECT_EQ(whole.size, 10U);
        send();
        std::error_code ec;
        EXPECT_EQ(server.recv(small, ec), 4U);
        EXPECT_EQ(ec, std::errc::message_size) << "recv has no flag: it fails";
        send();
        EXPECT_THROW(server.recv(small), error);
        send();
        EXPECT_TRUE(server.recv_from(mutable_buffer()).truncated);
    });
}

TEST_P(datagrams, datagram_too_big_is_refused_as_message_size) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        const std::vector<char> too_big(70'000);
        std::error_code ec;
        client.send(too_big, ec);
        EXPECT_EQ(ec, std::errc::message_size);
        client.send_to(too_big, server.local(), ec);
        EXPECT_EQ(ec, std::errc::message_size);
        try {
            client.send_to(too_big, server.local());
            ADD_FAILURE() << "70,000 bytes in one datagram";
        } catch (const error& e) {
            EXPECT_EQ(std::string(e.what()), "send to " + server.local().to_string() + ": Message too long");
        }
        client.send("the socket works on");
        std::array<char, 64> room{};
        EXPECT_EQ(server.recv_from(room).size, 19U);
    });
}

TEST_P(datagrams, the_largest_datagram_fits) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        const std::vector<std::byte> largest = pattern_bytes(0, 65'507);  // 65535 - 20 - 8 (RFC 791, RFC 768)
        std::vector<std::byte> room(65'535);
        EXPECT_EQ(client.send(largest), largest.size());
        const received got = server.recv_from(room);
        EXPECT_EQ(got.size, largest.size());
        EXPECT_EQ(matching_bytes({room.data(), got.size}, 0), largest.size());
    });
}

TEST_P(datagrams, icmp_unreachable_is_an_error_of_a_connected_socket) {
    on_network([] {
        const nobody gone(type::datagram);
        udp_socket client = udp_socket::connect(gone.where());
        client.send("anybody there?");
        std::array<char, 64> room{};
        try {
            client.recv(room);
            ADD_FAILURE() << "nobody answered";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), std::errc::connection_refused);
            EXPECT_EQ(e.peer(), gone.where());
        }
        // Reported once; the socket works on.
        std::error_code ec;
        const deadline soon(10ms);
        client.recv(room, ec);
        EXPECT_EQ(ec, errc::timed_out);
    });
}

TEST_P(datagrams, icmp_unreachable_wakes_a_receiver_that_waits) {
    on_network([] {
        const nobody gone(type::datagram);
        udp_socket client = udp_socket::connect(gone.where());
        scope child;
        spawn_waiting(child, [&] {
            std::array<char, 64> room{};
            std::error_code ec;
            client.recv(room, ec);
            EXPECT_EQ(ec, std::errc::connection_refused);
        });
        client.send("anybody there?");
        child.join();
    });
}

TEST_P(datagrams, icmp_unreachable_never_disturbs_an_unconnected_server) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        std::array<char, 64> room{};
        for (int i = 0; i < 10; ++i) {
            endpoint gone;
            {
                udp_socket client = udp_socket::connect(server.local());
                client.send("question");
                gone = server.recv_from(room).from;
            }
            server.send_to("answer to nobody", gone);
            udp_socket next = udp_socket::connect(server.local());
            next.send("next");
            EXPECT_EQ(server.recv_from(room).size, 4U);
            server.send_to("answer", next.local());
            EXPECT_EQ(next.recv(room), 6U);
        }
    });
}

TEST_P(datagrams, a_connected_socket_hears_its_peer_only) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket stranger = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        EXPECT_EQ(client.peer(), server.local());
        stranger.send_to("psst", client.local());
        server.send_to("hello", client.local());
        std::array<char, 64> room{};
        EXPECT_EQ(client.recv(room), 5U);
    });
}

TEST_P(datagrams, several_receivers_take_one_each) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        std::atomic<int> sum{0};
        scope all;
        for (int i = 0; i < 5; ++i) {
            spawn_waiting(all, [&] {
                char number = 0;
                server.recv_from({&number, 1});
                sum += number;
            });
        }
        udp_socket client = udp_socket::connect(server.local());
        for (char i = 1; i <= 5; ++i) client.send({&i, 1});
        all.join();
        EXPECT_EQ(sum, 15);
    });
}

TEST_P(datagrams, options_are_what_was_set) {
    on_network([] {
        udp_socket s = udp_socket::open();
        s.set(option::broadcast{true});
        EXPECT_TRUE(s.get<option::broadcast>());
        s.set(option::reuse_port{true});
        EXPECT_TRUE(s.get<option::reuse_port>());
        s.set(option::receive_buffer{100'000});
        EXPECT_GE(s.get<option::receive_buffer>(), 100'000);
        tcp_listener door("127.0.0.1:0");
        EXPECT_TRUE(tcp_stream::connect(door.local()).get<option::nodelay>()) << "small messages leave at once";
        tcp_stream accepted = door.accept();
        EXPECT_TRUE(accepted.get<option::nodelay>());
        accepted.set(option::user_timeout{1234ms});
        EXPECT_EQ(accepted.get<option::user_timeout>(), 1234ms);
        accepted.set(option::keepalive{true});
        EXPECT_TRUE(accepted.get<option::keepalive>());
    });
}

TEST_P(datagrams, bad_addresses_and_strange_families_are_refused) {
    on_network([] {
        udp_socket s = udp_socket::bind("127.0.0.1:0");
        std::error_code ec;
        s.send_to("x", "no address", ec);
        EXPECT_EQ(ec, errc::bad_address);
        EXPECT_THROW(s.send_to("x", "127.0.0.1"), error);
        s.send_to("x", "[::1]:9", ec);
        EXPECT_EQ(ec, std::errc::address_family_not_supported);
        EXPECT_THROW(udp_socket::bind("unix:/tmp/x"), error);
        EXPECT_FALSE(udp_socket::connect("unix:/tmp/x", ec).is_open());
        EXPECT_EQ(ec, errc::bad_address);
    });
}

}  // namespace
}  // namespace cardea::conformance
