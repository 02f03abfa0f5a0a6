// Every thread gets its share: TCP and UDP by the kernel, Unix connections dealt out by the loop that accepts them.
#include <cstring>
#include <set>

#include "running_server.hpp"

using namespace cardea;

class threads : public on_each_network {};

namespace {

constexpr unsigned loops = 3;
constexpr int enough = 2000;  // connections after which a thread without one is a failure: (2/3)^2000

std::size_t this_thread_number() { return std::hash<std::thread::id>()(std::this_thread::get_id()); }

void tell_thread(stream peer) {
    const std::size_t number = this_thread_number();
    peer.send_all({&number, sizeof number});
}

std::size_t thread_that_serves(stream peer) {
    std::size_t number = 0;
    peer.recv_exactly({&number, sizeof number});
    return number;
}

}  // namespace

TEST_P(threads, all_get_tcp_connections) {
    running_server server("127.0.0.1:0", tell_thread, options(loops));
    std::set<std::size_t> seen;
    for (int i = 0; i < enough && seen.size() < loops; ++i) {
        seen.insert(thread_that_serves(tcp_stream::connect(server.at())));
    }
    EXPECT_EQ(seen.size(), loops);
}

TEST_P(threads, all_get_datagrams) {
    const auto tell = [](udp_socket& door, const_buffer, const endpoint& from) {
        const std::size_t number = this_thread_number();
        door.send_to({&number, sizeof number}, from);
    };
    running_server server("127.0.0.1:0", tell, options(loops));
    std::set<std::size_t> seen;
    for (int i = 0; i < enough && seen.size() < loops; ++i) {
        udp_socket client = udp_socket::connect(server.at());  // another port each time: another thread, perhaps
        client.send("who?");
        std::size_t number = 0;
        client.recv({&number, sizeof number});
        seen.insert(number);
    }
    EXPECT_EQ(seen.size(), loops);
}

TEST_P(threads, unix_connections_are_dealt_out_in_turn) {
    running_server server("unix:@cardea-test-turn-" + GetParam(), tell_thread, options(loops));
    std::vector<std::size_t> order;
    for (unsigned i = 0; i < 3 * loops; ++i) order.push_back(thread_that_serves(unix_stream::connect(server.at())));
    EXPECT_EQ(std::set<std::size_t>(order.begin(), order.end()).size(), loops);
    for (unsigned i = loops; i < 3 * loops; ++i) EXPECT_EQ(order[i], order[i - loops]);
    EXPECT_EQ(server.stop().accepted, 3U * loops);
}

TEST_P(threads, a_dealt_out_connection_loses_no_bytes) {
    running_server server("unix:@cardea-test-bytes-" + GetParam(), echo, options(loops));
    std::vector<unix_stream> peers;
    for (unsigned i = 0; i < 4 * loops; ++i) {
        peers.push_back(unix_stream::connect(server.at()));
        peers.back().send_all("sent before anybody looked");
    }
    for (unix_stream& peer : peers) {
        std::array<char, 26> back{};
        peer.recv_exactly(back);
        EXPECT_EQ(std::string_view(back.data(), back.size()), "sent before anybody looked");
        EXPECT_TRUE(answers(peer));
    }
}

INSTANTIATE_TEST_SUITE_P(networks, threads, every_network(), name_of);
