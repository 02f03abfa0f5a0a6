// Python's socket module as client and as server, over TCP, UDP and Unix sockets.
#include "peer.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(python);

// A script for python3, with the modules it needs.
std::string script(const std::string& lines) { return "python3 -c 'import socket, sys\n" + lines + "' 2>&1"; }

TEST_P(python, as_client_of_our_server) {
    CARDEA_NEEDS_PEER("python3");
    on_network([] {
        tcp_listener door("*:0");
        const std::string port = std::to_string(door.local().port());
        for (const std::string host : {"127.0.0.1", "::1"}) {
            peer client(script(R"(
s = socket.create_connection((")" +
                               host + R"(", )" + port + R"())
data = bytes(i * 7 % 251 for i in range(100000))
s.sendall(data)
s.shutdown(socket.SHUT_WR)
back = b"".join(iter(lambda: s.recv(65536), b""))
print("same" if back == data else "different", len(back))
)"));
            EXPECT_EQ(echo_one(door), 100'000U);
            EXPECT_EQ(client.rest(), "same 100000\n") << host;
        }
    });
}

TEST_P(python, as_server_of_our_client) {
    CARDEA_NEEDS_PEER("python3");
    on_network([] {
        peer server(script(R"(
door = socket.create_server(("127.0.0.1", 0))
print(door.getsockname()[1], flush=True)
s, client = door.accept()
while data := s.recv(30000):
    s.sendall(data)
s.close()
print(client[1])
)"));
        tcp_stream to_server = tcp_stream::connect("127.0.0.1:" + server.line());
        const std::uint16_t mine = to_server.local().port();
        expect_echo(to_server, 400'000);
        EXPECT_EQ(server.line(), std::to_string(mine));
    });
}

TEST_P(python, that_resets_the_connection) {
    CARDEA_NEEDS_PEER("python3");
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        const peer client(script(R"(
import struct
s = socket.create_connection(("127.0.0.1", )" +
                                 std::to_string(door.local().port()) + R"())
s.sendall(b"hello")
s.recv(1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s.close()
)"));
        tcp_stream connection = door.accept();
        std::array<char, 64> room{};
        EXPECT_EQ(connection.recv(room), 5U);
        connection.send_all("x");
        std::error_code ec;
        connection.recv(room, ec);
        EXPECT_EQ(ec, std::errc::connection_reset);
    });
}

TEST_P(python, over_udp_both_ways) {
    CARDEA_NEEDS_PEER("python3");
    on_network([] {
        udp_socket ours = udp_socket::bind("127.0.0.1:0");
        peer theirs(script(R"(
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
data, sender = s.recvfrom(100)
s.sendto(data.upper(), sender)
s.sendto(b"unasked", ("127.0.0.1", )" +
                           std::to_string(ours.local().port()) + R"())
)"));
        const std::string at = "127.0.0.1:" + theirs.line();
        udp_socket client = udp_socket::connect(at);
        client.send("question");
        std::array<char, 64> room{};
        EXPECT_EQ(client.recv(room), 8U);
        EXPECT_EQ(std::string(room.data(), 8), "QUESTION");
        const received got = ours.recv_from(room);
        EXPECT_EQ(std::string(room.data(), got.size), "unasked");
        EXPECT_EQ(got.from.to_string(), at);
    });
}

TEST_P(python, over_unix_sockets_both_ways) {
    CARDEA_NEEDS_PEER("python3");
    on_network([] {
        const std::string name = "cardea-python-" + std::to_string(this_network().random());
        unix_listener door("unix:@" + name);
        peer theirs(script(R"(
other = socket.socket(socket.AF_UNIX)
other.bind("\0)" + name + R"(-theirs")
other.listen(1)
s = socket.socket(socket.AF_UNIX)
s.connect("\0)" + name + R"(")
s.sendall(b"hello")
print(s.recv(100).decode(), flush=True)
c, _ = other.accept()
c.sendall(c.recv(100)[::-1])
)"));
        unix_stream connection = door.accept();
        std::array<char, 5> room{};
        connection.recv_exactly(room);
        EXPECT_EQ(std::string(room.data(), 5), "hello");
        connection.send_all("welcome");
        EXPECT_EQ(theirs.line(), "welcome");
        unix_stream to_server = unix_stream::connect("unix:@" + name + "-theirs");
        to_server.send_all("drawer");
        std::array<char, 6> back{};
        to_server.recv_exactly(back);
        EXPECT_EQ(std::string(back.data(), 6), "reward");
    });
}

}  // namespace
}  // namespace cardea::conformance
