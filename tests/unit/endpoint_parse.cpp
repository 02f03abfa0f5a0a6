// What address text is read as.
#include <gtest/gtest.h>
#include <net/if.h>
#include <cardea/endpoint.hpp>
#include <cardea/error.hpp>

#include <string>
#include <string_view>

namespace {

using namespace std::literals;
using cardea::endpoint;
using cardea::family;

struct row {
    std::string_view text;
    family expected;
    std::string_view host;
    std::uint16_t port;
    std::string_view printed;
};

constexpr row rows[] = {
    {"192.0.2.1:80", family::inet, "192.0.2.1", 80, "192.0.2.1:80"},
    {"0.0.0.0:7", family::inet, "0.0.0.0", 7, "0.0.0.0:7"},
    {"255.255.255.255:65535", family::inet, "255.255.255.255", 65535, "255.255.255.255:65535"},
    {"127.0.0.1:0", family::inet, "127.0.0.1", 0, "127.0.0.1:0"},
    {"127.0.0.1:0080", family::inet, "127.0.0.1", 80, "127.0.0.1:80"},
    {"10.0.0.1:https", family::inet, "10.0.0.1", 443, "10.0.0.1:443"},
    {"10.0.0.1:DOMAIN", family::inet, "10.0.0.1", 53, "10.0.0.1:53"},
    {"*:7", family::inet6, "::", 7, "[::]:7"},
    {":7", family::inet6, "::", 7, "[::]:7"},
    {"*:echo", family::inet6, "::", 7, "[::]:7"},
    {"[::]:7", family::inet6, "::", 7, "[::]:7"},
    {"[::1]:http", family::inet6, "::1", 80, "[::1]:80"},
    {"[2001:db8::1]:80", family::inet6, "2001:db8::1", 80, "[2001:db8::1]:80"},
    {"[2001:DB8:0:0:0:0:0:1]:80", family::inet6, "2001:db8::1", 80, "[2001:db8::1]:80"},
    {"[::ffff:1.2.3.4]:9", family::inet6, "::ffff:1.2.3.4", 9, "[::ffff:1.2.3.4]:9"},
    {"[::ffff:102:304]:9", family::inet6, "::ffff:1.2.3.4", 9, "[::ffff:1.2.3.4]:9"},
    {"[64:ff9b::1.2.3.4]:9", family::inet6, "64:ff9b::102:304", 9, "[64:ff9b::102:304]:9"},
    {"[fe80::1%0]:7", family::inet6, "fe80::1", 7, "[fe80::1]:7"},
    {"[fe80::1%4294967295]:7", family::inet6, "fe80::1%4294967295", 7, "[fe80::1%4294967295]:7"},
    {"unix:/run/app.sock", family::local, "/run/app.sock", 0, "unix:/run/app.sock"},
    {"unix:relative path", family::local, "relative path", 0, "unix:relative path"},
    {"unix:80", family::local, "80", 0, "unix:80"},
    {"unix:/tmp/a:80", family::local, "/tmp/a:80", 0, "unix:/tmp/a:80"},
    {"unix:@name", family::local, "@name", 0, "unix:@name"},
    {"unix:@", family::local, "@", 0, "unix:@"},
    {"unix:@a\0b"sv, family::local, "@a\0b"sv, 0, "unix:@a\0b"sv},
    {"unix:@a\0"sv, family::local, "@a\0"sv, 0, "unix:@a\0"sv},
};

TEST(endpoint_parse, reads_every_form_and_prints_it_canonically) {
    for (const auto& r : rows) {
        SCOPED_TRACE(std::string(r.text));
        const auto e = endpoint::parse(r.text);
        EXPECT_EQ(e.family(), r.expected);
        EXPECT_EQ(e.host(), r.host);
        EXPECT_EQ(e.port(), r.port);
        EXPECT_EQ(e.to_string(), r.printed);
    }
}

TEST(endpoint_parse, what_is_printed_reads_back_as_the_same) {
    for (const auto& r : rows) {
        SCOPED_TRACE(std::string(r.text));
        const auto e = endpoint::parse(r.text);
        EXPECT_EQ(endpoint::parse(e.to_string()), e);
    }
}

TEST(endpoint_parse, the_overload_with_an_error_code_clears_it) {
    auto ec = std::make_error_code(std::errc::io_error);
    EXPECT_EQ(endpoint::parse("[::1]:80", ec), endpoint::loopback(family::inet6, 80));
    EXPECT_FALSE(ec);
}

TEST(endpoint_parse, scope_by_name_is_the_index_of_the_interface) {
    char name[IF_NAMESIZE] = {};
    ASSERT_NE(::if_indextoname(1, name), nullptr) << "every Linux network namespace has its loopback as 1";
    const auto by_name = endpoint::parse("[fe80::1%" + std::string(name) + "]:7");
    EXPECT_EQ(by_name.scope(), 1U);
    EXPECT_EQ(by_name, endpoint::parse("[fe80::1%1]:7"));
    EXPECT_EQ(by_name.to_string(), "[fe80::1%" + std::string(name) + "]:7");
}

TEST(endpoint_parse, unix_names_fit_up_to_their_limit) {
    const std::string path = "/" + std::string(106, 'p');
    EXPECT_EQ(endpoint::parse("unix:" + path).name(), path);
    const std::string abstract = "@" + std::string(107, 'a');
    const auto e = endpoint::parse("unix:" + abstract);
    EXPECT_EQ(e.name(), abstract);
    EXPECT_EQ(endpoint::parse(e.to_string()), e);
    EXPECT_EQ(endpoint::local(path), endpoint::parse("unix:" + path));
    EXPECT_EQ(endpoint::local(abstract), e);
}

}  // namespace
