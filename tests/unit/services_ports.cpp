// Ports of services by name, with and without the help of the system's table.
#include <gtest/gtest.h>
#include <cardea/endpoint.hpp>

#include <string>
#include <string_view>

namespace {

using namespace std::literals;
using cardea::well_known_port;

struct row {
    std::string_view name;
    std::uint16_t port;
};

// Numbers from IANA's registry, entered here on their own: the library's table is not its own witness.
constexpr row rows[] = {
    {"echo", 7},           {"discard", 9},    {"daytime", 13}, {"chargen", 19},      {"ftp-data", 20},
    {"ftp", 21},           {"ssh", 22},       {"telnet", 23},  {"smtp", 25},         {"time", 37},
    {"domain", 53},        {"tftp", 69},      {"http", 80},    {"pop3", 110},        {"ntp", 123},
    {"imap", 143},         {"snmp", 161},     {"ldap", 389},   {"https", 443},       {"syslog", 514},
    {"submission", 587},   {"domain-s", 853}, {"imaps", 993},  {"pop3s", 995},       {"mqtt", 1883},
    {"stun", 3478},        {"sip", 5060},     {"mdns", 5353},  {"postgresql", 5432}, {"x11", 6000},
    {"secure-mqtt", 8883},
};

TEST(services_ports, of_well_known_names) {
    for (const auto& r : rows) EXPECT_EQ(well_known_port(r.name), r.port) << r.name;
}

TEST(services_ports, in_any_case) {
    EXPECT_EQ(well_known_port("HTTP"), 80);
    EXPECT_EQ(well_known_port("Ftp-Data"), 20);
}

TEST(services_ports, of_nothing_known_are_0) {
    EXPECT_EQ(well_known_port(""), 0);
    EXPECT_EQ(well_known_port("htpp"), 0);
    EXPECT_EQ(well_known_port("http "), 0);
    EXPECT_EQ(well_known_port("htt"), 0);
    EXPECT_EQ(well_known_port("http\0"sv), 0);
    EXPECT_EQ(well_known_port("http\0x"sv), 0);
    EXPECT_EQ(well_known_port("\xc8TTP"), 0);
    EXPECT_EQ(well_known_port(std::string(63, 'a')), 0);
    EXPECT_EQ(well_known_port(std::string(64, 'a')), 0);
    EXPECT_EQ(well_known_port(std::string(1'000'000, 'a')), 0);
}

}  // namespace
