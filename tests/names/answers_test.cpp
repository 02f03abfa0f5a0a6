// The addresses of the families come apart (RFC 8305 section 3): what a connect by name makes of each order and time.
// In virtual time, so that every instant is exact.
#include "worlds.hpp"

namespace cardea::sim::test {
namespace {

constexpr auto never = answer_times::never;
constexpr auto resolution_delay = 50ms;

/// "name" has addresses of a server 10 ms away, which are told so much later; or, where it is `dead`, of nobody.
struct names_world : racing_world {
    enum class silent : std::uint8_t { none, inet6, inet };

    explicit names_world(const answer_times& after, silent which = silent::none) {
        const sim::host& there = server("server", 10ms);
        const sim::host& nowhere = world().host("nowhere");
        inet6 = (which == silent::inet6 ? nowhere : there).address(family::inet6, 7);
        inet = (which == silent::inet ? nowhere : there).address(family::inet, 7);
        world().name("name", {inet6, inet}, after);
    }

    endpoint inet6;
    endpoint inet;
};

TEST(answers, an_ipv6_address_is_tried_without_waiting_for_ipv4) {
    for (const auto inet : {std::chrono::nanoseconds(20ms), never}) {
        names_world w({.inet6 = 20ms, .inet = inet});
        const outcome o = w.run_connect("name:7");
        EXPECT_EQ(o.peer, w.inet6) << o.what;
        EXPECT_EQ(o.took, 20ms + 10ms);
        EXPECT_EQ(o.sockets_left, 1U);
    }
}

TEST(answers, an_ipv4_address_waits_for_ipv6_no_longer_than_the_resolution_delay) {
    for (const auto inet6 : {std::chrono::nanoseconds(20ms + resolution_delay + 20ms), never}) {
        names_world w({.inet6 = inet6, .inet = 20ms});
        const outcome o = w.run_connect("name:7");
        EXPECT_EQ(o.peer, w.inet) << o.what;
        EXPECT_EQ(o.took, 20ms + resolution_delay + 10ms);
        EXPECT_EQ(o.sockets_left, 1U);
    }
}

TEST(answers, an_ipv6_address_within_the_delay_is_tried_at_once_and_first) {
    names_world w({.inet6 = 20ms + 30ms, .inet = 20ms});
    const outcome o = w.run_connect("name:7");
    EXPECT_EQ(o.peer, w.inet6) << o.what;
    EXPECT_EQ(o.took, 50ms + 10ms);
    EXPECT_EQ(w.accepted().size(), 1U);
}

TEST(answers, that_there_is_no_ipv6_address_ends_the_delay) {
    names_world w({});
    w.world().name("old", {w.inet}, {.inet6 = 30ms, .inet = 20ms});
    const outcome o = w.run_connect("old:7", {.families = families::inet6_first});
    EXPECT_EQ(o.peer, w.inet) << o.what;
    EXPECT_EQ(o.took, 30ms + 10ms);
}

TEST(answers, the_family_that_is_preferred_is_the_one_waited_for) {
    names_world w({.inet6 = 20ms, .inet = 40ms});
    const outcome o = w.run_connect("name:7", {.families = families::inet_first});
    EXPECT_EQ(o.peer, w.inet) << o.what;
    EXPECT_EQ(o.took, 40ms + 10ms);
}

TEST(answers, the_other_family_is_neither_asked_for_nor_waited_for_if_only_one_is_wanted) {
    names_world w({.inet6 = never, .inet = 20ms});
    const outcome o = w.run_connect("name:7", {.families = families::inet_only});
    EXPECT_EQ(o.took, 20ms + 10ms) << o.what;
}

TEST(answers, late_ipv6_addresses_join_a_race_that_is_under_way) {
    names_world w({.inet6 = 400ms, .inet = 0ms}, names_world::silent::inet);
    const outcome o = w.run_connect("name:7");
    EXPECT_EQ(o.peer, w.inet6) << o.what;
    EXPECT_EQ(o.took, 400ms + 10ms);  // the head start of the other was over
    EXPECT_EQ(o.sockets_left, 1U);
}

TEST(answers, late_addresses_leave_those_under_way_their_head_start) {
    names_world w({.inet6 = 100ms, .inet = 0ms}, names_world::silent::inet);
    EXPECT_EQ(w.run_connect("name:7").took, resolution_delay + 250ms + 10ms);
}

TEST(answers, late_addresses_come_next_the_families_by_turns) {
    names_world w({});
    const endpoint nowhere = w.dead("nowhere").address(family::inet, 7);
    w.world().name("many", {w.inet6, nowhere, nowhere, nowhere, nowhere}, {.inet6 = 100ms, .inet = 0ms});
    const outcome o = w.run_connect("many:7");
    EXPECT_EQ(o.peer, w.inet6) << o.what;
    EXPECT_EQ(o.took, resolution_delay + 250ms + 10ms);  // before the second of those that were there
}

TEST(answers, late_addresses_are_waited_for_when_every_attempt_has_failed) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    w.world().name("both", {w.refuser("closed", 6ms).address(family::inet6, 0), server.address(family::inet, 0)},
                   {.inet6 = 0ms, .inet = 3s});
    const outcome o = w.run_connect("both:7");
    EXPECT_EQ(o.peer, server.address(family::inet, 7)) << o.what;
    EXPECT_EQ(o.took, 3s + 10ms);
    EXPECT_EQ(o.sockets_left, 1U);
}

TEST(answers, a_deadline_bounds_the_look_up_and_the_race_together_and_the_error_tells_of_both) {
    names_world w({.inet6 = never, .inet = 100ms}, names_world::silent::inet);
    const outcome o = w.run([&] {
        const deadline within(1s);
        return tcp_stream::connect("name:7");
    });
    EXPECT_EQ(o.error, errc::timed_out);
    EXPECT_EQ(o.took, 1s);
    EXPECT_EQ(o.what, "connect to name:7: " + w.inet.to_string() +
                          ": timed out after 850 ms; look-up of name (IPv6): timed out after 1 s");
    ASSERT_EQ(o.attempts.size(), 2U);
    EXPECT_EQ(o.attempts[0].server, w.inet);
    EXPECT_EQ(o.attempts[1].host, "name");
    EXPECT_EQ(o.attempts[1].asked_for, family::inet6);
    EXPECT_EQ(o.sockets_left, 0U);
}

TEST(answers, where_none_comes_the_deadline_ends_it) {
    names_world w({.inet6 = never, .inet = never});
    const outcome o = w.run([&] {
        const deadline within(1s);
        return tcp_stream::connect("name:7");
    });
    EXPECT_EQ(o.error, errc::timed_out);
    EXPECT_EQ(o.took, 1s);
    EXPECT_EQ(o.what, "connect to name:7: look-up of name: timed out after 1 s");
}

TEST(answers, what_a_deadline_within_the_resolution_delay_leaves_is_told) {
    names_world w({.inet6 = never, .inet = 0ms});
    const outcome o = w.run([&] {
        const deadline within(20ms);
        return tcp_stream::connect("name:7");
    });
    EXPECT_EQ(o.what, "connect to name:7: look-up of name (IPv6): timed out after 20 ms; 1 more not tried");
    EXPECT_TRUE(w.accepted().empty());
}

TEST(answers, a_cancellation_ends_the_wait_for_them) {
    names_world w({.inet6 = never, .inet = never});
    const outcome o = w.run([&]() -> tcp_stream {
        scope child;
        child.spawn([] { tcp_stream::connect("name:7"); });
        cardea::sleep(30ms);
        child.cancel();
        child.join();
        return {};
    });
    EXPECT_EQ(o.took, 30ms);
    EXPECT_EQ(o.sockets_left, 0U);
}

TEST(answers, a_name_without_any_address_is_told_once) {
    racing_world w;
    w.world().name("nothing", {}, {.inet6 = 10ms, .inet = 20ms});
    const outcome o = w.run_connect("nothing:7");
    EXPECT_EQ(o.what, "connect to nothing:7: look-up of nothing: no such host name");
    EXPECT_EQ(o.took, 20ms);
}

TEST(answers, a_service_goes_on_without_a_family_that_is_silent) {
    names_world w({.inet6 = never, .inet = 20ms});
    service_record there;
    there.target = "name";
    there.port = 7;
    w.world().service("_echo._tcp.example", {there});
    const outcome o = w.run_connect("_echo._tcp.example");
    EXPECT_EQ(o.peer, w.inet) << o.what;
    EXPECT_EQ(o.took, 20ms + resolution_delay + 10ms);
}

TEST(answers, resolve_waits_for_both_families) {
    names_world w({.inet6 = 30ms, .inet = 20ms});
    std::vector<endpoint> all;
    const outcome o = w.run([&] {
        all = resolve("name:7");
        return tcp_stream();
    });
    EXPECT_EQ(all, (std::vector<endpoint>{w.inet6, w.inet}));
    EXPECT_EQ(o.took, 30ms);
}

TEST(answers, a_look_up_that_a_fault_befalls_is_one_look_up) {
    names_world w({.inet6 = 10ms, .inet = 10ms});
    std::uint64_t calls = 0;
    std::uint64_t faults = 0;
    const outcome o = w.run([&] {
        faulty_network net;
        net.add(fault::fail(network_call::resolve, errc::name_unavailable).at(2));
        net.run([] {
            const tcp_stream first = tcp_stream::connect("name:7");
            std::error_code ec;
            tcp_stream::connect("name:7", ec);
            EXPECT_EQ(ec, errc::name_unavailable);
        });
        calls = net.calls(network_call::resolve);
        faults = net.faults();
        return tcp_stream();
    });
    EXPECT_EQ(calls, 2U) << o.what;
    EXPECT_EQ(faults, 1U);
}

}  // namespace
}  // namespace cardea::sim::test
