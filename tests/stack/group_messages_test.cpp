// IGMP and MLD as they are read and written: right queries of every version, and nothing of what is malformed.
#include <gtest/gtest.h>

#include "packet_builder.hpp"
#include "stack/wire/igmp.hpp"
#include "stack/wire/mld.hpp"

namespace cardea::stack {
namespace {

using namespace test;

raw summed(raw m) {
    wire::put16(m, 2, 0);
    wire::put16(m, 2, wire::internet_checksum(m));
    return m;
}
raw igmp_query() { return summed(octets({0x11, 20, 0, 0, 239, 1, 2, 3, 2, 125, 0, 2, 192, 0, 2, 7, 192, 0, 2, 8})); }

drop_reason refused_igmp(bytes_view m) {
    auto why = drop_reason::none;
    EXPECT_FALSE(wire::parse_igmp_query(m, why).has_value());
    return why;
}

TEST(igmp_query, of_version_3_is_read) {
    auto why = drop_reason::none;
    auto const q = wire::parse_igmp_query(igmp_query(), why);
    ASSERT_TRUE(q.has_value());
    EXPECT_EQ(q->group, ip("239.1.2.3"));
    EXPECT_EQ(q->sources, (std::vector{ip("192.0.2.7"), ip("192.0.2.8")}));
    EXPECT_EQ(q->longest_delay, seconds(2));
    EXPECT_EQ(q->robustness, 2);
}

TEST(igmp_query, of_older_versions_is_read) {
    auto why = drop_reason::none;
    auto const v1 = wire::parse_igmp_query(summed(octets({0x11, 0, 0, 0, 0, 0, 0, 0})), why);
    ASSERT_TRUE(v1.has_value());
    EXPECT_EQ(v1->longest_delay, seconds(10));
    auto const v2 = wire::parse_igmp_query(summed(octets({0x11, 0xff, 0, 0, 239, 1, 2, 3})), why);
    ASSERT_TRUE(v2.has_value());
    EXPECT_EQ(v2->longest_delay, milliseconds(25'500)) << "a plain number of tenths";
}

TEST(igmp_query, long_delays_are_floats) {
    EXPECT_EQ(wire::decode_delay(127, 4), 127U);
    EXPECT_EQ(wire::decode_delay(0x80, 4), 128U);
    EXPECT_EQ(wire::decode_delay(0xff, 4), 31'744U);
    EXPECT_EQ(wire::decode_delay(0x7fff, 12), 32'767U);
    EXPECT_EQ(wire::decode_delay(0x8000, 12), 32'768U);
    EXPECT_EQ(wire::decode_delay(0xffff, 12), 8'387'584U);
}

TEST(igmp_query, malformed_ones_are_refused) {
    auto const good = igmp_query();
    for (std::size_t n = 0; n < good.size(); ++n) {
        if (n == 8) continue;  // that much is an older query
        auto cut = raw{good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)};
        if (n >= 8) cut = summed(cut);
        EXPECT_EQ(refused_igmp(cut), drop_reason::bad_transport_header) << n;
    }
    auto spoilt = good;
    spoilt[1] = std::byte{21};
    EXPECT_EQ(refused_igmp(spoilt), drop_reason::bad_checksum);
    spoilt = good;
    spoilt[4] = std::byte{192};  // no group
    EXPECT_EQ(refused_igmp(summed(spoilt)), drop_reason::bad_transport_header);
    spoilt = good;
    for (std::size_t i = 4; i < 8; ++i) spoilt[i] = std::byte{0};  // sources of no group
    EXPECT_EQ(refused_igmp(summed(spoilt)), drop_reason::bad_transport_header);
    spoilt = good;
    spoilt[10] = std::byte{0xff};  // more sources than there are
    EXPECT_EQ(refused_igmp(summed(spoilt)), drop_reason::bad_transport_header);
    spoilt = good;
    spoilt[0] = std::byte{0x22};  // a report of somebody else
    EXPECT_EQ(refused_igmp(summed(spoilt)), drop_reason::icmp_ignored);
}

constexpr std::string_view router = "fe80::9";
constexpr std::string_view all_nodes = "ff02::1";

struct mld {
    raw packet;
    wire::mld_packet view;
};

/// A query about ff15::a of so many octets, with its hop-by-hop header.
raw mld_query(std::size_t size, std::string_view from = router, unsigned hops = 1, unsigned alert = 5) {
    raw body(size - 8);
    auto const group = ip("ff15::a");
    for (std::size_t i = 0; i < 16 && i < body.size(); ++i) body[i] = std::byte{group.bytes[i]};
    if (body.size() >= 20) body[16] = std::byte{2};
    auto const m = icmp6(from, all_nodes, 130, 0, 1000U << 16, body);
    auto const options = octets({58, 0, alert, 2, 0, 0, 1, 0});
    return ipv6(from, all_nodes, 0, joined(options, m),
                [hops](auto& h) { h.hop_limit = static_cast<std::uint8_t>(hops); });
}
std::optional<wire::group_query> read_mld(raw const& packet, drop_reason& why) {
    bytes_view const b{packet};
    auto const r = wire::parse_ipv6(b);
    return wire::parse_mld_query({b, b.subspan(r.upper_at), r.header.source, r.header.destination, r.header.hop_limit},
                                 why);
}
drop_reason refused_mld(raw const& packet) {
    auto why = drop_reason::none;
    EXPECT_FALSE(read_mld(packet, why).has_value());
    return why;
}

TEST(mld_query, of_both_versions_is_read) {
    for (std::size_t const size : {24U, 28U}) {
        auto why = drop_reason::none;
        auto const q = read_mld(mld_query(size), why);
        ASSERT_TRUE(q.has_value()) << name(why);
        EXPECT_EQ(q->group, ip("ff15::a"));
        EXPECT_EQ(q->longest_delay, seconds(1));
        EXPECT_EQ(q->robustness, size == 28 ? 2 : 0);
    }
}

TEST(mld_query, only_a_router_of_the_link_may_ask) {
    EXPECT_EQ(refused_mld(mld_query(28, "2001:db8::9")), drop_reason::icmp_ignored);
    EXPECT_EQ(refused_mld(mld_query(28, router, 2)), drop_reason::icmp_ignored);
    EXPECT_EQ(refused_mld(mld_query(28, router, 1, 1)), drop_reason::icmp_ignored) << "without router alert";
}

TEST(mld_query, malformed_ones_are_refused) {
    for (std::size_t const size : {8U, 23U, 25U, 27U})
        EXPECT_EQ(refused_mld(mld_query(size)), drop_reason::bad_transport_header) << size;
    auto spoilt = mld_query(28);
    spoilt[60] = std::byte{0xaa};
    EXPECT_EQ(refused_mld(spoilt), drop_reason::bad_checksum);
}

TEST(group_report, of_igmp_has_what_routers_look_for) {
    std::vector<wire::group_record> const records{
        {wire::record_kind::to_exclude, ip("239.1.2.3"), {}},
        {wire::record_kind::allow, ip("232.1.2.3"), {ip("192.0.2.7"), ip("192.0.2.8")}}};
    auto const packet = wire::make_igmp_report(ip(self4), records);
    auto const r = wire::parse_ipv4(packet);
    ASSERT_EQ(r.refused, drop_reason::none);
    EXPECT_EQ(r.header.ttl, 1);
    EXPECT_EQ(r.header.destination, ip("224.0.0.22"));
    EXPECT_EQ(r.header.header_size, 24);
    EXPECT_EQ(wire::get32(packet, 20), 0x94040000U);
    auto const m = bytes_view{packet}.subspan(24);
    EXPECT_EQ(wire::internet_checksum(m), 0);
    EXPECT_EQ(text(m.subspan(4)), text(octets({0, 0, 0, 2,                //
                                               4, 0, 0, 0, 239, 1, 2, 3,  //
                                               5, 0, 0, 2, 232, 1, 2, 3, 192, 0, 2, 7, 192, 0, 2, 8})));
}

TEST(group_report, of_mld_has_what_routers_look_for) {
    std::vector<wire::group_record> const records{{wire::record_kind::to_include, ip("ff15::a"), {}}};
    auto const packet = wire::make_mld_report(ip("fe80::1"), records);
    auto const r = wire::parse_ipv6(packet);
    ASSERT_EQ(r.refused, drop_reason::none);
    EXPECT_EQ(r.header.hop_limit, 1);
    EXPECT_EQ(r.header.next_header, wire::protocol::hop_by_hop);
    EXPECT_EQ(r.header.destination, ip("ff02::16"));
    auto const m = bytes_view{packet}.subspan(r.upper_at);
    EXPECT_EQ(wire::get8(m, 0), 143);
    EXPECT_EQ(wire::get32(m, 4), 1U);
    EXPECT_EQ(wire::get8(m, 8), 3);
    EXPECT_EQ(wire::checksum{}
                  .add_pseudo(r.header.source, r.header.destination, wire::protocol::icmpv6,
                              static_cast<std::uint32_t>(m.size()))
                  .add(m)
                  .finish(),
              0);
}

}  // namespace
}  // namespace cardea::stack
