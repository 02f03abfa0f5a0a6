// "host:service" in two, for calls that resolve names.
#include <gtest/gtest.h>
#include <cardea/endpoint.hpp>
#include <cardea/error.hpp>

#include <string>
#include <string_view>

namespace {

using namespace std::literals;
using cardea::split_address;

struct row {
    std::string_view text, host, service;
    bool bracketed;
};

TEST(address_split, takes_host_and_service_apart) {
    for (const auto& r : {
             row{"example.org:http", "example.org", "http", false},
             row{"localhost:80", "localhost", "80", false},
             row{"192.0.2.1:80", "192.0.2.1", "80", false},
             row{"[::1]:80", "::1", "80", true},
             row{"[fe80::1%eth0]:http", "fe80::1%eth0", "http", true},
             row{"*:7", "*", "7", false},
             row{":7", "*", "7", false},
         }) {
        SCOPED_TRACE(std::string(r.text));
        auto ec = std::make_error_code(std::errc::io_error);
        const auto parts = split_address(r.text, ec);
        EXPECT_FALSE(ec);
        EXPECT_EQ(parts.host, r.host);
        EXPECT_EQ(parts.service, r.service);
        EXPECT_EQ(parts.bracketed, r.bracketed);
    }
}

TEST(address_split, refuses_what_has_no_such_shape) {
    for (const auto text : {""sv, "example.org"sv, "example.org:"sv, "::1:80"sv, "[::1]"sv, "[::1:80"sv, "[::1]80"sv,
                            "a b:80"sv, "a:8\n0"sv, "a\0b:80"sv, "unix:/path"sv, "unix:80"sv}) {
        SCOPED_TRACE(std::string(text));
        std::error_code ec;
        const auto parts = split_address(text, ec);
        EXPECT_EQ(ec, cardea::errc::bad_address);
        EXPECT_TRUE(parts.host.empty() && parts.service.empty());
    }
}

}  // namespace
