// What reaches the resolver: names with a good port. Everything else is an endpoint, or refused, at once.
#include <gtest/gtest.h>
#include <cardea/error.hpp>

#include <string>
#include <vector>

#include "names/resolve.hpp"

namespace {

using cardea::endpoint;
using cardea::detail::addresses_of;

TEST(address_resolved, a_name_to_its_addresses_with_the_port_of_the_service) {
    std::error_code ec;
    const auto found = addresses_of("localhost:http", ec);
    ASSERT_FALSE(ec) << ec.message();
    ASSERT_FALSE(found.empty());
    for (const auto& e : found) {
        EXPECT_TRUE(e.is_loopback()) << e.to_string();
        EXPECT_EQ(e.port(), 80);
    }
}

TEST(address_resolved, numbers_and_endpoints_as_they_are) {
    auto ec = std::make_error_code(std::errc::io_error);
    const auto known = endpoint::parse("[::1]:7");
    EXPECT_EQ(addresses_of(known, ec), std::vector{known});
    EXPECT_FALSE(ec);
    EXPECT_EQ(addresses_of("[::1]:echo", ec), std::vector{known});
    EXPECT_FALSE(ec);
}

TEST(address_resolved, forms_that_getaddrinfo_reads_otherwise_are_refused) {
    for (const auto* text : {"localhost:70000", "localhost:65616", "localhost:+80", "localhost:-1", "localhost:0x50",
                             "localhost:htpp", "127.1:80", "0x7f.1:80", "010.0.0.1:80", "2130706433:80",
                             "[localhost]:80", "localhost", "localhost:", "::1:80", "unix:"}) {
        std::error_code ec;
        EXPECT_TRUE(addresses_of(text, ec).empty()) << text;
        EXPECT_EQ(ec, cardea::errc::bad_address) << text;
    }
}

}  // namespace
