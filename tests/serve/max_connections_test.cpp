// max_connections: no more are served at once, over all threads; the others wait and are served later.
#include <algorithm>
#include <atomic>

#include "running_server.hpp"

using namespace cardea;

class places : public on_each_network {
  protected:
    void never_more_than(std::size_t limit, unsigned loops, unsigned clients) {
        std::atomic<std::size_t> now{0};
        std::atomic<std::size_t> most{0};
        semaphore inside(0);
        serve_options o = options(loops);
        o.max_connections = limit;
        running_server server(
            "127.0.0.1:0",
            [&](tcp_stream peer) {
                const std::size_t n = ++now;
                for (std::size_t seen = most; seen < n && !most.compare_exchange_weak(seen, n);) {
                }
                inside.release();
                echo(std::move(peer));
                --now;
            },
            o);
        std::vector<tcp_stream> peers;
        for (unsigned i = 0; i < clients; ++i) peers.push_back(tcp_stream::connect(server.at()));
        for (unsigned i = 0; i < clients; ++i) peers[i].send_all("x");
        for (std::size_t i = 0; i < limit; ++i) inside.acquire();  // all places are taken, and nobody leaves yet
        std::atomic<unsigned> served{0};
        std::vector<std::thread> waiting;
        for (tcp_stream& peer : peers) {
            waiting.emplace_back([&served, &peer] {
                char answer = 0;
                if (peer.recv({&answer, 1}) == 1) ++served;
                peer.close();
            });
        }
        for (std::thread& t : waiting) t.join();
        EXPECT_EQ(served, clients);
        EXPECT_EQ(most, limit);
        EXPECT_EQ(server.stop().accepted, clients);
    }
};

TEST_P(places, are_never_exceeded_on_one_thread) { never_more_than(2, 1, 12); }
TEST_P(places, are_counted_over_all_threads) { never_more_than(2, 3, 24); }
TEST_P(places, one_place_serves_all_threads_in_the_end) { never_more_than(1, 3, 12); }

TEST_P(places, are_given_back_by_handlers_that_throw) {
    serve_options o = options(1);
    o.max_connections = 1;
    o.on_error = [](const endpoint&, std::exception_ptr) {};
    running_server server(
        "127.0.0.1:0", [](tcp_stream) { throw std::runtime_error("no"); }, o);
    for (int i = 0; i < 5; ++i) {
        tcp_stream peer = tcp_stream::connect(server.at());
        char nothing = 0;
        EXPECT_EQ(peer.recv({&nothing, 1}), 0U);
    }
    EXPECT_EQ(server.stop().handler_failures, 5U);
}

INSTANTIATE_TEST_SUITE_P(networks, places, every_network(), name_of);
