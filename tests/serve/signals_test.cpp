// SIGINT and SIGTERM: the first drains, the second cancels, every server of the process hears both, and afterwards the
// signals belong to whom they belonged before.
#include <atomic>

#include "forked.hpp"
#include "running_server.hpp"

using namespace cardea;

class signals : public on_each_network {
  protected:
    /// A server of this process that heeds signals.
    [[nodiscard]] serve_options heeding() const {
        serve_options o = options(2);
        o.handle_signals = true;
        o.drain = std::chrono::hours(1);
        return o;
    }
};

namespace {

std::atomic<int> earlier_handler_calls{0};
void earlier_handler(int) { ++earlier_handler_calls; }

}  // namespace

TEST_P(signals, either_drains_a_server_in_a_process_of_its_own) {
    for (const int number : {SIGTERM, SIGINT}) {
        forked child([&](forked& parent) {
            serve_options o = heeding();
            o.on_ready = [&](const std::vector<endpoint>& where) { parent.tell(where.front().port()); };
            const serve_report report = serve("127.0.0.1:0", echo, o);
            return report.accepted > 0 && report.cancelled == 0 ? 7 : 8;
        });
        const int port = child.hear();
        ASSERT_GT(port, 0);
        const endpoint where = endpoint::loopback(family::inet, static_cast<std::uint16_t>(port));
        tcp_stream peer = tcp_stream::connect(where);
        ASSERT_TRUE(answers(peer));
        child.signal(number);
        wait_until_refused(where);
        EXPECT_TRUE(answers(peer));  // it drains
        peer.close();
        EXPECT_EQ(child.wait(), 7);
    }
}

TEST_P(signals, the_second_cancels_at_once) {
    forked child([&](forked& parent) {
        serve_options o = heeding();
        o.on_ready = [&](const std::vector<endpoint>& where) { parent.tell(where.front().port()); };
        return static_cast<int>(serve("127.0.0.1:0", echo, o).cancelled);
    });
    const int port = child.hear();
    ASSERT_GT(port, 0);
    const endpoint where = endpoint::loopback(family::inet, static_cast<std::uint16_t>(port));
    std::vector<tcp_stream> peers;
    for (int i = 0; i < 5; ++i) {
        peers.push_back(tcp_stream::connect(where));
        ASSERT_TRUE(answers(peers.back()));
    }
    child.signal(SIGTERM);
    wait_until_refused(where);
    EXPECT_TRUE(answers(peers.front()));
    child.signal(SIGINT);
    EXPECT_EQ(child.wait(), 5);
}

TEST_P(signals, every_server_of_the_process_hears_them) {
    serve_options deaf = options(1);
    running_server first("127.0.0.1:0", echo, heeding());
    running_server second("127.0.0.1:0", echo, heeding());
    running_server third("127.0.0.1:0", echo, deaf);
    ::raise(SIGTERM);
    first.report();
    second.report();
    tcp_stream peer = tcp_stream::connect(third.at());
    EXPECT_TRUE(answers(peer));
}

TEST_P(signals, belong_afterwards_to_whom_they_belonged_before) {
    struct sigaction mine {};
    struct sigaction before {};
    mine.sa_handler = earlier_handler;
    ::sigaction(SIGTERM, &mine, &before);
    earlier_handler_calls = 0;
    {
        running_server outer("127.0.0.1:0", echo, heeding());
        { running_server inner("127.0.0.1:0", echo, heeding()); }
        ::raise(SIGTERM);  // the inner one's end has not taken it from the outer one
        outer.report();
    }
    EXPECT_EQ(earlier_handler_calls, 0);
    ::raise(SIGTERM);
    EXPECT_EQ(earlier_handler_calls, 1);
    ::sigaction(SIGTERM, &before, nullptr);
}

TEST_P(signals, interrupt_no_call_of_a_handler) {
    serve_options o = options(2);
    struct sigaction mine {};
    struct sigaction before {};
    mine.sa_handler = earlier_handler;  // without SA_RESTART: system calls of the loops see EINTR
    ::sigaction(SIGUSR1, &mine, &before);
    std::atomic<bool> enough{false};
    running_server server("127.0.0.1:0", echo, o);
    std::thread storm([&] {
        while (!enough) ::kill(::getpid(), SIGUSR1);
    });
    for (int i = 0; i < 100; ++i) {
        tcp_stream peer = tcp_stream::connect(server.at());
        EXPECT_TRUE(answers(peer));
    }
    const serve_report report = server.stop();
    enough = true;
    storm.join();
    ::sigaction(SIGUSR1, &before, nullptr);
    EXPECT_EQ(report.accepted, 100U);
    EXPECT_EQ(report.handler_failures, 0U);
    EXPECT_EQ(report.accept_pauses, 0U);
}

INSTANTIATE_TEST_SUITE_P(networks, signals, every_network(), name_of);
