// Packets that a host must not take: each is right but for one thing, and is dropped for that.
#include <gtest/gtest.h>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class ip_validation : public ::testing::Test {
  protected:
    void SetUp() override {
        socket = h.it->open_udp(ip_version::v6);
        ASSERT_EQ(socket->bind({ip_address::any_v6(), 9}), error::ok);
    }
    raw good4(std::string_view from = peer4, std::string_view to = self4) {
        return ipv4(from, to, wire::protocol::udp, udp(from, to, 5, 9, bytes("data")));
    }
    raw good6(std::string_view from = peer6, std::string_view to = self6) {
        return ipv6(from, to, wire::protocol::udp, udp(from, to, 5, 9, bytes("data")));
    }
    lone_host h;
    std::unique_ptr<cardea::stack::socket> socket;
};

TEST_F(ip_validation, the_unspoiled_packets_are_taken) {
    EXPECT_EQ(h.why_dropped(good4()), drop_reason::none);
    EXPECT_EQ(receive(*socket, h.now), "data");
    EXPECT_EQ(h.why_dropped(good6()), drop_reason::none);
    EXPECT_EQ(receive(*socket, h.now), "data");
}

TEST_F(ip_validation, every_truncation_is_dropped) {
    for (auto const& whole : {good4(), good6()})
        for (std::size_t n = 0; n < whole.size(); ++n) {
            raw const cut{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)};
            ASSERT_EQ(h.why_dropped(cut), drop_reason::truncated) << n;
        }
    EXPECT_EQ(receive(*socket, h.now), "<EAGAIN>");
}

TEST_F(ip_validation, link_padding_is_cut_off) {
    for (auto packet : {good4(), good6()}) {
        packet.resize(packet.size() + 13);
        EXPECT_EQ(h.why_dropped(packet), drop_reason::none);
        EXPECT_EQ(receive(*socket, h.now), "data");
    }
}

TEST_F(ip_validation, a_version_that_is_neither_is_dropped) {
    auto p = good4();
    p[0] = std::byte{0x55};
    EXPECT_EQ(h.why_dropped(p), drop_reason::bad_version);
}

TEST_F(ip_validation, a_header_length_below_five_words_is_dropped) {
    auto p = good4();
    p[0] = std::byte{0x44};
    EXPECT_EQ(h.why_dropped(p), drop_reason::bad_header);
}

TEST_F(ip_validation, every_single_bit_error_in_the_ipv4_header_is_noticed) {
    for (std::size_t bit = 0; bit < 160; ++bit) {
        auto p = good4();
        p[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        ASSERT_NE(h.why_dropped(p), drop_reason::none) << bit;
    }
    EXPECT_EQ(receive(*socket, h.now), "<EAGAIN>");
}

TEST_F(ip_validation, every_single_bit_error_in_a_udp_datagram_is_noticed) {
    auto const whole4 = good4();
    auto const whole6 = good6();
    for (auto const& [whole, header] : {std::pair{whole4, 20U}, std::pair{whole6, 40U}})
        for (std::size_t bit = header * 8; bit < whole.size() * 8; ++bit) {
            auto p = whole;
            p[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
            ASSERT_NE(h.why_dropped(p), drop_reason::none) << bit;
        }
    EXPECT_EQ(receive(*socket, h.now), "<EAGAIN>");
}

TEST_F(ip_validation, nobody_speaks_to_groups_only) {
    for (auto const* source : {"0.0.0.0", "0.1.2.3"})
        EXPECT_EQ(h.why_dropped(good4(source)), drop_reason::martian) << source;
    EXPECT_EQ(h.why_dropped(good6("::")), drop_reason::martian);
    EXPECT_EQ(receive(*socket, h.now), "<EAGAIN>");
    EXPECT_EQ(h.why_dropped(good4("0.0.0.0", "255.255.255.255")), drop_reason::none);  // a client of DHCP
    EXPECT_EQ(receive(*socket, h.now), "data");
    EXPECT_EQ(h.why_dropped(good4("0.1.2.3", "255.255.255.255")), drop_reason::martian);
}

TEST_F(ip_validation, impossible_sources_are_martians) {
    for (auto source : {"224.0.0.5", "255.255.255.255", "192.0.2.255", "127.0.0.1", "192.0.2.1"})
        EXPECT_EQ(h.why_dropped(good4(source)), drop_reason::martian) << source;
    for (auto source : {"ff02::1", "::1", "2001:db8::1", "::ffff:192.0.2.9"})
        EXPECT_EQ(h.why_dropped(good6(source)), drop_reason::martian) << source;
    EXPECT_EQ(h.why_dropped(good4(peer4, "127.0.0.1")), drop_reason::martian);
    EXPECT_EQ(h.why_dropped(good6(peer6, "::1")), drop_reason::martian);
}

TEST_F(ip_validation, what_is_for_another_host_is_not_forwarded) {
    EXPECT_EQ(h.why_dropped(good4(peer4, "192.0.2.77")), drop_reason::not_for_us);
    EXPECT_EQ(h.why_dropped(good6(peer6, "2001:db8::77")), drop_reason::not_for_us);
    EXPECT_TRUE(h.feed(good4(peer4, "198.51.100.1")).empty());
}

TEST_F(ip_validation, a_source_route_is_refused_with_an_error) {
    auto const body = udp(peer4, self4, 5, 9, bytes("data"));
    for (unsigned kind : {131U, 137U}) {
        raw header(20);
        wire::ipv4_header f;
        f.source = ip(peer4), f.destination = ip(self4), f.protocol = 17;
        f.total_size = static_cast<std::uint16_t>(28 + body.size());
        wire::emit_ipv4(f, header);
        auto p = joined(joined(header, octets({kind, 7, 8, 192, 0, 2, 1, 0})), body);
        p[0] = std::byte{0x47};
        wire::refresh_ipv4_checksum(std::span{p}.first(28));
        EXPECT_EQ(h.why_dropped(p), drop_reason::source_routed);
        auto const answer = h.feed(p);
        ASSERT_EQ(answer.size(), 1U);
        EXPECT_EQ(wire::get8(answer[0].bytes, 20), wire::icmpv4::unreachable);
        EXPECT_EQ(wire::get8(answer[0].bytes, 21), 5);
    }
}

TEST_F(ip_validation, other_options_are_passed_over_and_malformed_ones_reported) {
    auto const body = udp(peer4, self4, 5, 9, bytes("data"));
    auto const with_options = [&](raw const& options) {
        auto p = ipv4(peer4, self4, 17, {});
        p = joined(joined(p, options), body);
        p[0] = static_cast<std::byte>(0x40 + 5 + options.size() / 4);
        wire::put16(p, 2, static_cast<std::uint16_t>(p.size()));
        wire::refresh_ipv4_checksum(std::span{p}.first(20 + options.size()));
        return p;
    };
    EXPECT_EQ(h.why_dropped(with_options(octets({1, 1, 148, 4, 0, 0, 0, 0}))), drop_reason::none);
    EXPECT_EQ(receive(*socket, h.now), "data");
    EXPECT_EQ(h.why_dropped(with_options(octets({7, 1, 0, 0}))), drop_reason::bad_options);
    auto const answer = h.feed(with_options(octets({1, 7, 9, 0})));
    ASSERT_EQ(answer.size(), 1U);
    EXPECT_EQ(wire::get8(answer[0].bytes, 20), wire::icmpv4::parameter_problem);
    EXPECT_EQ(wire::get8(answer[0].bytes, 24), 22);  // points at the length octet
}

TEST_F(ip_validation, a_zero_udp_checksum_is_fine_over_ipv4_and_forbidden_over_ipv6) {
    auto p4 = good4();
    wire::put16(p4, 26, 0);
    EXPECT_EQ(h.why_dropped(p4), drop_reason::none);
    auto p6 = good6();
    wire::put16(p6, 46, 0);
    EXPECT_EQ(h.why_dropped(p6), drop_reason::bad_checksum);
}

TEST_F(ip_validation, an_unknown_protocol_is_answered_with_an_error) {
    auto const v4 = h.feed(ipv4(peer4, self4, 99, bytes("12345678")));
    ASSERT_EQ(v4.size(), 1U);
    EXPECT_EQ(wire::get8(v4[0].bytes, 20), wire::icmpv4::unreachable);
    EXPECT_EQ(wire::get8(v4[0].bytes, 21), wire::icmpv4::code_protocol);
    auto const v6 = h.feed(ipv6(peer6, self6, 99, bytes("12345678")));
    ASSERT_EQ(v6.size(), 1U);
    EXPECT_EQ(wire::get8(v6[0].bytes, 40), wire::icmpv6::parameter_problem);
    EXPECT_EQ(wire::get8(v6[0].bytes, 41), 1);
    EXPECT_EQ(wire::get32(v6[0].bytes, 44), 6U);
}

TEST_F(ip_validation, a_udp_length_below_the_packets_ends_the_datagram) {
    auto const s = h.it->open_udp(ip_version::v4);
    ASSERT_EQ(s->bind({ip_address::any_v4(), 19}), error::ok);
    auto const longer = joined(udp(peer4, self4, 5, 19, bytes("data")), bytes("more"));
    h.feed(ipv4(peer4, self4, 17, longer));
    EXPECT_EQ(receive(*s, h.now), "data");
    EXPECT_EQ(h.why_dropped(ipv4(peer4, self4, 17, udp(peer4, self4, 5, 0, bytes("data")))),
              drop_reason::bad_transport_header);  // nobody has port 0
}

}  // namespace
}  // namespace cardea::stack
