// IPv6 text is written as RFC 5952 recommends.
#include <gtest/gtest.h>
#include <cardea/endpoint.hpp>

#include <string>
#include <string_view>

namespace {

struct row {
    std::string_view in;
    std::string_view out;
};

constexpr row rows[] = {
    {"2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},    // 4.2.3: of equal runs the first
    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // 4.2.2: a single zero is not shortened
    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // 4.2.3: the longest run
    {"2001:db8::0001", "2001:db8::1"},                 // 4.1: no leading zeros
    {"2001:DB8::AAAA", "2001:db8::aaaa"},              // 4.3: lower case
    {"0:0:0:0:0:0:0:0", "::"},
    {"1:0:0:0:0:0:0:0", "1::"},
    {"::ffff:0:0", "::ffff:0.0.0.0"},  // 5: v4-mapped with a dotted tail
    {"::ffff:c000:201", "::ffff:192.0.2.1"},
    {"::192.0.2.1", "::c000:201"},  // 5: the deprecated v4-compatible prefix without
    {"::1:0", "::1:0"},
    {"::2", "::2"},
    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
};

TEST(endpoint_rfc5952, canonical_text) {
    for (const auto& r : rows) {
        SCOPED_TRACE(std::string(r.in));
        const auto e = cardea::endpoint::parse("[" + std::string(r.in) + "]:1");
        EXPECT_EQ(e.host(), r.out);
        EXPECT_EQ(cardea::endpoint::parse(e.to_string()), e);
    }
}

}  // namespace
