// What a call's `address` argument takes, and the endpoint it is without asking anybody.
#include <gtest/gtest.h>
#include <cardea/endpoint.hpp>
#include <cardea/error.hpp>

#include <string>
#include <string_view>

namespace {

using cardea::address;
using cardea::endpoint;

endpoint numeric(address where, std::error_code& ec) { return where.numeric(ec); }

TEST(address_numeric, from_every_kind_of_text_and_from_an_endpoint) {
    const auto expected = endpoint::parse("[::1]:80");
    const std::string owned = "[::1]:80";
    std::error_code ec;
    EXPECT_EQ(numeric("[::1]:http", ec), expected);
    EXPECT_EQ(numeric(owned, ec), expected);
    EXPECT_EQ(numeric(std::string_view(owned), ec), expected);
    EXPECT_EQ(numeric(expected, ec), expected);
    EXPECT_FALSE(ec);
}

TEST(address_numeric, refuses_a_name_and_clears_a_stale_code) {
    std::error_code ec;
    EXPECT_EQ(numeric("example.org:80", ec), endpoint());
    EXPECT_EQ(ec, cardea::errc::bad_address);
    const auto known = endpoint::parse("192.0.2.1:80");
    EXPECT_EQ(numeric(known, ec), known);
    EXPECT_FALSE(ec);
}

TEST(address_numeric, prints_what_was_given) {
    const auto known = endpoint::parse("*:http");
    EXPECT_EQ(address("*:http").to_string(), "*:http");
    EXPECT_EQ(address(known).to_string(), "[::]:80");
    EXPECT_EQ(address(known).known(), &known);
    EXPECT_EQ(address("*:http").known(), nullptr);
    EXPECT_EQ(address("*:http").text(), "*:http");
}

}  // namespace
