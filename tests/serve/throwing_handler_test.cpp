// An exception leaves a handler: its connection closes, it is reported with its client, the server goes on.
#include <atomic>
#include <map>
#include <mutex>

#include "running_server.hpp"

using namespace cardea;

class throwing_handler : public on_each_network {};

namespace {

void fail_on_demand(stream peer) {
    char what = 0;
    while (peer.recv({&what, 1}) == 1) {
        if (what == '!') throw std::runtime_error("asked to");
        peer.send_all({&what, 1});
    }
}

}  // namespace

TEST_P(throwing_handler, loses_its_connection_only) {
    std::mutex guard;
    std::map<endpoint, std::string> told;
    serve_options o = options(2);
    o.on_error = [&](const endpoint& client, std::exception_ptr why) {
        std::lock_guard held(guard);
        try {
            std::rethrow_exception(why);
        } catch (const std::exception& e) {
            told[client] = e.what();
        }
        throw std::logic_error("nobody hears what on_error throws");
    };
    running_server server("127.0.0.1:0", fail_on_demand, o);
    tcp_stream bystander = tcp_stream::connect(server.at());
    ASSERT_TRUE(answers(bystander));
    std::vector<endpoint> unlucky;
    for (int i = 0; i < 8; ++i) {
        tcp_stream peer = tcp_stream::connect(server.at());
        unlucky.push_back(peer.local());
        peer.send_all("!");
        char nothing = 0;
        EXPECT_EQ(peer.recv({&nothing, 1}), 0U);
    }
    EXPECT_TRUE(answers(bystander));
    bystander.close();
    const serve_report report = server.stop();
    EXPECT_EQ(report.accepted, 9U);
    EXPECT_EQ(report.handler_failures, 8U);
    EXPECT_EQ(report.cancelled, 0U);
    ASSERT_EQ(told.size(), 8U);
    for (const endpoint& client : unlucky) EXPECT_EQ(told[client], "asked to");
}

TEST_P(throwing_handler, a_peer_that_resets_is_a_failure_of_its_handler_only) {
    std::atomic<int> told{0};
    serve_options o = options();
    o.on_error = [&](const endpoint&, std::exception_ptr why) {
        try {
            std::rethrow_exception(why);
        } catch (const error& e) {
            if (e.code() == std::errc::connection_reset) ++told;
        }
    };
    running_server server("127.0.0.1:0", echo, o);
    tcp_stream rude = tcp_stream::connect(server.at());
    ASSERT_TRUE(answers(rude));
    rude.reset();
    tcp_stream polite = tcp_stream::connect(server.at());
    EXPECT_TRUE(answers(polite));
    polite.close();
    EXPECT_EQ(server.stop().handler_failures, 1U);
    EXPECT_EQ(told, 1);
}

INSTANTIATE_TEST_SUITE_P(networks, throwing_handler, every_network(), name_of);
