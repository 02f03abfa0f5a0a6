// A UDP server: a handler for each datagram; neither its exceptions nor the network's errors end it.
#include <array>
#include <atomic>

#include "running_server.hpp"

using namespace cardea;

class datagrams : public on_each_network {};

namespace {

const auto echo_datagram = [](udp_socket& door, const_buffer datagram, const endpoint& from) {
    door.send_to(datagram, from);
};

// One question and its answer. UDP on the loopback interface loses nothing that fits the buffers.
std::string ask(const endpoint& server, std::string_view question) {
    udp_socket client = udp_socket::connect(server);
    client.send(question);
    std::string answer(70'000, '\0');
    answer.resize(client.recv(answer));
    return answer;
}

}  // namespace

TEST_P(datagrams, are_answered_over_both_families) {
    running_server server("*:0", echo_datagram, options(2));
    const endpoint bound = server.listening().front();
    EXPECT_EQ(ask(endpoint::loopback(family::inet, bound.port()), "four"), "four");
    if (bound.family() == family::inet6) {
        EXPECT_EQ(ask(endpoint::loopback(family::inet6, bound.port()), "six"), "six");
    }
}

TEST_P(datagrams, arrive_whole_however_large_or_empty) {
    running_server server("127.0.0.1:0", echo_datagram, options());
    const std::string largest(65'507, 'l');  // 65535 less the headers of IPv4 and UDP
    EXPECT_EQ(ask(server.at(), largest), largest);
    EXPECT_EQ(ask(server.at(), ""), "");
}

TEST_P(datagrams, a_handler_that_throws_is_told_of_and_the_next_datagram_is_served) {
    std::atomic<int> told{0};
    serve_options o = options();
    udp_socket unlucky = udp_socket::open();
    o.on_error = [&](const endpoint& from, std::exception_ptr) {
        if (from.port() == unlucky.local().port()) ++told;
    };
    running_server server(
        "127.0.0.1:0",
        [](udp_socket& door, const_buffer datagram, const endpoint& from) {
            if (datagram.size() == 1) throw std::runtime_error("too short");
            door.send_to(datagram, from);
        },
        o);
    unlucky.send_to("!", server.at());
    EXPECT_EQ(ask(server.at(), "long enough"), "long enough");
    EXPECT_EQ(server.stop().handler_failures, 1U);
    EXPECT_EQ(told, 1);
}

TEST_P(datagrams, answers_to_a_port_that_is_closed_do_not_end_it) {
    running_server server("127.0.0.1:0", echo_datagram, options());
    for (int i = 0; i < 10; ++i) {
        udp_socket gone = udp_socket::connect(server.at());
        gone.send("nobody waits for the answer");
    }
    EXPECT_EQ(ask(server.at(), "still there?"), "still there?");
    EXPECT_EQ(server.stop().handler_failures, 0U);
}

TEST_P(datagrams, a_handler_may_answer_while_the_server_drains) {
    semaphore inside(0);
    event go_on;
    serve_options o = options();
    o.drain = std::chrono::hours(1);
    running_server server(
        {"127.0.0.1:0", "127.0.0.1:0"},
        [&](udp_socket& door, const_buffer datagram, const endpoint& from) {
            if (datagram.size() == 4) {
                inside.release();
                go_on.wait();
            }
            door.send_to(datagram, from);
        },
        o);
    udp_socket client = udp_socket::connect(server.at(0));
    client.send("slow");
    inside.acquire();
    server.ask_to_stop();
    // The second socket handles nothing: that it is closed tells that the drain has begun.
    udp_socket other = udp_socket::connect(server.at(1));
    std::array<char, 8> answer{};
    std::error_code ec;
    while (!ec) {
        other.send("?", ec);
        const deadline soon{std::chrono::milliseconds(20)};  // a question in the queue when it closes is lost
        if (!ec) other.recv(answer, ec);
        if (ec == errc::timed_out) ec.clear();
    }
    EXPECT_EQ(ec, std::errc::connection_refused);
    go_on.set();
    EXPECT_EQ(client.recv(answer), 4U);
    EXPECT_EQ(server.report().cancelled, 0U);
}

TEST_P(datagrams, a_handler_that_takes_too_long_is_cancelled) {
    semaphore inside(0);
    serve_options o = options();
    o.drain = std::chrono::milliseconds(20);
    running_server server(
        "127.0.0.1:0",
        [&](udp_socket&, const_buffer, const endpoint&) {
            inside.release();
            cardea::sleep(std::chrono::hours(1));
        },
        o);
    udp_socket client = udp_socket::connect(server.at());
    client.send("slow");
    inside.acquire();
    const serve_report report = server.stop();
    EXPECT_EQ(report.cancelled, 1U);
    EXPECT_EQ(report.handler_failures, 0U);
}

TEST_P(datagrams, idle_bounds_the_handler_and_not_the_wait_for_a_datagram) {
    std::atomic<int> timed_out{0};
    serve_options o = options();
    o.idle = std::chrono::milliseconds(20);
    o.on_error = [&](const endpoint&, std::exception_ptr why) {
        try {
            std::rethrow_exception(why);
        } catch (const error& e) {
            if (e.code() == errc::timed_out) ++timed_out;
        }
    };
    event never;
    running_server server(
        "127.0.0.1:0",
        [&](udp_socket& door, const_buffer datagram, const endpoint& from) {
            door.send_to(datagram, from);
            never.wait();
        },
        o);
    // The second answer comes after the first handler was cut off, from a loop that has waited in between.
    EXPECT_EQ(ask(server.at(), "one"), "one");
    EXPECT_EQ(ask(server.at(), "two"), "two");
    EXPECT_GE(timed_out, 1);
}

INSTANTIATE_TEST_SUITE_P(networks, datagrams, every_network(), name_of);
