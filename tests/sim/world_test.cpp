// What a world is: its clock, its names, who runs where, and how a run ends.
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "two_hosts.hpp"

namespace cardea::sim::test {
namespace {

using namespace std::chrono_literals;

TEST(world, a_long_sleep_takes_no_time) {
    world w;
    w.host("sleeper").run([] { cardea::sleep(24h * 365); });
    EXPECT_EQ(w.run().elapsed, 24h * 365);
}

TEST(world, what_a_program_spawns_runs_on_its_host) {
    world w;
    std::set<std::string> found;
    for (const char* name : {"a", "b"}) {
        w.host(name).run([&found, name] {
            socket door(family::inet, type::stream);
            door.bind("0.0.0.0:80");  // both hosts: each has ports of its own
            network* mine = &this_network();
            scope inner;
            inner.spawn([&] {
                cardea::sleep(1s);
                if (&this_network() == mine) found.insert(name);
            });
            inner.join();
        });
    }
    w.run();
    EXPECT_EQ(found, (std::set<std::string>{"a", "b"}));
}

TEST(world, hosts_without_a_link_do_not_reach_each_other) {
    world w;
    w.host("far").run(serve_echo);
    std::error_code ec;
    w.host("here").run([&] {
        const deadline within(5s);
        tcp_stream::connect("far:7", ec);
    });
    const report r = w.run();
    EXPECT_EQ(ec, errc::timed_out);
    EXPECT_EQ(r.elapsed, 5s);
}

TEST(world, a_port_that_nobody_listens_on_refuses) {
    world w;
    sim::host& here = w.host("here");
    w.link(here, w.host("there"));
    std::error_code ec;
    here.run([&] { tcp_stream::connect("there:9", ec); });
    w.run();
    EXPECT_EQ(ec, std::errc::connection_refused);
}

TEST(world, a_program_that_waits_for_nothing_is_stopped) {
    world w;
    bool unwound = false;
    w.host("server").run([&] {
        struct at_end {
            bool& done;
            ~at_end() { done = true; }
        } const mark{unwound};
        serve_echo();
    });
    EXPECT_EQ(w.run().programs_stopped, 1U);
    EXPECT_TRUE(unwound);
}

TEST(world, a_failure_of_a_program_is_the_runs) {
    world w;
    w.host("server").run(serve_echo);
    w.host("broken").run([] { throw std::runtime_error("broken"); });
    EXPECT_THROW(w.run(), std::runtime_error);
}

TEST(world, datagrams_cross_it_by_name) {
    world w;
    sim::host& a = w.host("a");
    sim::host& b = w.host("b");
    w.link(a, b, {.delay = 3ms});
    std::string said;
    endpoint from;
    a.run([&] {
        udp_socket door = udp_socket::bind("*:53");
        std::vector<char> room(100);
        const auto got = door.recv_from(room);
        said.assign(room.data(), got.size);
        from = got.from;
    });
    b.run([&] { udp_socket::open().send_to("question", a.address(family::inet, 53)); });
    const report r = w.run();
    EXPECT_EQ(said, "question");
    EXPECT_EQ(from.host(), "10.0.0.2");
    EXPECT_EQ(r.elapsed, 3ms);
}

}  // namespace
}  // namespace cardea::sim::test
