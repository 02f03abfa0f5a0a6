// curl against the smallest HTTP/1.1 responder that it accepts.
#include "peer.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(curl);

// Reads one request with its body of a known length; returns the body's size, or nullopt at the end.
std::optional<std::size_t> read_request(tcp_stream& client, std::string& head) {
    head.clear();
    std::array<char, 1> one{};
    while (head.size() < 4 || head.compare(head.size() - 4, 4, "\r\n\r\n") != 0) {
        if (client.recv(one) == 0) return std::nullopt;
        head += one[0];
    }
    const std::string field = "\r\nContent-Length: ";
    const std::size_t at = head.find(field);
    if (at == std::string::npos) return 0;
    std::string body(std::stoul(head.substr(at + field.size())), ' ');
    client.recv_exactly(body);
    return body.size();
}

TEST_P(curl, fetches_two_pages_over_one_connection) {
    CARDEA_NEEDS_PEER("curl");
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        const std::string url = "http://" + door.local().to_string();
        peer client("curl -sS " + url + "/one " + url + "/two 2>&1");
        tcp_stream connection = door.accept();
        std::string head;
        int requests = 0;
        while (read_request(connection, head)) {
            ++requests;
            const std::string page = "you asked for " + head.substr(4, 4) + "\n";
            connection.send_all("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(page.size()) + "\r\n\r\n" +
                                page);
        }
        EXPECT_EQ(requests, 2);
        EXPECT_EQ(client.rest(), "you asked for /one\nyou asked for /two\n");
    });
}

TEST_P(curl, uploads_a_megabyte) {
    CARDEA_NEEDS_PEER("curl");
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        peer client("head -c 1000000 /dev/zero | curl -sS -H 'Expect:' --data-binary @- http://" +
                    door.local().to_string() + "/ 2>&1");
        tcp_stream connection = door.accept();
        std::string head;
        const std::optional<std::size_t> size = read_request(connection, head);
        EXPECT_EQ(size, 1'000'000U);
        connection.send_all("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthanks");
        EXPECT_EQ(connection.close_gracefully(ages), farewell::finished);
        EXPECT_EQ(client.rest(), "thanks");
    });
}

TEST_P(curl, learns_that_the_connection_was_reset) {
    CARDEA_NEEDS_PEER("curl");
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        peer client("curl -sS http://" + door.local().to_string() + "/ 2>&1");
        tcp_stream connection = door.accept();
        std::string head;
        read_request(connection, head);
        connection.reset();
        const std::string said = client.rest();
        EXPECT_NE(said.find("reset"), std::string::npos) << said;
    });
}

}  // namespace
}  // namespace cardea::conformance
