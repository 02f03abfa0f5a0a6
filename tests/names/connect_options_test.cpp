// How connect() can be told to go about it, and who may end it, in virtual time.
#include "worlds.hpp"

namespace cardea::sim::test {
namespace {

TEST(connect_options, the_attempt_delay_is_the_callers) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    w.world().name("half", {w.dead("nowhere").address(family::inet6, 0), server.address(family::inet, 0)});
    EXPECT_EQ(w.run_connect("half:7", {.attempt_delay = 2s}).took, 2s + 10ms);
}

TEST(connect_options, the_attempt_delay_is_at_least_ten_milliseconds) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    w.world().name("half", {w.dead("nowhere").address(family::inet6, 0), server.address(family::inet, 0)});
    EXPECT_EQ(w.run_connect("half:7", {.attempt_delay = 0ms}).took, 10ms + 10ms);
}

TEST(connect_options, the_resolution_delay_is_the_callers) {
    struct example {
        std::chrono::nanoseconds delay;
        family connected;
        std::chrono::nanoseconds took;
    };
    for (const example& e : {example{2s, family::inet6, 1s + 10ms}, example{500ms, family::inet, 520ms + 10ms},
                             example{0ns, family::inet, 20ms + 10ms}, example{-1s, family::inet, 20ms + 10ms},
                             example{std::chrono::nanoseconds::max(), family::inet6, 1s + 10ms}}) {
        racing_world w;
        const sim::host& server = w.server("server", 10ms);
        w.world().name("name", {server.address(family::inet6, 0), server.address(family::inet, 0)},
                       {.inet6 = 1s, .inet = 20ms});
        const outcome o = w.run_connect("name:7", {.resolution_delay = e.delay});
        EXPECT_EQ(o.peer.family(), e.connected) << e.delay.count();
        EXPECT_EQ(o.took, e.took) << e.delay.count();
    }
}

TEST(connect_options, the_family_that_comes_first_can_be_chosen) {
    for (const families wanted : {families::inet_first, families::inet_only}) {
        racing_world w;
        w.server("server", 10ms);
        EXPECT_EQ(w.run_connect("server:7", {.families = wanted}).peer.family(), family::inet);
    }
    for (const families wanted : {families::inet6_first, families::inet6_only}) {
        racing_world w;
        const sim::host& server = w.server("server", 10ms);
        w.world().name("turned", {server.address(family::inet, 0), server.address(family::inet6, 0)});
        EXPECT_EQ(w.run_connect("turned:7", {.families = wanted}).peer.family(), family::inet6);
    }
}

TEST(connect_options, the_family_that_comes_first_is_not_the_only_one) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    w.world().name("half", {server.address(family::inet6, 0), w.dead("nowhere").address(family::inet, 0)});
    const outcome o = w.run_connect("half:7", {.families = families::inet_first});
    EXPECT_EQ(o.peer.family(), family::inet6);
    EXPECT_EQ(o.took, 250ms + 10ms);
}

TEST(connect_options, no_address_of_the_only_family_is_an_error_that_says_so) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    w.world().name("old", {server.address(family::inet, 0)});
    const outcome o = w.run_connect("old:7", {.families = families::inet6_only});
    EXPECT_EQ(o.error, std::errc::address_family_not_supported);
    EXPECT_EQ(o.sockets_left, 0U);
}

TEST(connect_options, the_local_port_is_bound_for_every_attempt) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    w.world().name("half", {w.dead("nowhere").address(family::inet, 0), server.address(family::inet, 0)});
    endpoint local;
    const outcome o = w.run([&] {
        tcp_stream peer = tcp_stream::connect("half:7", {.local = endpoint::any(family::inet, 4711)});
        local = peer.local();
        return peer;
    });
    EXPECT_TRUE(o.connected) << o.what;
    EXPECT_EQ(local, w.client().address(family::inet, 4711));
}

TEST(connect_options, a_local_address_leaves_servers_of_its_family) {
    racing_world w;
    w.server("server", 10ms);
    const endpoint mine = w.client().address(family::inet, 0);
    const outcome o = w.run([&] { return tcp_stream::connect("server:7", {.local = mine}); });
    EXPECT_EQ(o.peer.family(), family::inet) << o.what;
}

TEST(connect_any, races_addresses_in_the_order_given) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    const endpoint dead = w.dead("nowhere").address(family::inet6, 7);
    const outcome o = w.run([&] { return tcp_stream::connect_any({dead, dead, server.address(family::inet6, 7)}); });
    EXPECT_EQ(o.took, 500ms + 10ms);
    EXPECT_EQ(o.peer, server.address(family::inet6, 7));
}

TEST(connect_any, of_nothing_is_an_error) {
    racing_world w;
    EXPECT_EQ(w.run([] { return tcp_stream::connect_any({}); }).error, std::errc::address_not_available);
}

TEST(connect_limits, the_limit_of_a_call_bounds_all_of_it) {
    racing_world w;
    w.world().name("many", std::vector<endpoint>(20, w.dead("nowhere").address(family::inet, 0)));
    const outcome o = w.run([] {
        const call_limit each(1s);
        return tcp_stream::connect("many:80");
    });
    EXPECT_EQ(o.error, errc::timed_out);
    EXPECT_EQ(o.took, 1s);
    EXPECT_EQ(o.sockets_left, 0U);
}

TEST(connect_limits, a_deadline_that_has_passed_lets_nothing_begin) {
    racing_world w;
    w.server("server", 10ms);
    const outcome o = w.run([] {
        const deadline passed(0ns);
        return tcp_stream::connect("server:7");
    });
    EXPECT_EQ(o.error, errc::timed_out);
    EXPECT_EQ(o.took, 0ns);
    EXPECT_TRUE(w.accepted().empty());
}

TEST(connect_limits, a_cancellation_in_the_middle_of_the_race_ends_all_of_it_at_once) {
    racing_world w;
    w.world().name("many", std::vector<endpoint>(20, w.dead("nowhere").address(family::inet, 0)));
    bool unwound = false;
    std::error_code seen;
    const outcome o = w.run([&]() -> tcp_stream {
        scope racers;
        racers.spawn([&] {
            try {
                tcp_stream::connect("many:80");
            } catch (const cancelled&) {
                unwound = true;
                throw;
            }
        });
        racers.spawn([&] { tcp_stream::connect("many:80", seen); });
        cardea::sleep(600ms);
        racers.cancel();
        racers.join();
        return {};
    });
    EXPECT_TRUE(unwound);
    EXPECT_EQ(seen, errc::cancelled);
    EXPECT_EQ(o.took, 600ms);
    EXPECT_EQ(o.sockets_left, 0U);
}

}  // namespace
}  // namespace cardea::sim::test
