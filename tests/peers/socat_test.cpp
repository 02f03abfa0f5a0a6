// socat as client and as server.
#include "peer.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(socat);

const std::string numbers = "seq 1 50000";

TEST_P(socat, as_client_of_our_server) {
    CARDEA_NEEDS_PEER("socat");
    on_network([] {
        tcp_listener door("*:0");
        for (const std::string how : {"TCP4:127.0.0.1:", "TCP6:[::1]:"}) {
            peer client(numbers + " | socat -t 20 - " + how + std::to_string(door.local().port()) + " | cksum");
            EXPECT_EQ(echo_one(door), 288'894U);
            EXPECT_EQ(client.rest(), peer(numbers + " | cksum").rest()) << how;
        }
    });
}

TEST_P(socat, as_server_of_our_client) {
    CARDEA_NEEDS_PEER("socat");
    on_network([] {
        peer server("socat -d -d -t 20 TCP-LISTEN:0,bind=127.0.0.1 EXEC:cat 2>&1");
        std::string said;
        while (said.find("listening on") == std::string::npos) {
            said = server.line();
            ASSERT_FALSE(said.empty()) << "socat does not say where it listens";
        }
        tcp_stream to_server = tcp_stream::connect("127.0.0.1:" + port_in(said));
        expect_echo(to_server, 700'000);
        to_server.close();
        EXPECT_TRUE(server.ends_well());
    });
}

TEST_P(socat, as_udp_client_of_our_server) {
    CARDEA_NEEDS_PEER("socat");
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        peer client("echo hello | socat -T 20 -t 20 - UDP4:127.0.0.1:" + std::to_string(server.local().port()) +
                    " | head -n 1");
        std::array<char, 64> room{};
        const received got = server.recv_from(room);
        EXPECT_EQ(std::string(room.data(), got.size), "hello\n");
        server.send_to("HELLO\n", got.from);
        EXPECT_EQ(client.line(), "HELLO");
        server.send_to("enough\n", got.from);  // it writes this to nobody, and ends
    });
}

TEST_P(socat, over_unix_sockets_both_ways) {
    CARDEA_NEEDS_PEER("socat");
    on_network([] {
        const std::string name = "cardea-socat-" + std::to_string(this_network().random());
        unix_listener door("unix:@" + name);
        peer client(numbers + " | socat -t 20 - ABSTRACT-CONNECT:" + name + " | cksum");
        unix_stream connection = door.accept();
        EXPECT_EQ(copy(connection, connection), 288'894U);
        connection.close();
        EXPECT_EQ(client.rest(), peer(numbers + " | cksum").rest());

        peer server("socat -d -d -t 20 ABSTRACT-LISTEN:" + name + "-theirs EXEC:cat 2>&1");
        while (server.line().find("listening on") == std::string::npos) {
        }
        unix_stream to_server = unix_stream::connect("unix:@" + name + "-theirs");
        expect_echo(to_server, 300'000);
        to_server.close();
        EXPECT_TRUE(server.ends_well());
    });
}

}  // namespace
}  // namespace cardea::conformance
