// The identification of IPv4 packets and of fragments (RFC 6864, RFC 7739): none where nothing can be fragmented, and
// no count that would tell one correspondent what goes to another.
#include <gtest/gtest.h>

#include <set>

#include "host_pair.hpp"
#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

/// The identifications of one datagram's fragments, which must be one.
std::uint32_t sent_id(host_pair& net, cardea::stack::socket& s, endpoint const& to) {
    std::vector<std::byte> const data(2000);
    auto const before = net.log.size();
    EXPECT_EQ(s.send_to({data, {}}, to, net.now).problem, error::ok);
    net.run_for(milliseconds(1));
    std::set<std::uint32_t> ids;
    for (auto i = before; i < net.log.size(); ++i) {
        if (!net.log[i].from_a) continue;
        auto const& b = net.log[i].p.bytes;
        bool const v4 = to.address.is_v4();
        ids.insert(v4 ? wire::get16(b, 4) : wire::get32(b, 44));
    }
    EXPECT_EQ(ids.size(), 1U);
    return *ids.begin();
}

TEST(ip_identification, what_cannot_be_fragmented_has_none) {
    host_pair net;
    auto const s = net.a->open_udp(ip_version::v4);
    for (int i = 0; i < 3; ++i) s->send_to(payload("whole"), at("192.0.2.2", 9), net.now);
    net.run_for(milliseconds(1));
    for (auto const& sent : net.log) {
        if (!sent.from_a) continue;
        EXPECT_NE(wire::get16(sent.p.bytes, 6) & 0x4000, 0);
        EXPECT_EQ(wire::get16(sent.p.bytes, 4), 0);
    }
}

TEST(ip_identification, fragments_count_on_for_one_destination_and_elsewhere_for_another) {
    host_pair net;
    for (bool const v4 : {true, false}) {
        auto const s = net.a->open_udp(v4 ? ip_version::v4 : ip_version::v6);
        auto const one = v4 ? at("192.0.2.2", 9) : at("2001:db8::2", 9);
        auto const other = v4 ? at("192.0.2.3", 9) : at("2001:db8::3", 9);
        auto const first = sent_id(net, *s, one);
        auto const elsewhere = sent_id(net, *s, other);
        auto const second = sent_id(net, *s, one);
        EXPECT_EQ(second, v4 ? (first + 1) & 0xffff : first + 1);
        EXPECT_GT(elsewhere > first ? elsewhere - first : first - elsewhere, 3U);
    }
}

}  // namespace
}  // namespace cardea::stack
