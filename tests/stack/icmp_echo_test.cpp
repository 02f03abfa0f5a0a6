// Echo: answered as it came, not to broadcasts, and not when told not to.
#include <gtest/gtest.h>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

TEST(icmp_echo, ipv4_is_answered_with_the_same_data) {
    lone_host h;
    auto const request = icmp4(wire::icmpv4::echo_request, 0, 0x12340001, bytes("ping data"));
    auto const out = h.feed(ipv4(peer4, self4, 1, request));
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(raw(out[0].bytes.begin() + 20, out[0].bytes.end()), icmp4(0, 0, 0x12340001, bytes("ping data")));
    auto const header = wire::parse_ipv4(out[0].bytes);
    EXPECT_EQ(header.refused, drop_reason::none);
    EXPECT_EQ(header.header.source, ip(self4));
    EXPECT_EQ(header.header.destination, ip(peer4));
}

TEST(icmp_echo, ipv6_is_answered_with_the_same_data_also_when_sent_to_all_nodes) {
    for (std::string_view to : {self6, std::string_view{"ff02::1"}}) {
        lone_host h;
        auto const request = icmp6(peer6, to, wire::icmpv6::echo_request, 0, 7, bytes("ping"));
        auto const out = h.feed(ipv6(peer6, to, 58, request));
        ASSERT_EQ(out.size(), 1U) << to;
        EXPECT_EQ(raw(out[0].bytes.begin() + 40, out[0].bytes.end()),
                  icmp6(self6, peer6, wire::icmpv6::echo_reply, 0, 7, bytes("ping")));
    }
}

TEST(icmp_echo, a_large_request_comes_in_fragments_and_goes_back_in_fragments) {
    host_pair net;
    auto const data = filler(5000);
    auto const body = icmp6("2001:db8::9", "2001:db8::1", wire::icmpv6::echo_request, 0, 7, data);
    lone_host h;
    std::size_t replies = 0;
    for (std::size_t at = 0; at < body.size(); at += 1024) {
        auto const n = std::min<std::size_t>(1024, body.size() - at);
        wire::ipv6_fragment f;
        f.more = at + n < body.size(), f.offset = static_cast<std::uint16_t>(at), f.identification = 1;
        raw header(8);
        wire::emit_ipv6_fragment(58, f, header);
        replies += h.feed(ipv6(peer6, self6, 44, joined(header, bytes_view{body}.subspan(at, n)))).size();
    }
    EXPECT_EQ(replies, 4U);
}

TEST(icmp_echo, broadcasts_and_bad_checksums_get_no_answer) {
    lone_host h;
    auto request = icmp4(wire::icmpv4::echo_request, 0, 1, bytes("x"));
    EXPECT_TRUE(h.feed(ipv4(peer4, "192.0.2.255", 1, request)).empty());
    EXPECT_TRUE(h.feed(ipv4(peer4, "224.0.0.1", 1, request)).empty());
    EXPECT_TRUE(h.feed(ipv4("0.0.0.0", self4, 1, request)).empty());
    request[8] ^= std::byte{1};
    EXPECT_EQ(h.why_dropped(ipv4(peer4, self4, 1, request)), drop_reason::bad_checksum);
}

TEST(icmp_echo, a_host_may_be_told_to_be_silent) {
    lone_host h{[](host_config& c) { c.answer_echo = false; }};
    EXPECT_TRUE(h.feed(ipv4(peer4, self4, 1, icmp4(wire::icmpv4::echo_request, 0, 1, {}))).empty());
}

TEST(icmp_echo, what_a_link_has_padded_with_is_no_part_of_it) {
    lone_host h;
    raw const padding(18);  // of zeros: the checksum would not tell
    auto const four =
        h.feed(joined(ipv4(peer4, self4, 1, icmp4(wire::icmpv4::echo_request, 0, 1, bytes("abcd"))), padding));
    ASSERT_EQ(four.size(), 1U);
    EXPECT_EQ(four[0].bytes.size(), 20U + 8 + 4);
    auto const six = h.feed(
        joined(ipv6(peer6, self6, 58, icmp6(peer6, self6, wire::icmpv6::echo_request, 0, 1, bytes("abcd"))), padding));
    ASSERT_EQ(six.size(), 1U);
    EXPECT_EQ(six[0].bytes.size(), 40U + 8 + 4);
}

TEST(icmp_echo, answer_has_the_requests_class_without_its_congestion_mark) {
    lone_host h;
    auto const out = h.feed(ipv4(peer4, self4, 1, icmp4(wire::icmpv4::echo_request, 0, 1, bytes("x")),
                                 [](wire::ipv4_header& f) { f.tos = 0xb8 | wire::ecn::ce; }));
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(wire::get8(out[0].bytes, 1), 0xb8);
}

TEST(icmp_echo, nobody_is_not_answered) {
    lone_host h;
    EXPECT_TRUE(
        h.feed(ipv6("::", "ff02::1", 58, icmp6("::", "ff02::1", wire::icmpv6::echo_request, 0, 1, {}))).empty());
}

}  // namespace
}  // namespace cardea::stack
