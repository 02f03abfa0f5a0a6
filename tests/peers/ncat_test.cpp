// ncat (of nmap) as client and as server.
#include "peer.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(ncat);

const std::string numbers = "seq 1 50000";

TEST_P(ncat, as_client_of_our_server) {
    CARDEA_NEEDS_PEER("ncat");
    on_network([] {
        tcp_listener door("*:0");
        for (const std::string host : {"127.0.0.1", "::1"}) {
            peer client(numbers + " | ncat " + host + " " + std::to_string(door.local().port()) + " | cksum");
            EXPECT_EQ(echo_one(door), 288'894U);
            EXPECT_EQ(client.rest(), peer(numbers + " | cksum").rest()) << host;
        }
    });
}

TEST_P(ncat, as_server_of_our_client) {
    CARDEA_NEEDS_PEER("ncat");
    on_network([] {
        peer server("ncat -v -l 127.0.0.1 0 --exec /bin/cat 2>&1");
        std::string said;
        while (said.find("127.0.0.1:") == std::string::npos) {
            said = server.line();
            ASSERT_FALSE(said.empty()) << "ncat does not say where it listens";
        }
        tcp_stream to_server = tcp_stream::connect("127.0.0.1:" + port_in(said));
        expect_echo(to_server, 700'000);
        to_server.close();
        EXPECT_TRUE(server.ends_well());
    });
}

TEST_P(ncat, as_udp_client_of_our_server) {
    CARDEA_NEEDS_PEER("ncat");
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        // It goes on until somebody ends it: head does, having what it wants.
        peer client("echo hello | ncat -u -i 10 127.0.0.1 " + std::to_string(server.local().port()) + " | head -n 1");
        std::array<char, 64> room{};
        const received got = server.recv_from(room);
        EXPECT_EQ(std::string(room.data(), got.size), "hello\n");
        server.send_to("HELLO\n", got.from);
        EXPECT_EQ(client.line(), "HELLO");
        server.close();
    });
}

TEST_P(ncat, as_unix_client_of_our_server) {
    CARDEA_NEEDS_PEER("ncat");
    on_network([] {
        const std::string path = testing::TempDir() + "cardea-ncat-" + std::to_string(this_network().random());
        unix_listener door("unix:" + path);
        peer client(numbers + " | ncat -U " + path + " | cksum");
        unix_stream connection = door.accept();
        EXPECT_EQ(copy(connection, connection), 288'894U);
        connection.close();
        EXPECT_EQ(client.rest(), peer(numbers + " | cksum").rest());
    });
}

}  // namespace
}  // namespace cardea::conformance
