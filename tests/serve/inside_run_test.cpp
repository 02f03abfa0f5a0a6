// Inside run(): on the loop that is there, beside the program's other fibers, ended by `stop` or by cancellation.
#include <signal.h>

#include "running_server.hpp"

using namespace cardea;

class inside_run : public on_each_network {
  protected:
    template <class F>
    void on_loop(F f) {
        run({.network = GetParam()}, f);
    }
};

TEST_P(inside_run, serves_beside_its_clients_until_asked_to_stop) {
    on_loop([] {
        const auto thread = std::this_thread::get_id();
        std::stop_source stop;
        event ready;
        endpoint where;
        serve_report report;
        serve_options o;
        o.threads = 5;  // means nothing here
        o.stop = stop.get_token();
        o.on_ready = [&](const std::vector<endpoint>& listening) {
            where = listening.front();
            ready.set();
        };
        scope both;
        both.spawn([&] {
            report = serve(
                "127.0.0.1:0",
                [thread](tcp_stream peer) {
                    EXPECT_EQ(std::this_thread::get_id(), thread);
                    echo(std::move(peer));
                },
                o);
        });
        ready.wait();
        for (int i = 0; i < 3; ++i) {
            tcp_stream peer = tcp_stream::connect(where);
            EXPECT_TRUE(answers(peer));
        }
        stop.request_stop();
        both.join();
        EXPECT_EQ(report.accepted, 3U);
        EXPECT_EQ(report.cancelled, 0U);
    });
}

TEST_P(inside_run, drains_before_it_cancels) {
    on_loop([] {
        std::stop_source stop;
        event ready;
        endpoint where;
        serve_report report;
        serve_options o;
        o.stop = stop.get_token();
        o.drain = std::chrono::milliseconds(20);
        o.on_ready = [&](const std::vector<endpoint>& listening) {
            where = listening.front();
            ready.set();
        };
        scope both;
        both.spawn([&] { report = serve("127.0.0.1:0", echo, o); });
        ready.wait();
        tcp_stream peer = tcp_stream::connect(where);
        ASSERT_TRUE(answers(peer));
        stop.request_stop();
        wait_until_refused(where);
        both.join();
        EXPECT_EQ(report.cancelled, 1U);
        EXPECT_FALSE(answers(peer));
    });
}

TEST_P(inside_run, cancelling_its_fiber_cancels_its_handlers_at_once) {
    on_loop([] {
        event ready;
        endpoint where;
        bool unwound = false;
        serve_options o;
        o.drain = std::chrono::hours(1);
        o.on_ready = [&](const std::vector<endpoint>& listening) {
            where = listening.front();
            ready.set();
        };
        scope both;
        both.spawn([&] {
            serve(
                "127.0.0.1:0",
                [&](tcp_stream peer) {
                    struct leaving {
                        bool& unwound;
                        ~leaving() { unwound = true; }
                    } guard{unwound};
                    echo(std::move(peer));
                },
                o);
            ADD_FAILURE() << "serve() returned";
        });
        ready.wait();
        tcp_stream peer = tcp_stream::connect(where);
        ASSERT_TRUE(answers(peer));
        both.cancel();
        both.join();
        EXPECT_TRUE(unwound);
        EXPECT_FALSE(answers(peer));
        EXPECT_EQ(this_loop_statistics().fibers, 1U);
    });
}

TEST_P(inside_run, leaves_signals_alone) {
    on_loop([] {
        std::stop_source stop;
        stop.request_stop();
        struct sigaction before {};
        ::sigaction(SIGTERM, nullptr, &before);
        serve_options o;
        o.stop = stop.get_token();
        o.on_ready = [&](const std::vector<endpoint>&) {
            struct sigaction now {};
            ::sigaction(SIGTERM, nullptr, &now);
            EXPECT_EQ(now.sa_handler, before.sa_handler);
        };
        serve("127.0.0.1:0", echo, o);
    });
}

TEST_P(inside_run, a_stop_from_another_thread_arrives) {
    std::stop_source stop;
    std::jthread other;
    on_loop([&] {
        serve_options o;
        o.stop = stop.get_token();
        o.on_ready = [&](const std::vector<endpoint>&) { other = std::jthread([&] { stop.request_stop(); }); };
        EXPECT_EQ(serve("127.0.0.1:0", echo, o).accepted, 0U);
    });
}

INSTANTIATE_TEST_SUITE_P(networks, inside_run, every_network(), name_of);
