// ncat (of nmap) as client and as server.
#include "peer.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(ncat);

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
        // It cannot tell which port it was given: it gets one that was free just now.
        std::string port;
        {
            const tcp_listener free_now("127.0.0.1:0");
            port = std::to_string(free_now.local().port());
        }
        peer server("ncat -v -l 127.0.0.1 " + port + " --exec /bin/cat 2>&1");
        for (std::string said; said.find("Listening") == std::string::npos;) {
            said = server.line();
            ASSERT_FALSE(said.empty()) << "ncat does not say that it listens";
        }
        tcp_stream to_server = tcp_stream::connect("127.0.0.1:" + port);
        // In turns: between a program and a socket it passes one buffer at a time.
        for (int i = 0; i < 100; ++i) {
            const std::string question = "question " + std::to_string(i);
            std::string answer(question.size(), ' ');
            to_server.send_all(question);
            to_server.recv_exactly(answer);
            ASSERT_EQ(answer, question);
        }
        to_server.close();
        EXPECT_TRUE(server.ends_well());
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
