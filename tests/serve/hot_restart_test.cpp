// serve_options::hot_restart: a server is replaced by the next one, and no connection is lost.
#include <unistd.h>

#include <atomic>
#include <cardea/passing.hpp>
#include <filesystem>
#include <memory>

#include "forked.hpp"
#include "running_server.hpp"

using namespace cardea;

namespace {

/// The one that a connection speaks to says which it is.
auto says(char who) {
    return [who](stream peer) {
        std::array<std::byte, 64> asked;
        while (peer.recv(asked) > 0) peer.send_all({&who, 1});
    };
}

/// Who answers; 0: the connection is gone.
char who_answers(stream& peer) {
    std::error_code ec;
    peer.send_all("?", ec);
    char who = 0;
    return !ec && peer.recv({&who, 1}, ec) == 1 ? who : '\0';
}

char who_serves(const endpoint& where) {
    std::error_code ec;
    tcp_stream peer = tcp_stream::connect(where, ec);
    return ec ? '\0' : who_answers(peer);
}

}  // namespace

class hot_restart : public on_each_network {
  protected:
    /// A name for each server of a test to meet its successor by.
    [[nodiscard]] serve_options options(unsigned threads = 1) const {
        serve_options o = on_each_network::options(threads);
        o.hot_restart = name_;
        o.drain = std::chrono::hours(1);
        return o;
    }
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    std::string name_ = "unix:@cardea-test-restart-" + std::to_string(::getpid()) + "-" + GetParam();
};

TEST_P(hot_restart, the_successor_has_the_port_and_the_predecessor_ends_with_its_last_connection) {
    running_server first("127.0.0.1:0", says('1'), options());
    tcp_stream old = tcp_stream::connect(first.at());
    ASSERT_EQ(who_answers(old), '1');
    running_server second("127.0.0.1:0", says('2'), options());
    EXPECT_EQ(second.at(), first.at()) << "the port that was free for the first is the second's now";
    for (char who = '1'; who != '2';) {  // until the first has heard that the second serves
        who = who_serves(second.at());
        ASSERT_NE(who, '\0');
    }
    EXPECT_EQ(who_answers(old), '1') << "who was accepted is served to the end";
    old.close();
    const serve_report went = first.report();
    EXPECT_TRUE(went.handed_over);
    EXPECT_EQ(went.cancelled, 0U);
    EXPECT_EQ(who_serves(second.at()), '2');
    EXPECT_FALSE(second.stop().handed_over);
}

struct restart {
    unsigned threads;
    const char* network;
};

class hot_restarts : public hot_restart {
  protected:
    /// Four clients ask all the time, and each question is answered, within the time that a test has.
    void restart_under_load(const std::vector<restart>& successors) {
        auto serving = std::make_unique<running_server>("127.0.0.1:0", says('0'), options(2));
        const endpoint where = serving->at();
        std::atomic<bool> over{false};
        std::atomic<int> served{0}, lost{0};
        std::vector<std::thread> clients;
        for (int i = 0; i < 4; ++i) {
            clients.emplace_back([&] {
                const deadline patience{std::chrono::seconds(30)};
                while (!over) ++(who_serves(where) != '\0' ? served : lost);
            });
        }
        const auto ask_for_a_while = [&] {
            const int before = served;
            while (served < before + 50 && lost == 0) yield();
        };
        for (const restart& r : successors) {
            ask_for_a_while();
            serve_options o = options(r.threads);
            o.network = r.network;
            auto next = std::make_unique<running_server>("127.0.0.1:0", says('1'), o);
            EXPECT_EQ(next->at(), where);
            EXPECT_TRUE(serving->report().handed_over);
            serving = std::move(next);
        }
        ask_for_a_while();
        over = true;
        for (std::thread& c : clients) c.join();
        EXPECT_EQ(lost, 0);
    }
};

TEST_P(hot_restarts, lose_no_connection_however_many_threads_each_has) {
    const char* same = GetParam() == "uring" ? "uring" : "epoll";
    restart_under_load({{1, same}, {3, same}, {2, same}, {4, same}, {1, same}, {2, same}});
}

// One waits in epoll, the other in a ring: neither may take the other's wake-up, nor block where the other was faster.
TEST_P(hot_restarts, lose_no_connection_when_the_successor_is_on_another_network) {
    for (const network_report& r : probe_networks()) {
        if (r.name == "uring" && !r.usable) GTEST_SKIP() << "io_uring: " << r.why;
    }
    restart_under_load({{2, "epoll"}, {1, "uring"}, {2, "uring"}, {3, "epoll"}, {2, "uring"}});
}

TEST_P(hot_restart, who_waits_in_the_queue_is_the_successors) {
    serve_options full = options();
    full.max_connections = 1;
    running_server first("127.0.0.1:0", says('1'), full);
    tcp_stream only = tcp_stream::connect(first.at());
    ASSERT_EQ(who_answers(only), '1');
    std::vector<tcp_stream> waiting;
    for (int i = 0; i < 8; ++i) waiting.push_back(tcp_stream::connect(first.at()));
    running_server second("127.0.0.1:0", says('2'), options());
    std::atomic<int> answered{0};
    std::thread client([&] {
        for (tcp_stream& peer : waiting) answered += who_answers(peer) != '\0' ? 1 : 0;
    });
    only.close();  // one or two of them may be the first's, which has accepted them
    client.join();
    EXPECT_EQ(answered, 8);
    waiting.clear();
    EXPECT_TRUE(first.report().handed_over);
}

TEST_P(hot_restart, unix_names_and_datagrams_are_handed_over_too) {
    const std::string path = std::filesystem::temp_directory_path() / ("cardea-restart-" + std::to_string(::getpid()));
    const addresses where{"127.0.0.1:0", "unix:" + path};
    const auto answering = [](char who) {
        return [who](udp_socket& door, const_buffer, const endpoint& from) { door.send_to({&who, 1}, from); };
    };
    const auto start = [&](char who, std::promise<std::vector<endpoint>>& ready, std::stop_token stop) {
        serve_options o = options(2);
        o.stop = std::move(stop);
        o.on_ready = [&ready](const std::vector<endpoint>& all) { ready.set_value(all); };
        return std::async(std::launch::async, [=] { return serve(where, says(who), answering(who), o); });
    };
    std::stop_source stop;
    std::promise<std::vector<endpoint>> ready1, ready2;
    auto first = start('1', ready1, stop.get_token());
    const std::vector<endpoint> at = ready1.get_future().get();
    auto second = start('2', ready2, stop.get_token());
    EXPECT_EQ(ready2.get_future().get(), at);
    EXPECT_TRUE(first.get().handed_over);
    udp_socket asking = udp_socket::connect(at[0]);
    char who = 0;
    asking.send("?");
    EXPECT_EQ(asking.recv({&who, 1}), 1U);
    EXPECT_EQ(who, '2');
    EXPECT_EQ(who_serves(at[0]), '2');
    unix_stream peer = unix_stream::connect("unix:" + path);
    EXPECT_EQ(who_answers(peer), '2') << "the path is still there";
    peer.close();
    stop.request_stop();
    EXPECT_FALSE(second.get().handed_over);
    EXPECT_FALSE(std::filesystem::exists(path)) << "and is removed by whoever has it last";
}

TEST_P(hot_restart, another_process_takes_over_and_the_first_may_exit) {
    forked first([&](const forked& me) {
        serve_options o = options(2);
        o.on_ready = [&](const std::vector<endpoint>& all) { me.tell(all.front().port()); };
        return serve("127.0.0.1:0", says('1'), o).handed_over ? 7 : 8;
    });
    const int port = first.hear();
    ASSERT_GT(port, 0);
    const endpoint where = endpoint::loopback(family::inet, static_cast<std::uint16_t>(port));
    ASSERT_EQ(who_serves(where), '1');
    running_server second("127.0.0.1:0", says('2'), options(2));
    EXPECT_EQ(first.wait(), 7);
    EXPECT_EQ(who_serves(where), '2');
}

TEST_P(hot_restart, a_successor_that_fails_changes_nothing) {
    std::promise<endpoint> told;
    serve_options o = options();
    o.on_error = [&](const endpoint& about, std::exception_ptr) { told.set_value(about); };
    running_server first("127.0.0.1:0", says('1'), o);
    {
        unix_stream heir = unix_stream::connect(name());
        std::array<char, 512> room;
        incoming_message m{.room = room, .max_descriptors = 8};
        ASSERT_GT(recv_with(heir, m), 0U);
    }
    EXPECT_EQ(told.get_future().get(), endpoint::parse(name()));
    EXPECT_EQ(who_serves(first.at()), '1');
    running_server second("127.0.0.1:0", says('2'), options());
    EXPECT_TRUE(first.report().handed_over);
    EXPECT_EQ(who_serves(second.at()), '2');
}

TEST_P(hot_restart, who_comes_while_a_server_drains_begins_afresh) {
    running_server first("127.0.0.1:0", says('1'), options());
    tcp_stream old = tcp_stream::connect(first.at());
    ASSERT_EQ(who_answers(old), '1');
    first.ask_to_stop();
    wait_until_refused(first.at());
    running_server second(first.at().to_string(), says('2'), options());
    EXPECT_EQ(who_serves(second.at()), '2');
    EXPECT_EQ(who_answers(old), '1');
    old.close();
    EXPECT_FALSE(first.report().handed_over);
}

TEST_P(hot_restart, an_address_that_only_the_successor_serves_is_opened_and_one_that_it_does_not_is_closed) {
    running_server first({"127.0.0.1:0", "127.0.0.2:0"}, says('1'), options());
    const endpoint kept = first.at(0), dropped = first.at(1);
    running_server second({"127.0.0.3:0", "127.0.0.1:0"}, says('2'), options());
    EXPECT_EQ(second.at(1), kept);
    EXPECT_TRUE(first.report().handed_over);
    EXPECT_EQ(who_serves(kept), '2');
    EXPECT_EQ(who_serves(second.at(0)), '2');
    EXPECT_EQ(who_serves(dropped), '\0');
}

TEST_P(hot_restart, inside_run_it_is_the_same) {
    serve_options o = options();
    std::promise<endpoint> ready;
    o.on_ready = [&](const std::vector<endpoint>& all) { ready.set_value(all.front()); };
    std::thread first(
        [&] { run({.network = GetParam()}, [&] { EXPECT_TRUE(serve("127.0.0.1:0", says('1'), o).handed_over); }); });
    const endpoint where = ready.get_future().get();
    EXPECT_EQ(who_serves(where), '1');
    running_server second("127.0.0.1:0", says('2'), options());
    first.join();
    EXPECT_EQ(second.at(), where);
    EXPECT_EQ(who_serves(where), '2');
}

TEST_P(hot_restart, who_does_not_speak_as_a_predecessor_is_refused_by_name) {
    unix_listener stranger(name());
    std::thread answering([&] { stranger.accept().send_all("HTTP/1.1 400 Bad Request\r\n\r\n"); });
    try {
        serve("127.0.0.1:0", says('2'), options());
        ADD_FAILURE() << "it served";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), errc::malformed);
        EXPECT_NE(std::string(e.what()).find("take over from " + name()), std::string::npos) << e.what();
    }
    answering.join();
}

TEST(hot_restart_elsewhere, a_host_of_its_own_has_no_successor) {
    serve_options o;
    o.network = "sim";
    o.hot_restart = "unix:@cardea-test-nowhere";
    EXPECT_THROW(serve("127.0.0.1:0", echo, o), std::invalid_argument);
}

TEST(hot_restart_elsewhere, a_name_that_is_none_says_so) {
    serve_options o;
    o.hot_restart = "127.0.0.1:80";
    try {
        serve("127.0.0.1:0", echo, o);
        ADD_FAILURE() << "it served";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), errc::bad_address);
    }
}

INSTANTIATE_TEST_SUITE_P(, hot_restart, every_network(), name_of);
INSTANTIATE_TEST_SUITE_P(, hot_restarts, every_network(), name_of);
