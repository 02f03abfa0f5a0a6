// The drain: listeners close at once, handlers may finish for a while, then they are cancelled.
#include <atomic>

#include "running_server.hpp"

using namespace cardea;

class draining : public on_each_network {};

TEST_P(draining, a_handler_may_finish_while_nobody_new_is_let_in) {
    serve_options o = options(2);
    o.drain = std::chrono::hours(1);
    running_server server("127.0.0.1:0", echo, o);
    tcp_stream peer = tcp_stream::connect(server.at());
    ASSERT_TRUE(answers(peer));
    server.ask_to_stop();
    wait_until_refused(server.at());
    EXPECT_TRUE(answers(peer));
    peer.close();
    const serve_report report = server.report();
    EXPECT_EQ(report.cancelled, 0U);
    EXPECT_EQ(report.handler_failures, 0U);
}

TEST_P(draining, a_handler_that_takes_too_long_is_cancelled_and_unwound) {
    std::atomic<int> unwound{0};
    std::atomic<int> told{0};
    serve_options o = options(2);
    o.drain = std::chrono::milliseconds(50);
    o.on_error = [&](const endpoint&, std::exception_ptr) { ++told; };
    struct leaving {
        std::atomic<int>& count;
        ~leaving() { ++count; }
    };
    running_server server(
        "127.0.0.1:0",
        [&](tcp_stream peer) {
            const leaving guard{unwound};
            echo(std::move(peer));
        },
        o);
    std::vector<tcp_stream> peers;
    for (int i = 0; i < 10; ++i) {
        peers.push_back(tcp_stream::connect(server.at()));
        ASSERT_TRUE(answers(peers.back()));
    }
    const serve_report report = server.stop();
    EXPECT_EQ(report.cancelled, 10U);
    EXPECT_EQ(report.handler_failures, 0U);
    EXPECT_EQ(unwound, 10);
    EXPECT_EQ(told, 0);
    for (tcp_stream& peer : peers) EXPECT_FALSE(answers(peer));
}

TEST_P(draining, no_time_to_drain_cancels_at_once) {
    serve_options o = options(1);
    o.drain = std::chrono::seconds(0);
    running_server server("127.0.0.1:0", echo, o);
    tcp_stream peer = tcp_stream::connect(server.at());
    ASSERT_TRUE(answers(peer));
    EXPECT_EQ(server.stop().cancelled, 1U);
}

TEST_P(draining, an_idle_server_ends_at_once) {
    serve_options o = options(3);
    o.drain = std::chrono::hours(1);
    running_server server({"127.0.0.1:0", "unix:@cardea-test-idle-" + GetParam()}, echo, o);
    EXPECT_EQ(server.stop().accepted, 0U);
}

TEST_P(draining, a_stop_asked_for_before_the_start_counts) {
    std::stop_source already;
    already.request_stop();
    serve_options o = options(2);
    o.stop = already.get_token();
    EXPECT_EQ(serve("127.0.0.1:0", echo, o).accepted, 0U);
}

TEST_P(draining, fibers_that_handlers_left_behind_are_cancelled_too) {
    std::atomic<bool> ended{false};
    semaphore sleeping(0);
    serve_options o = options(1);
    o.drain = std::chrono::milliseconds(20);
    running_server server(
        "127.0.0.1:0",
        [&](tcp_stream) {
            spawn([&] {
                struct leaving {
                    std::atomic<bool>& ended;
                    ~leaving() { ended = true; }
                } guard{ended};
                sleeping.release();
                cardea::sleep(std::chrono::hours(1));
            });
        },
        o);
    tcp_stream peer = tcp_stream::connect(server.at());
    sleeping.acquire();
    server.stop();
    EXPECT_TRUE(ended);
}

TEST_P(draining, the_callers_deadline_ends_it_at_once) {
    serve_options o = options(2);
    o.drain = std::chrono::hours(1);
    const deadline soon{std::chrono::milliseconds(30)};
    try {
        serve("127.0.0.1:0", echo, o);
        FAIL() << "it returned";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), errc::timed_out);
    }
}

TEST_P(draining, the_callers_cancellation_ends_it_at_once) {
    serve_options o = options(2);
    o.drain = std::chrono::hours(1);
    std::promise<endpoint> ready;
    o.on_ready = [&](const std::vector<endpoint>& where) { ready.set_value(where.front()); };
    std::atomic<bool> returned{false};
    std::atomic<bool> connection_lost{false};
    scope threads;  // outside of run(): a thread
    threads.spawn([&] {
        serve("127.0.0.1:0", echo, o);
        returned = true;
    });
    tcp_stream peer = tcp_stream::connect(ready.get_future().get());
    ASSERT_TRUE(answers(peer));
    threads.cancel();
    threads.join();
    connection_lost = !answers(peer);
    EXPECT_FALSE(returned);
    EXPECT_TRUE(connection_lost);
}

INSTANTIATE_TEST_SUITE_P(networks, draining, every_network(), name_of);
