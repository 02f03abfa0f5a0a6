// What serve() holds against its peers, wherever a loop can serve: those who send or read slowly, more than there is
// room for; and against its own handlers that throw.
#include "serving.hpp"

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_WHERE(serving, is_loops);
CARDEA_CONFORMANCE_WHERE(serving_in_virtual_time, is_in_virtual_time);

void echo(tcp_stream peer) {
    std::array<std::byte, 1024> room{};
    while (const std::size_t n = peer.recv(room)) peer.send_all({room.data(), n});
}

bool answers(tcp_stream& peer) {
    std::error_code ec;
    peer.send_all("x", ec);
    char answer = 0;
    return !ec && peer.recv({&answer, 1}, ec) == 1 && answer == 'x';
}

// A client with little room, for whom little is on the way.
tcp_stream connect_narrowly(const endpoint& where) {
    socket narrow(family::inet, type::stream);
    narrow.set(option::receive_buffer{4096});
    narrow.connect(where);
    return tcp_stream(std::move(narrow));
}

// What still comes until the end or the reset.
std::size_t drain(tcp_stream& from) {
    std::vector<std::byte> room(64 * 1024);
    std::size_t total = 0;
    std::error_code ec;
    while (const std::size_t n = from.recv(room, ec)) total += n;
    return total;
}

void expect_one_timed_out(const server_beside& server, const endpoint& client) {
    ASSERT_EQ(server.failures().size(), 1U);
    EXPECT_EQ(server.failures()[0].code, errc::timed_out) << server.failures()[0].text;
    EXPECT_EQ(server.failures()[0].about, client);
}

constexpr std::size_t much = 16'000'000;

TEST_P(serving, a_silent_sender_is_cut_off_by_idle) {
    on_network([] {
        serve_options how;
        how.idle = 50ms;
        server_beside server(echo, how);
        tcp_stream silent = tcp_stream::connect(server.at());
        EXPECT_TRUE(answers(silent));
        const endpoint me = silent.local();
        std::array<char, 8> room{};
        EXPECT_EQ(silent.recv(room), 0U);
        EXPECT_EQ(server.stop().handler_failures, 1U);
        expect_one_timed_out(server, me);
    });
}

TEST_P(serving, a_trickling_sender_is_let_pass_by_idle_and_cut_off_by_total) {
    on_network([] {
        serve_options how;
        how.idle = ages;
        how.total = 200ms;
        std::size_t came = 0;
        server_beside server(
            [&](tcp_stream peer) {
                std::vector<std::byte> room(much);
                std::error_code ec;
                came = peer.recv_exactly(room, ec);
                if (ec) throw error(ec, "recv");
            },
            how);
        const stopwatch time;
        tcp_stream slow = tcp_stream::connect(server.at());
        const endpoint me = slow.local();
        std::error_code ec;
        std::size_t sent = 0;
        for (; !server.has_failed(); cardea::sleep(5ms)) sent += slow.send("x", ec);
        EXPECT_GE(time.elapsed(), how.total);
        EXPECT_GE(came, 1U);
        EXPECT_LE(came, sent);
        std::array<char, 8> room{};
        EXPECT_EQ(slow.recv(room, ec), 0U) << "the connection is open still";
        EXPECT_EQ(server.stop().handler_failures, 1U);
        expect_one_timed_out(server, me);
    });
}

// In virtual time it is known to the moment who falls silent for how long.
TEST_P(serving_in_virtual_time, idle_and_total_cut_off_to_the_moment) {
    on_network([] {
        serve_options how;
        how.idle = 100ms;
        how.total = 1s;
        std::vector<std::chrono::nanoseconds> lasted;
        server_beside server(
            [&](tcp_stream peer) {
                const stopwatch time;
                struct at_the_end {
                    const stopwatch& time;
                    std::vector<std::chrono::nanoseconds>& lasted;
                    ~at_the_end() { lasted.push_back(time.elapsed()); }
                } note{time, lasted};
                std::array<char, 8> room{};
                while (peer.recv(room) > 0) {
                }
            },
            how);
        const tcp_stream silent = tcp_stream::connect(server.at());
        tcp_stream trickling = tcp_stream::connect(server.at());
        std::error_code ec;
        while (server.failures().size() < 2) {
            trickling.send("x", ec);
            cardea::sleep(60ms);
        }
        ASSERT_EQ(lasted.size(), 2U);
        EXPECT_EQ(lasted[0], how.idle);
        EXPECT_EQ(lasted[1], how.total);
    });
}

TEST_P(serving, a_reader_that_has_stopped_is_cut_off_by_idle_and_little_is_kept_for_it) {
    on_network([] {
        serve_options how;
        how.idle = 100ms;
        std::size_t taken = 0;
        server_beside server(
            [&](tcp_stream peer) {
                const std::vector<std::byte> piece(64 * 1024);
                for (;;) {
                    peer.send_all(piece);
                    taken += piece.size();
                }
            },
            how);
        tcp_stream stopped = connect_narrowly(server.at());
        const endpoint me = stopped.local();
        while (!server.has_failed()) cardea::sleep(1ms);
        EXPECT_LT(taken, much) << "what is kept for a slow reader has no bound";
        EXPECT_LT(drain(stopped), much);
        EXPECT_EQ(server.stop().handler_failures, 1U);
        expect_one_timed_out(server, me);
    });
}

TEST_P(serving, a_trickling_reader_is_cut_off_by_total) {
    on_network([] {
        serve_options how;
        how.idle = ages;
        how.total = 200ms;
        server_beside server([](tcp_stream peer) { peer.send_all(std::vector<std::byte>(much)); }, how);
        const stopwatch time;
        tcp_stream slow = connect_narrowly(server.at());
        const endpoint me = slow.local();
        std::size_t got = 0;
        std::array<char, 100> room{};
        for (; !server.has_failed(); cardea::sleep(1ms)) got += slow.recv(room);
        EXPECT_GE(time.elapsed(), how.total);
        EXPECT_GT(got, 0U);
        EXPECT_LT(got + drain(slow), much);
        EXPECT_EQ(server.stop().handler_failures, 1U);
        expect_one_timed_out(server, me);
    });
}

TEST_P(serving, what_a_flooding_sender_may_send_to_a_handler_that_does_not_read_is_bounded) {
    on_network([] {
        event done;
        server_beside server([&](tcp_stream peer) {
            std::array<char, 1> first{};
            peer.recv_exactly(first);  // with little room: a network may receive ahead from now on
            done.wait();
        });
        tcp_stream flooding = tcp_stream::connect(server.at());
        EXPECT_LT(fill(flooding), 2 * much);
        tcp_stream other = tcp_stream::connect(server.at());
        other.send_all("x");
        done.set();
        std::array<char, 8> room{};
        EXPECT_EQ(other.recv(room), 0U);
        EXPECT_EQ(server.stop().accepted, 2U);
    });
}

TEST_P(serving, connections_beyond_the_cap_wait_and_are_served_later) {
    on_network([] {
        serve_options how;
        how.max_connections = 2;
        std::size_t now = 0;
        std::size_t most = 0;
        server_beside server(
            [&](tcp_stream peer) {
                most = std::max(most, ++now);
                echo(std::move(peer));
                --now;
            },
            how);
        std::vector<tcp_stream> peers;
        for (int i = 0; i < 8; ++i) peers.push_back(tcp_stream::connect(server.at()));
        for (tcp_stream& peer : peers) {
            EXPECT_TRUE(answers(peer));
            peer.close();
        }
        EXPECT_EQ(server.stop().accepted, 8U);
        EXPECT_EQ(most, 2U);
    });
}

TEST_P(serving, a_throwing_handler_loses_its_connection_only_and_is_reported_with_its_client) {
    on_network([] {
        server_beside server([](tcp_stream peer) {
            char what = 0;
            while (peer.recv({&what, 1}) == 1) {
                if (what == '!') throw std::runtime_error("asked to");
                if (what == '?') throw 42;
                peer.send_all({&what, 1});
            }
        });
        tcp_stream bystander = tcp_stream::connect(server.at());
        EXPECT_TRUE(answers(bystander));
        std::vector<endpoint> unlucky;
        for (int i = 0; i < 8; ++i) {
            tcp_stream peer = tcp_stream::connect(server.at());
            unlucky.push_back(peer.local());
            peer.send_all(i % 2 == 0 ? "!" : "?");
            std::array<char, 8> room{};
            EXPECT_EQ(peer.recv(room), 0U) << "its connection is closed";
            EXPECT_TRUE(answers(bystander));
        }
        bystander.close();
        const serve_report report = server.stop();
        EXPECT_EQ(report.accepted, 9U);
        EXPECT_EQ(report.handler_failures, 8U);
        EXPECT_EQ(report.cancelled, 0U);
        ASSERT_EQ(server.failures().size(), 8U);
        for (std::size_t i = 0; i < 8; ++i) {
            EXPECT_EQ(server.failures()[i].about, unlucky[i]);
            EXPECT_EQ(server.failures()[i].text, i % 2 == 0 ? "asked to" : "no std::exception");
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
