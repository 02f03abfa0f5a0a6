// What RFC 9293 asks of TCP together with its IP layer: addresses, groups, ports, the fields of the IP header.
#include <gtest/gtest.h>

#include "packet_builder.hpp"
#include "stack/tcp/segment.hpp"

namespace cardea::stack {
namespace {

using namespace test;

raw tcp_packet(std::string_view from, std::string_view to, tcp::segment const& s) {
    raw r(tcp::header_size(s));
    tcp::emit(s, ip(from), ip(to), tcp::checksum_mode::full, r);
    r = joined(r, s.payload.first);
    return ip(from).is_v4() ? ipv4(from, to, wire::protocol::tcp, r) : ipv6(from, to, wire::protocol::tcp, r);
}
tcp::segment syn_to(std::uint16_t port) {
    tcp::segment s;
    s.source_port = 999;
    s.destination_port = port;
    s.flags = tcp::flag::syn;
    s.window = 1000;
    return s;
}
/// The segment inside an emitted IPv4 packet.
tcp::segment segment_of(packet const& p) { return tcp::parse(bytes_view{p.bytes}.subspan(20)).value(); }

class tcp_on_a_host : public ::testing::Test {
  protected:
    std::unique_ptr<socket> listening(endpoint const& where) {
        auto s = h.it->open_tcp(where.address.version);
        EXPECT_EQ(s->bind(where), error::ok);
        EXPECT_EQ(s->listen(5, h.now), error::ok);
        return s;
    }
    lone_host h;
};

TEST_F(tcp_on_a_host, syn_to_a_listener_is_answered) {
    auto const l = listening(at(self4, 80));
    auto const out = h.feed(tcp_packet(peer4, self4, syn_to(80)));
    ASSERT_EQ(out.size(), 1U);
    EXPECT_TRUE(segment_of(out[0]).has(tcp::flag::syn | tcp::flag::ack));
}

TEST_F(tcp_on_a_host, segments_to_a_group_are_discarded_in_silence) {
    auto const l = listening({ip_address::any_v4(), 80});
    h.it->join_group(ip("224.0.0.251"));
    for (auto const* to : {"224.0.0.251", "192.0.2.255", "255.255.255.255"})
        EXPECT_TRUE(h.feed(tcp_packet(peer4, to, syn_to(80))).empty()) << to;
    auto const l6 = listening({ip_address::any_v6(), 81});
    EXPECT_TRUE(h.feed(tcp_packet(peer6, "ff02::1", syn_to(81))).empty());
}

TEST_F(tcp_on_a_host, syn_from_an_impossible_address_is_discarded_in_silence) {
    auto const l = listening({ip_address::any_v4(), 80});
    for (auto const* from : {"224.0.0.1", "255.255.255.255", "192.0.2.255", "0.0.0.0", "127.0.0.1"})
        EXPECT_TRUE(h.feed(tcp_packet(from, self4, syn_to(80))).empty()) << from;
}

TEST_F(tcp_on_a_host, opening_towards_a_group_is_refused) {
    auto const s = h.it->open_tcp(ip_version::v4);
    EXPECT_NE(s->connect(at("224.0.0.1", 80), h.now), error::einprogress);
    EXPECT_NE(s->connect(at("255.255.255.255", 80), h.now), error::einprogress);
    EXPECT_NE(s->connect(at("192.0.2.255", 80), h.now), error::einprogress);
    auto const s6 = h.it->open_tcp(ip_version::v6);
    EXPECT_NE(s6->connect(at("ff02::1", 80), h.now), error::einprogress);
    EXPECT_TRUE(h.poll().empty());
}

TEST_F(tcp_on_a_host, wrong_checksum_is_dropped) {
    auto const l = listening(at(self4, 80));
    auto p = tcp_packet(peer4, self4, syn_to(80));
    p[20 + 16] ^= std::byte{1};
    EXPECT_EQ(h.why_dropped(p), drop_reason::bad_checksum);
}

TEST_F(tcp_on_a_host, ports_do_not_disturb_each_other) {
    auto const first = listening(at(self4, 80));
    auto const second = listening(at(self4, 81));
    EXPECT_EQ(h.feed(tcp_packet(peer4, self4, syn_to(80))).size(), 1U);
    auto const third = listening(at(self6, 80));  // a passive OPEN while the first has a handshake pending
    EXPECT_EQ(h.feed(tcp_packet(peer4, self4, syn_to(81))).size(), 1U);
    EXPECT_EQ(h.feed(tcp_packet(peer6, self6, syn_to(80))).size(), 1U);
}

TEST_F(tcp_on_a_host, one_port_may_be_listened_on_at_several_addresses) {
    lone_host two{[](host_config& c) { c.addresses.push_back(ip_prefix::parse("192.0.2.7/24").value()); }};
    auto open = [&](std::string_view address) {
        auto s = two.it->open_tcp(ip_version::v4);
        EXPECT_EQ(s->bind(at(address, 80)), error::ok);
        EXPECT_EQ(s->listen(5, two.now), error::ok);
        return s;
    };
    auto const first = open("192.0.2.1");
    auto const second = open("192.0.2.7");
    for (auto const* to : {"192.0.2.1", "192.0.2.7"}) {
        auto const out = two.feed(tcp_packet(peer4, to, syn_to(80)));
        ASSERT_EQ(out.size(), 1U) << to;
        EXPECT_TRUE(segment_of(out[0]).has(tcp::flag::syn)) << to;
    }
}

TEST_F(tcp_on_a_host, local_address_may_be_given_or_is_chosen_and_then_stays) {
    lone_host two{[](host_config& c) { c.addresses.push_back(ip_prefix::parse("192.0.2.7/24").value()); }};
    auto const given = two.it->open_tcp(ip_version::v4);
    ASSERT_EQ(given->bind(at("192.0.2.7", 0)), error::ok);
    ASSERT_EQ(given->connect(at(peer4, 80), two.now), error::einprogress);
    EXPECT_EQ(given->local().address, ip("192.0.2.7"));
    auto const chosen = two.it->open_tcp(ip_version::v4);
    ASSERT_EQ(chosen->connect(at(peer4, 81), two.now), error::einprogress);
    EXPECT_EQ(chosen->local().address, ip("192.0.2.1"));
    for (auto const& p : two.poll()) {
        auto const s = segment_of(p);
        auto const from = s.destination_port == 80 ? 7 : 1;
        EXPECT_EQ(std::to_integer<int>(p.bytes[15]), from);
    }
    two.now += seconds(1);
    auto const again = two.poll();  // the SYNs once more, from the same addresses
    ASSERT_EQ(again.size(), 2U);
    for (auto const& p : again)
        EXPECT_EQ(std::to_integer<int>(p.bytes[15]), segment_of(p).destination_port == 80 ? 7 : 1);
}

TEST_F(tcp_on_a_host, hop_limit_and_traffic_class_are_the_applications) {
    auto const s = h.it->open_tcp(ip_version::v4);
    ASSERT_EQ(s->set_option(socket_option::hop_limit, 9, h.now), error::ok);
    ASSERT_EQ(s->set_option(socket_option::traffic_class, 0xb8, h.now), error::ok);
    ASSERT_EQ(s->connect(at(peer4, 80), h.now), error::einprogress);
    auto out = h.poll();
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(std::to_integer<int>(out[0].bytes[8]), 9);
    EXPECT_EQ(std::to_integer<int>(out[0].bytes[1]) & 0xfc, 0xb8);
    // They may change while the connection lives.
    ASSERT_EQ(s->set_option(socket_option::traffic_class, 0x28, h.now), error::ok);
    h.now += seconds(1);
    out = h.poll();
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(std::to_integer<int>(out[0].bytes[1]) & 0xfc, 0x28);
}

}  // namespace
}  // namespace cardea::stack
