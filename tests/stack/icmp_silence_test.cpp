// When no ICMP error may be sent: RFC 1122 section 3.2.2 and RFC 4443 section 2.4 (e).
#include <gtest/gtest.h>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

raw closed_port4(std::string_view from = peer4, std::string_view to = self4) {
    return ipv4(from, to, 17, udp(from, to, 5, 9, bytes("data")));
}
raw closed_port6(std::string_view from = peer6, std::string_view to = self6) {
    return ipv6(from, to, 17, udp(from, to, 5, 9, bytes("data")));
}

TEST(icmp_silence, a_closed_port_is_reported_when_nothing_forbids_it) {
    lone_host h;
    EXPECT_EQ(h.feed(closed_port4()).size(), 1U);
    EXPECT_EQ(h.feed(closed_port6()).size(), 1U);
}

TEST(icmp_silence, nothing_about_multicast_or_broadcast) {
    lone_host h;
    EXPECT_TRUE(h.feed(closed_port4(peer4, "255.255.255.255")).empty());
    EXPECT_TRUE(h.feed(closed_port4(peer4, "192.0.2.255")).empty());
    EXPECT_TRUE(h.feed(closed_port4(peer4, "224.0.0.1")).empty());
    EXPECT_TRUE(h.feed(closed_port6(peer6, "ff02::1")).empty());
}

TEST(icmp_silence, nothing_about_a_later_fragment_over_ipv4) {
    lone_host h;
    auto const with_bad_option = [](std::uint16_t offset) {
        auto p = joined(ipv4(peer4, self4, 17, {}), octets({7, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}));
        p[0] = std::byte{0x46};
        wire::put16(p, 2, static_cast<std::uint16_t>(p.size()));
        wire::put16(p, 6, static_cast<std::uint16_t>(offset / 8));
        wire::refresh_ipv4_checksum(std::span{p}.first(24));
        return p;
    };
    EXPECT_EQ(h.feed(with_bad_option(0)).size(), 1U);
    EXPECT_TRUE(h.feed(with_bad_option(8)).empty());
}

TEST(icmp_silence, nothing_to_a_source_that_is_not_one_host) {
    lone_host h;
    EXPECT_TRUE(h.feed(closed_port4("0.0.0.0")).empty());
    EXPECT_TRUE(h.feed(closed_port6("::")).empty());
}

TEST(icmp_silence, nothing_about_an_icmp_error) {
    lone_host h;
    auto const unknown4 = icmp4(wire::icmpv4::unreachable, 13, 0, closed_port4());
    EXPECT_TRUE(h.feed(ipv4(peer4, self4, 1, unknown4)).empty());
    // Options that are wrong would be answered, were they not those of an error (RFC 1122 section 3.2.2).
    for (unsigned const type : {3U, 4U, 5U, 11U, 12U, 8U}) {
        auto p = joined(ipv4(peer4, self4, 1, {}),
                        joined(octets({7, 1, 0, 0}), icmp4(static_cast<std::uint8_t>(type), 0, 0, closed_port4())));
        p[0] = std::byte{0x46};
        wire::put16(p, 2, static_cast<std::uint16_t>(p.size()));
        wire::refresh_ipv4_checksum(std::span{p}.first(24));
        EXPECT_EQ(h.feed(p).empty(), type != wire::icmpv4::echo_request) << type;
    }
    // An ICMPv6 error that is itself in an unknown option's packet would be answered, were it not an error.
    auto const error6 = icmp6(peer6, self6, wire::icmpv6::unreachable, 0, 0, closed_port6());
    auto const about_error = joined(octets({58, 0, 0x9e, 4, 0, 0, 0, 0}), error6);
    EXPECT_TRUE(h.feed(ipv6(peer6, self6, 60, about_error)).empty());
}

TEST(icmp_silence, multicast_is_answered_for_an_option_that_demands_it) {
    lone_host h;
    auto const packet = [](unsigned option, std::string_view from) {
        return ipv6(from, "ff02::1", 60,
                    joined(octets({17, 0, option, 4, 0, 0, 0, 0}), udp(from, "ff02::1", 5, 9, bytes("data"))));
    };
    EXPECT_EQ(h.feed(packet(0x9e, peer6)).size(), 1U);
    EXPECT_EQ(h.feed(packet(0xde, peer6)).size(), 0U);
    EXPECT_EQ(h.feed(packet(0x9e, "::")).size(), 0U);  // but there has to be somebody (RFC 4443 section 2.4 (e.6))
}

TEST(icmp_silence, an_error_quotes_as_much_as_fits_and_no_more) {
    lone_host h;
    auto const big4 = ipv4(peer4, self4, 17, udp(peer4, self4, 5, 9, filler(1400)));
    auto const out4 = h.feed(big4);
    ASSERT_EQ(out4.size(), 1U);
    EXPECT_EQ(out4[0].bytes.size(), 576U);
    EXPECT_TRUE(std::equal(out4[0].bytes.begin() + 28, out4[0].bytes.end(), big4.begin()));
    auto const big6 = ipv6(peer6, self6, 17, udp(peer6, self6, 5, 9, filler(1400)));
    auto const out6 = h.feed(big6);
    ASSERT_EQ(out6.size(), 1U);
    EXPECT_EQ(out6[0].bytes.size(), 1280U);
    EXPECT_TRUE(std::equal(out6[0].bytes.begin() + 48, out6[0].bytes.end(), big6.begin()));
}

}  // namespace
}  // namespace cardea::stack
