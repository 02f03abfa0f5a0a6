// Addresses as text, both ways.
#include <gtest/gtest.h>

#include "stack/address.hpp"

namespace cardea::stack {
namespace {

struct row {
    char const* given;
    char const* shown;  ///< null: refused
};

class address_text : public ::testing::TestWithParam<row> {};

TEST_P(address_text, is_read_and_shown_in_the_canonical_form) {
    auto const a = ip_address::parse(GetParam().given);
    if (GetParam().shown == nullptr) {
        EXPECT_FALSE(a.has_value()) << GetParam().given;
    } else {
        ASSERT_TRUE(a.has_value()) << GetParam().given;
        EXPECT_EQ(to_string(*a), GetParam().shown);
    }
}

INSTANTIATE_TEST_SUITE_P(
    table, address_text,
    ::testing::Values(row{"192.0.2.1", "192.0.2.1"}, row{"0.0.0.0", "0.0.0.0"},
                      row{"255.255.255.255", "255.255.255.255"}, row{"256.0.0.1", nullptr}, row{"1.2.3", nullptr},
                      row{"1.2.3.4.5", nullptr}, row{"01.2.3.4", nullptr}, row{"1.2.3.", nullptr}, row{"", nullptr},
                      row{"junk", nullptr}, row{"::", "::"}, row{"::1", "::1"}, row{"2001:DB8::1", "2001:db8::1"},
                      row{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
                      row{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, row{"fe80::", "fe80::"},
                      row{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"}, row{"1:2:3:4:5:6:7", nullptr},
                      row{"1:2:3:4:5:6:7:8:9", nullptr}, row{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
                      row{"64:ff9b::192.0.2.33", "64:ff9b::c000:221"}, row{"1::2::3", nullptr}, row{":1", nullptr},
                      row{"1:", nullptr}, row{":::", nullptr}, row{"12345::", nullptr}, row{"g::", nullptr},
                      row{"1:2:3:4:5:6:7::8", nullptr}, row{"::1.2.3", nullptr}));

TEST(address_prefix, contains_its_subnet_and_knows_its_broadcast_address) {
    auto const p = ip_prefix::parse("192.0.2.130/25").value();
    EXPECT_TRUE(p.contains(ip_address::v4(192, 0, 2, 128)));
    EXPECT_FALSE(p.contains(ip_address::v4(192, 0, 2, 127)));
    EXPECT_EQ(p.broadcast(), ip_address::v4(192, 0, 2, 255));
    EXPECT_EQ(ip_prefix::parse("192.0.2.0/31").value().broadcast(), ip_address{});
    EXPECT_FALSE(ip_prefix::parse("192.0.2.0/33").has_value());
    EXPECT_TRUE(ip_prefix::parse("0.0.0.0/0").value().contains(ip_address::v4(8, 8, 8, 8)));
    EXPECT_FALSE(ip_prefix::parse("::/0").value().contains(ip_address::v4(8, 8, 8, 8)));
}

TEST(address_mapping, goes_to_v4_mapped_and_back) {
    auto const a = ip_address::v4(192, 0, 2, 1);
    EXPECT_TRUE(a.to_v4_mapped().is_v4_mapped());
    EXPECT_EQ(a.to_v4_mapped().unmapped(), a);
    EXPECT_EQ(ip_address::loopback_v6().unmapped(), ip_address::loopback_v6());
}

}  // namespace
}  // namespace cardea::stack
