// When the families of a name are asked for apart: only where that finds what one look-up of both would have found.
#include "network/name_order.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace cardea::detail {
namespace {

bool lists(const char* text, std::string_view host) {
    std::istringstream hosts(text);
    return has_host(hosts, host);
}

bool is_usual(const char* text) {
    std::istringstream nsswitch(text);
    return has_usual_sources(nsswitch);
}

bool is_ordered(const char* text) {
    std::istringstream gai(text);
    return has_own_order(gai);
}

TEST(name_order, a_name_in_hosts_is_found_by_any_of_its_names_in_any_case) {
    constexpr auto hosts =
        "127.0.0.1\tlocalhost\n# 10.0.0.9 away.test\n10.0.0.1  www.test Alias.test # old.test\n\n::1\n";
    EXPECT_TRUE(lists(hosts, "www.test"));
    EXPECT_TRUE(lists(hosts, "WWW.test"));
    EXPECT_TRUE(lists(hosts, "alias.test"));
    EXPECT_TRUE(lists(hosts, "localhost"));
    for (const char* other : {"away.test", "old.test", "10.0.0.1", "test", "ww.test", "::1", ""}) {
        EXPECT_FALSE(lists(hosts, other)) << other;
    }
}

TEST(name_order, sources_that_may_know_a_name_in_one_family_only_are_told_from_the_usual_ones) {
    EXPECT_TRUE(is_usual(""));
    EXPECT_TRUE(is_usual("passwd: ldap\nhosts: files dns\n"));
    EXPECT_TRUE(is_usual("hosts:\tmymachines resolve [!UNAVAIL=return] files myhostname dns # ldap\n"));
    EXPECT_TRUE(is_usual("hosts: files mdns4_minimal [NOTFOUND=return] dns"));
    EXPECT_TRUE(is_usual("hosts: files [SUCCESS=continue TRYAGAIN=return] dns"));
    EXPECT_FALSE(is_usual("hosts: files ldap dns\n"));
    EXPECT_FALSE(is_usual("hosts: files mdns4 dns\n"));
    EXPECT_FALSE(is_usual("#hosts: files dns\nhosts: files [NOTFOUND=return ] nis\n"));
}

TEST(name_order, a_hosts_own_order_of_addresses_is_noticed) {
    EXPECT_FALSE(is_ordered(""));
    EXPECT_FALSE(is_ordered("#precedence ::ffff:0:0/96  100\nreload no\n"));
    EXPECT_TRUE(is_ordered("# mine\nprecedence ::ffff:0:0/96  100\n"));
    EXPECT_TRUE(is_ordered("  label ::1/128 0\n"));
}

TEST(name_order, names_that_no_server_is_asked_for_are_looked_up_at_one_stroke) {
    for (const char* name : {"localhost", "LOCALHOST.", "a.localhost", "printer.local", "printer.local.", "single"}) {
        EXPECT_FALSE(way_of(name).by_family) << name;
    }
}

TEST(name_order, what_is_asked_by_family_is_absolute) {
    for (const char* name : {"host.example.org", "host.example.org."}) {
        const way_to_look_up way = way_of(name);
        if (!way.by_family) continue;  // this machine says otherwise: gai.conf(5), nsswitch.conf(5), resolv.conf(5)
        EXPECT_EQ(way.absolute, "host.example.org.");
        EXPECT_NE(way.preferred, family::unspecified);
    }
    EXPECT_FALSE(way_of("host.example.org.").may_be_completed);
}

}  // namespace
}  // namespace cardea::detail
