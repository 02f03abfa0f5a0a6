// Services by name (SRV, RFC 2782) and reverse look-ups, in a simulated world.
#include "worlds.hpp"

namespace cardea::sim::test {
namespace {

service_record record(std::string target, std::uint16_t port, std::uint16_t priority = 0) {
    service_record r;
    r.target = std::move(target);
    r.port = port;
    r.priority = priority;
    return r;
}

TEST(service, connect_goes_to_the_host_and_port_that_the_domain_names) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    w.world().service("_echo._tcp.example", {record("server", 7)});
    const outcome o = w.run_connect("_echo._tcp.example");
    EXPECT_EQ(o.peer, server.address(family::inet6, 7)) << o.what;
}

TEST(service, no_name_is_no_service) {
    std::error_code ec;
    EXPECT_TRUE(resolve_srv("", ec).empty());
    EXPECT_EQ(ec, errc::bad_address);
}

TEST(service, lower_priorities_come_first_and_the_next_is_raced) {
    racing_world w;
    w.dead("nowhere");
    const sim::host& server = w.server("server", 10ms);
    w.world().service("_echo._tcp.example", {record("server", 7, 20), record("nowhere", 7, 10)});
    const outcome o = w.run_connect("_echo._tcp.example");
    EXPECT_EQ(o.peer.with_port(0), server.address(family::inet6, 0)) << o.what;
    EXPECT_EQ(o.took, 2 * 250ms + 10ms);  // both addresses of the first had their head start
    EXPECT_EQ(o.sockets_left, 1U);
}

TEST(service, a_target_without_an_address_is_passed_over_and_told) {
    racing_world w;
    w.refuser("closed", 10ms);
    w.world().service("_echo._tcp.example", {record("lost.example", 7, 1), record("closed", 9, 2)});
    const outcome o = w.run_connect("_echo._tcp.example");
    EXPECT_EQ(o.error, std::errc::connection_refused);
    ASSERT_EQ(o.attempts.size(), 3U);
    EXPECT_EQ(o.attempts[2].host, "lost.example");
    EXPECT_EQ(o.attempts[2].error, errc::name_not_found);
    EXPECT_FALSE(o.attempts[2].server.is_ip());
    EXPECT_NE(o.what.find("look-up of lost.example: no such host name"), std::string::npos) << o.what;
}

TEST(service, a_domain_that_does_not_offer_it_says_so) {
    racing_world w;
    w.world().service("_echo._tcp.example", {record(".", 0)});
    EXPECT_EQ(w.run_connect("_echo._tcp.example").error, errc::not_offered);
    racing_world other;
    EXPECT_EQ(other.run_connect("_echo._tcp.example").error, errc::name_not_found);
}

TEST(service, the_name_of_a_service_has_no_port) {
    racing_world w;
    w.world().service("_echo._tcp.example", {record("client", 7)});
    EXPECT_EQ(w.run_connect("_echo._tcp.example:80").error, errc::name_not_found);
    racing_world other;
    EXPECT_EQ(other.run_connect("_echo._udp.example").error, errc::bad_address);
}

TEST(reverse, gives_the_name_of_the_host) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    w.client().run([&] {
        EXPECT_EQ(reverse(server.address(family::inet, 80)), "server");
        EXPECT_EQ(reverse(server.address(family::inet6, 80)), "server");
    });
    w.world().run();
}

TEST(reverse, an_address_without_a_name_is_an_error_or_itself) {
    racing_world w;
    w.client().run([&] {
        const endpoint unknown = endpoint::parse("192.0.2.1:80");
        std::error_code ec;
        EXPECT_EQ(reverse(unknown, nameless::is_an_error, ec), "");
        EXPECT_EQ(ec, errc::name_not_found);
        EXPECT_THROW(reverse(unknown), error);
        EXPECT_EQ(reverse(unknown, nameless::gives_the_address), "192.0.2.1");
    });
    w.world().run();
}

TEST(resolve, gives_every_address_with_the_port) {
    racing_world w;
    const sim::host& server = w.server("server", 10ms);
    w.client().run([&] {
        EXPECT_EQ(resolve("server:http"),
                  (std::vector<endpoint>{server.address(family::inet6, 80), server.address(family::inet, 80)}));
        EXPECT_EQ(resolve("192.0.2.1:80"), (std::vector<endpoint>{endpoint::parse("192.0.2.1:80")}));
        std::error_code ec;
        EXPECT_TRUE(resolve("lost:80", ec).empty());
        EXPECT_EQ(ec, errc::name_not_found);
        resolve("server:99999", ec);
        EXPECT_EQ(ec, errc::bad_address);
        EXPECT_THROW(resolve("server"), error);
    });
    w.world().run();
}

}  // namespace
}  // namespace cardea::sim::test
