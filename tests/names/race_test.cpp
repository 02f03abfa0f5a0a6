// Connecting by name in a simulated world: which address wins, when, and what is left of the others. In virtual time,
// so that every instant is exact.
#include "worlds.hpp"

namespace cardea::sim::test {
namespace {

TEST(racing, one_address_is_simply_connected_to) {
    racing_world w;
    w.server("server", 10ms);
    w.world().name("one", {w.world().host("server").address(family::inet, 0)});
    const outcome o = w.run_connect("one:7");
    EXPECT_TRUE(o.connected) << o.what;
    EXPECT_EQ(o.took, 10ms);
    EXPECT_EQ(o.sockets_left, 1U);
}

TEST(racing, the_first_to_answer_in_time_is_the_only_one_tried) {
    racing_world w;
    w.server("server", 100ms);
    const outcome o = w.run_connect("server:7");
    EXPECT_EQ(o.peer.family(), family::inet6);
    EXPECT_EQ(o.took, 100ms);
    EXPECT_EQ(w.accepted().size(), 1U);
    EXPECT_EQ(o.sockets_left, 1U);
}

TEST(racing, where_ipv6_is_dead_ipv4_costs_one_delay) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    w.world().name("half", {w.dead("nowhere").address(family::inet6, 0), server.address(family::inet, 0)});
    const outcome o = w.run_connect("half:7");
    EXPECT_EQ(o.peer, server.address(family::inet, 7));
    EXPECT_EQ(o.took, 250ms + 10ms);
    EXPECT_EQ(o.sockets_left, 1U);
}

TEST(racing, where_ipv4_is_dead_ipv6_costs_one_delay) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    w.world().name("half", {w.dead("nowhere").address(family::inet, 0), server.address(family::inet6, 0)});
    const outcome o = w.run_connect("half:7");
    EXPECT_EQ(o.peer, server.address(family::inet6, 7));
    EXPECT_EQ(o.took, 250ms + 10ms);
    EXPECT_EQ(o.sockets_left, 1U);
}

TEST(racing, the_other_family_is_second_however_many_of_the_first_there_are) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    const endpoint nowhere = w.dead("nowhere").address(family::inet6, 0);
    w.world().name("half", {nowhere, nowhere, nowhere, server.address(family::inet, 0)});
    EXPECT_EQ(w.run_connect("half:7").took, 250ms + 10ms);
}

TEST(racing, when_all_are_dead_the_error_names_each_and_when_it_began) {
    racing_world w;
    const sim::host& nowhere = w.dead("nowhere");
    const outcome o = w.run([&] {
        const deadline within(3s);
        return tcp_stream::connect("nowhere:80");
    });
    EXPECT_FALSE(o.connected);
    EXPECT_EQ(o.error, errc::timed_out);
    EXPECT_EQ(o.took, 3s);
    EXPECT_EQ(o.what, "connect to nowhere:80: " + nowhere.address(family::inet6, 80).to_string() +
                          ": timed out after 3 s; " + nowhere.address(family::inet, 80).to_string() +
                          ": timed out after 2.7 s");
    ASSERT_EQ(o.attempts.size(), 2U);
    EXPECT_EQ(o.attempts[0].host, "nowhere");
    EXPECT_EQ(o.attempts[0].server, nowhere.address(family::inet6, 80));
    EXPECT_EQ(o.attempts[0].error, errc::timed_out);
    EXPECT_EQ(o.attempts[0].took, 3s);
    EXPECT_EQ(o.attempts[1].took, 2750ms);
    EXPECT_EQ(o.sockets_left, 0U);
}

TEST(racing, what_the_deadline_left_untried_is_counted) {
    racing_world w;
    const endpoint nowhere = w.dead("nowhere").address(family::inet, 0);
    w.world().name("many", std::vector<endpoint>(20, nowhere));
    const outcome o = w.run([&] {
        const deadline within(600ms);
        return tcp_stream::connect("many:80");
    });
    EXPECT_EQ(o.attempts.size(), 3U);  // at 0, 250 and 500 ms
    EXPECT_TRUE(o.what.ends_with("; 17 more not tried")) << o.what;
    EXPECT_EQ(o.sockets_left, 0U);
}

TEST(racing, when_all_refuse_it_is_over_at_once) {
    racing_world w;
    w.refuser("closed", 10ms);
    const outcome o = w.run_connect("closed:80");
    EXPECT_EQ(o.error, std::errc::connection_refused);
    EXPECT_EQ(o.took, 20ms);
    ASSERT_EQ(o.attempts.size(), 2U);
    EXPECT_EQ(o.attempts[1].error, std::errc::connection_refused);
    EXPECT_EQ(o.attempts[1].took, 10ms);
    EXPECT_EQ(o.sockets_left, 0U);
}

TEST(racing, a_refusal_lets_the_next_begin_early) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    w.world().name("both", {w.refuser("closed", 6ms).address(family::inet6, 0), server.address(family::inet, 0)});
    EXPECT_EQ(w.run_connect("both:7").took, 6ms + 10ms);
}

TEST(racing, a_slow_first_address_wins_if_the_second_is_slower_still) {
    racing_world w;
    const sim::host& slow = w.server("slow", 400ms);
    w.world().name("both", {slow.address(family::inet6, 0), w.server("slower", 600ms).address(family::inet, 0)});
    const outcome o = w.run_connect("both:7");
    EXPECT_EQ(o.peer, slow.address(family::inet6, 7));
    EXPECT_EQ(o.took, 400ms);
    EXPECT_EQ(o.sockets_left, 1U);
    EXPECT_EQ(w.accepted(), (std::vector<std::string>{"slow"}));
}

// The first one's SYN-ACK is under way when the second has won: it must find nobody.
TEST(racing, a_loser_that_answers_late_is_refused) {
    racing_world w;
    const sim::host& quick = w.server("quick", 20ms);
    w.world().name("both", {w.server("slow", 400ms).address(family::inet6, 0), quick.address(family::inet, 0)});
    const outcome o = w.run_connect("both:7");
    EXPECT_EQ(o.peer, quick.address(family::inet, 7));
    EXPECT_EQ(o.took, 270ms);
    EXPECT_EQ(o.sockets_left, 1U);
    EXPECT_EQ(w.accepted(), (std::vector<std::string>{"quick"}));
}

TEST(racing, two_that_answer_at_the_same_instant_leave_one_connection) {
    racing_world w;
    w.world().name("both",
                   {w.server("a", 300ms).address(family::inet6, 0), w.server("b", 50ms).address(family::inet, 0)});
    const outcome o = w.run_connect("both:7");
    EXPECT_TRUE(o.connected);
    EXPECT_EQ(o.took, 300ms);
    EXPECT_EQ(o.sockets_left, 1U);
}

TEST(racing, the_last_of_twenty_is_found) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    std::vector<endpoint> many(19, w.dead("nowhere").address(family::inet, 0));
    many.push_back(server.address(family::inet, 0));
    w.world().name("many", many);
    const outcome o = w.run_connect("many:7");
    EXPECT_TRUE(o.connected) << o.what;
    EXPECT_EQ(o.took, 19 * 250ms + 10ms);
    EXPECT_EQ(o.sockets_left, 1U);
}

TEST(racing, more_addresses_than_a_race_has_room_for_are_not_tried) {
    racing_world w;
    w.world().name("crowd", std::vector<endpoint>(100, w.refuser("closed", 2ms).address(family::inet, 0)));
    const outcome o = w.run_connect("crowd:80");
    EXPECT_EQ(o.attempts.size(), 64U);
    EXPECT_TRUE(o.what.ends_with("; 36 more not tried")) << o.what;
}

TEST(racing, the_same_seed_races_the_same) {
    const auto digest = [] {
        racing_world w(seed{7});
        const sim::host& server = w.server("server", 400ms);
        w.world().name("both", {w.dead("nowhere").address(family::inet6, 0), server.address(family::inet, 0)});
        w.run_connect("both:7");
        return w.what().digest;
    };
    EXPECT_EQ(digest(), digest());
}

}  // namespace
}  // namespace cardea::sim::test
