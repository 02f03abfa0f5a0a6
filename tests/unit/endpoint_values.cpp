// Endpoints as values: equality, order, hash, and the questions one asks of an address.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <cardea/endpoint.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace {

using cardea::endpoint;
using cardea::family;

endpoint with_noise(const endpoint& e) {
    std::array<unsigned char, 128> bytes;
    bytes.fill(0xa5);
    std::memcpy(bytes.data(), e.native(), e.native_size());
    if (e.family() == family::inet) std::memset(bytes.data() + offsetof(sockaddr_in, sin_zero), 0x5a, 8);
    if (e.family() == family::inet6) std::memset(bytes.data() + offsetof(sockaddr_in6, sin6_flowinfo), 0x5a, 4);
    return endpoint::from_native(bytes.data(), e.native_size());
}

TEST(endpoint_values, equal_by_address_port_and_scope_only) {
    for (const auto* text : {"192.0.2.1:80", "[2001:db8::1]:443", "[fe80::1%1]:7"}) {
        const auto e = endpoint::parse(text);
        EXPECT_EQ(with_noise(e), e) << text;
        EXPECT_EQ(with_noise(e) <=> e, std::strong_ordering::equal) << text;
        EXPECT_EQ(std::hash<endpoint>{}(with_noise(e)), std::hash<endpoint>{}(e)) << text;
    }
}

TEST(endpoint_values, every_field_tells_apart_and_sorts) {
    // In ascending order: family, address, port, scope; a name before the longer one it begins.
    const std::vector<endpoint> sorted{
        endpoint(),
        endpoint::parse("9.0.0.1:80"),
        endpoint::parse("10.0.0.1:1"),
        endpoint::parse("10.0.0.1:80"),
        endpoint::parse("10.0.0.1:256"),
        endpoint::parse("10.0.0.2:1"),
        endpoint::parse("[::]:1"),
        endpoint::parse("[::ffff:10.0.0.1]:80"),
        endpoint::parse("[fe80::1]:7"),
        endpoint::parse("[fe80::1%1]:7"),
        endpoint::parse("[fe80::1%2]:7"),
        endpoint::parse("unix:@a"),
        endpoint::parse("unix:@ab"),
        endpoint::parse("unix:/a"),
        endpoint::parse("unix:/b"),
    };
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        for (std::size_t j = 0; j < sorted.size(); ++j) {
            SCOPED_TRACE(sorted[i].to_string() + " and " + sorted[j].to_string());
            EXPECT_EQ(sorted[i] <=> sorted[j], i <=> j);
            EXPECT_EQ(sorted[i] == sorted[j], i == j);
        }
    }
    EXPECT_EQ(std::unordered_set<endpoint>(sorted.begin(), sorted.end()).size(), sorted.size());
}

TEST(endpoint_values, no_address) {
    const endpoint none;
    EXPECT_EQ(none.family(), family::unspecified);
    EXPECT_FALSE(none.is_ip() || none.is_any() || none.is_loopback() || none.is_multicast());
    EXPECT_EQ(none.port(), 0);
    EXPECT_EQ(none.native_size(), 0U);
    EXPECT_EQ(none.to_string(), "(none)");
    EXPECT_EQ(none.host(), "");
    EXPECT_EQ(none.name(), "");
    EXPECT_EQ(none.with_port(80), none);
    EXPECT_EQ(endpoint::any(family::local, 80), none);
    EXPECT_EQ(endpoint::loopback(family::unspecified, 80), none);
}

struct kind {
    std::string_view text;
    bool any, loopback, multicast;
};

TEST(endpoint_values, kinds_of_address) {
    for (const auto& k : {
             kind{"0.0.0.0:1", true, false, false},
             kind{"0.0.0.1:1", false, false, false},
             kind{"127.0.0.1:1", false, true, false},
             kind{"127.255.0.9:1", false, true, false},
             kind{"128.0.0.1:1", false, false, false},
             kind{"223.255.255.255:1", false, false, false},
             kind{"224.0.0.1:1", false, false, true},
             kind{"239.255.255.255:1", false, false, true},
             kind{"240.0.0.1:1", false, false, false},
             kind{"*:1", true, false, false},
             kind{"[::1]:1", false, true, false},
             kind{"[::2]:1", false, false, false},
             kind{"[ff02::1]:1", false, false, true},
             kind{"[fe80::1]:1", false, false, false},
             kind{"[::ffff:0.0.0.0]:1", true, false, false},
             kind{"[::ffff:127.0.0.1]:1", false, true, false},
             kind{"[::ffff:224.0.0.1]:1", false, false, true},
             kind{"unix:/0", false, false, false},
         }) {
        SCOPED_TRACE(std::string(k.text));
        const auto e = endpoint::parse(k.text);
        EXPECT_EQ(e.is_any(), k.any);
        EXPECT_EQ(e.is_loopback(), k.loopback);
        EXPECT_EQ(e.is_multicast(), k.multicast);
    }
    EXPECT_EQ(endpoint::any(family::inet, 7), endpoint::parse("0.0.0.0:7"));
    EXPECT_EQ(endpoint::any(family::inet6, 7), endpoint::parse("*:7"));
    EXPECT_EQ(endpoint::loopback(family::inet, 7), endpoint::parse("127.0.0.1:7"));
    EXPECT_EQ(endpoint::loopback(family::inet6, 7), endpoint::parse("[::1]:7"));
}

TEST(endpoint_values, mapped_and_unmapped) {
    const auto v4 = endpoint::parse("192.0.2.1:80");
    const auto mapped = endpoint::parse("[::ffff:192.0.2.1]:80");
    EXPECT_NE(v4, mapped);
    EXPECT_EQ(v4.mapped(), mapped);
    EXPECT_EQ(mapped.unmapped(), v4);
    EXPECT_EQ(v4.address_bytes(), mapped.address_bytes());
    EXPECT_EQ(v4.unmapped(), v4);
    EXPECT_EQ(mapped.mapped(), mapped);
    for (const auto* text :
         {"[::1]:80", "[::192.0.2.1]:80", "[::fffe:192.0.2.1]:80", "[1::ffff:192.0.2.1]:80", "unix:/a"}) {
        const auto e = endpoint::parse(text);
        EXPECT_EQ(e.unmapped(), e) << text;
        EXPECT_EQ(e.mapped(), e) << text;
    }
}

TEST(endpoint_values, with_port_changes_the_port_only) {
    EXPECT_EQ(endpoint::parse("192.0.2.1:80").with_port(81), endpoint::parse("192.0.2.1:81"));
    EXPECT_EQ(endpoint::parse("[fe80::1%1]:80").with_port(65535), endpoint::parse("[fe80::1%1]:65535"));
    EXPECT_EQ(endpoint::parse("unix:/a").with_port(80), endpoint::parse("unix:/a"));
}

}  // namespace
