// The address a host speaks from, where it has several (RFC 6724 section 5): of the destination's kind and nearest to
// it; and of an answer, the address that was asked.
#include <gtest/gtest.h>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class source_address : public ::testing::Test {
  protected:
    std::string towards(std::string_view to) {
        auto const s = h.it->open_udp(ip(to).version);
        EXPECT_EQ(s->connect(at(to, 9), h.now), error::ok) << to;
        return to_string(s->local().address);
    }
    lone_host h{[](host_config& c) {
        for (auto const* a : {"192.0.2.7/24", "198.51.100.1/24", "fe80::1/64", "2001:db8:1::1/64"})
            c.addresses.push_back(ip_prefix::parse(a).value());
    }};
};

TEST_F(source_address, is_of_the_prefix_that_fits_longest) {
    EXPECT_EQ(towards("192.0.2.9"), "192.0.2.1");
    EXPECT_EQ(towards("198.51.100.9"), "198.51.100.1");
    EXPECT_EQ(towards("2001:db8::9"), "2001:db8::1");
    EXPECT_EQ(towards("2001:db8:1::9"), "2001:db8:1::1");
}

TEST_F(source_address, is_of_the_destinations_scope) {
    EXPECT_EQ(towards("fe80::9"), "fe80::1");
    EXPECT_NE(towards("fd00::9"), "fe80::1");
}

TEST_F(source_address, of_what_is_said_to_itself_is_the_same) {
    EXPECT_EQ(towards("192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(towards("198.51.100.1"), "198.51.100.1");
    EXPECT_EQ(towards("2001:db8:1::1"), "2001:db8:1::1");
}

TEST_F(source_address, of_the_loopback_does_not_leave_the_host) {
    auto const s = h.it->open_udp(ip_version::v4);
    ASSERT_EQ(s->bind(at("127.0.0.1", 5)), error::ok);
    EXPECT_EQ(s->connect(at("192.0.2.9", 9), h.now), error::einval);
}

TEST_F(source_address, of_an_error_is_the_one_it_is_about) {
    auto const out = h.feed(ipv4(peer4, "198.51.100.1", 17, udp(peer4, "198.51.100.1", 5, 9, bytes("x"))));
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(wire::parse_ipv4(out[0].bytes).header.source, ip("198.51.100.1"));
}

}  // namespace
}  // namespace cardea::stack
