// On every network: the calls of sockets, the bytes that they move and their failures are counted, and a dump tells
// which call a fiber waits in.
#include <cardea/dump.hpp>
#include <cardea/metrics.hpp>
#include <sstream>

#include "every_network.hpp"
#include "scenes.hpp"

using namespace cardea;
using namespace cardea::conformance;

namespace {

std::uint64_t failures(const metrics& m, call_kind kind, std::error_code what) {
    for (const failure_metrics& f : m.failures) {
        if (f.kind == kind && f.error == what) return f.count;
    }
    return 0;
}

std::string dumped() {
    std::ostringstream text;
    dump(text);
    return text.str();
}

}  // namespace

CARDEA_CONFORMANCE(counting);

TEST_P(counting, calls_bytes_and_sockets) {
    on_network([] {
        const metrics before = read_metrics();
        {
            two_streams both = connected_pair();
            both.client.send_all("seven bytes and more");
            std::array<char, 20> room{};
            both.server.recv_exactly(room);
            const metrics now = read_metrics();
            EXPECT_EQ(now.bytes_sent - before.bytes_sent, 20U);
            EXPECT_EQ(now.bytes_received - before.bytes_received, 20U);
            EXPECT_EQ(now.of(call_kind::accept).calls - before.of(call_kind::accept).calls, 1U);
            EXPECT_EQ(now.of(call_kind::connect).calls - before.of(call_kind::connect).calls, 1U);
            EXPECT_EQ(now.of(call_kind::send).calls - before.of(call_kind::send).calls, 1U);
            EXPECT_EQ(now.sockets_opened - before.sockets_opened, 3U);  // the listener has been closed again
            EXPECT_EQ(now.open_sockets - before.open_sockets, 2U);
        }
        const metrics after = read_metrics();
        EXPECT_EQ(after.open_sockets, before.open_sockets);
    });
}

TEST_P(counting, datagrams) {
    on_network([] {
        const metrics before = read_metrics();
        udp_socket one = udp_socket::bind("127.0.0.1:0");
        one.send_to("twelve bytes", one.local());
        std::array<char, 64> room{};
        one.recv_from(room);
        const metrics now = read_metrics();
        EXPECT_EQ(now.bytes_sent - before.bytes_sent, 12U);
        EXPECT_EQ(now.bytes_received - before.bytes_received, 12U);
        EXPECT_EQ(now.of(call_kind::send_to).calls - before.of(call_kind::send_to).calls, 1U);
        EXPECT_EQ(now.of(call_kind::recv_from).calls - before.of(call_kind::recv_from).calls, 1U);
    });
}

TEST_P(counting, failures_by_call_and_error) {
    on_network([] {
        const std::error_code refused = std::make_error_code(std::errc::connection_refused);
        const metrics before = read_metrics();
        endpoint nobody;
        {
            const tcp_listener closed_at_once("127.0.0.1:0");
            nobody = closed_at_once.local();
        }
        for (int i = 0; i < 3; ++i) {
            std::error_code ec;
            socket s(family::inet, type::stream);
            s.connect(nobody, ec);
            ASSERT_EQ(ec, std::errc::connection_refused);
        }
        std::error_code ec;
        {
            const deadline passed(0ns);
            udp_socket door = udp_socket::open();
            std::array<char, 1> room{};
            door.recv_from(room, ec);
            ASSERT_EQ(ec, errc::timed_out);
        }
        const metrics now = read_metrics();
        const std::error_code as_reported(refused.value(), std::system_category());
        EXPECT_EQ(failures(now, call_kind::connect, as_reported) - failures(before, call_kind::connect, as_reported) +
                      failures(now, call_kind::connect, refused) - failures(before, call_kind::connect, refused),
                  3U);
        EXPECT_EQ(failures(now, call_kind::recv_from, errc::timed_out) -
                      failures(before, call_kind::recv_from, errc::timed_out),
                  1U);
    });
}

CARDEA_CONFORMANCE(dumping);

TEST_P(dumping, tells_the_call_the_socket_and_the_time_left) {
    if (runs_on_threads()) GTEST_SKIP() << "there are no fibers";
    on_network([] {
        two_streams both = connected_pair();
        scope waiting;
        waiting.spawn({.name = "patient"}, [&] {
            std::error_code ec;
            std::array<char, 8> room{};
            const deadline within(std::chrono::hours(1));
            both.server.recv(room, ec);
        });
        yield();
        const std::string text = dumped();
        const std::string where =
            "recv on " + both.server.local().to_string() + ", peer " + both.server.peer().to_string();
        EXPECT_NE(text.find("patient"), std::string::npos) << text;
        EXPECT_NE(text.find(where), std::string::npos) << where << " is not in\n" << text;
        EXPECT_NE(text.find(" s left"), std::string::npos) << text;
        EXPECT_NE(text.find("runs"), std::string::npos) << text;  // the one that dumps
        both.client.send_all("done");
        waiting.join();
        EXPECT_EQ(dumped().find("patient"), std::string::npos);
    });
}

TEST_P(dumping, tells_both_ends_of_a_splice) {
    if (runs_on_threads()) GTEST_SKIP() << "there are no fibers";
    on_network([] {
        two_streams left = connected_pair();
        two_streams right = connected_pair();
        scope waiting;
        waiting.spawn([&] { EXPECT_EQ(splice(left.server, right.client, 100), 5U); });
        yield();
        const std::string text = dumped();
        for (const std::string& where :
             {"splice: recv on " + left.server.local().to_string(), "; send on " + right.client.local().to_string()}) {
            EXPECT_NE(text.find(where), std::string::npos) << where << " is not in\n" << text;
        }
        left.client.send_all("there");
        waiting.join();
    });
}

TEST_P(dumping, tells_of_accept_and_recv_from) {
    if (runs_on_threads()) GTEST_SKIP() << "there are no fibers";
    on_network([] {
        tcp_listener doorway("127.0.0.1:0");
        udp_socket door = udp_socket::bind("127.0.0.1:0");
        scope waiting;
        waiting.spawn({.name = "doorman"}, [&] { doorway.accept(); });
        waiting.spawn([&] {
            std::array<char, 8> room{};
            door.recv_from(room);
        });
        yield();
        const std::string text = dumped();
        EXPECT_NE(text.find("accept on " + doorway.local().to_string()), std::string::npos) << text;
        EXPECT_NE(text.find("recv_from on " + door.local().to_string()), std::string::npos) << text;
    });
}
