// Text that is no address is refused, and the message says what is wrong with which part.
#include <gtest/gtest.h>
#include <cardea/endpoint.hpp>
#include <cardea/error.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace {

using namespace std::literals;
using cardea::endpoint;

struct row {
    std::string text;
    std::string reason;
};

const row rows[] = {
    {"", "the text is empty"},
    {"80", "there is no port: write host:port"},
    {"192.0.2.1", "there is no port: write host:port"},
    {"[::1]", "there is no port: write host:port"},
    {":", "no port after the colon"},
    {"*:", "no port after the colon"},
    {"192.0.2.1:", "no port after the colon"},
    {"[::1]:", "no port after the colon"},
    {"192.0.2.1:65536", "port 65536 is above 65535"},
    {"192.0.2.1:70000", "port 70000 is above 65535"},
    {"[::1]:4294967376", "port 4294967376 is above 65535"},
    {"[::1]:18446744073709551696", "port 18446744073709551696 is above 65535"},
    {"192.0.2.1:+80", "no such service '+80'"},
    {"192.0.2.1:-1", "no such service '-1'"},
    {"192.0.2.1:0x50", "no such service '0x50'"},
    {"192.0.2.1:80x", "no such service '80x'"},
    {"192.0.2.1:htpp", "no such service 'htpp'"},
    {"*:70000x", "no such service '70000x'"},
    {"::1:80", "an IPv6 address needs brackets: [::1]:80"},
    {"2001:db8::1", "an IPv6 address needs brackets: [::1]:80"},
    {"::", "an IPv6 address needs brackets: [::1]:80"},
    {"1.2.3.4:80:90", "an IPv6 address needs brackets: [::1]:80"},
    {"[::1:80", "unmatched bracket: write [::1]:80"},
    {"::1]:80", "unmatched bracket: write [::1]:80"},
    {"[", "unmatched bracket: write [::1]:80"},
    {"]", "unmatched bracket: write [::1]:80"},
    {"a[::1]:80", "unmatched bracket: write [::1]:80"},
    {"[::1]80", "'80' after the bracket is no port: write [::1]:80"},
    {"[::1]x:80", "'x:80' after the bracket is no port: write [::1]:80"},
    {"[]:80", "'' is not an IPv6 address"},
    {"[*]:80", "'*' is not an IPv6 address"},
    {"[192.0.2.1]:80", "'192.0.2.1' is not an IPv6 address"},
    {"[[::1]]:80", "'[::1]' is not an IPv6 address"},
    {"[:::]:80", "':::' is not an IPv6 address"},
    {"[1:2:3:4:5:6:7]:80", "'1:2:3:4:5:6:7' is not an IPv6 address"},
    {"[1:2:3:4:5:6:7:8:9]:80", "'1:2:3:4:5:6:7:8:9' is not an IPv6 address"},
    {"[1::2::3]:80", "'1::2::3' is not an IPv6 address"},
    {"[12345::]:80", "'12345::' is not an IPv6 address"},
    {"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80",  // longer than any address
     "'0000:0000:0000:0000:0000:0000:0000:0000:0000:0000' is not an IPv6 address"},
    {"[::1" + std::string(42, '0') + "]:80", "'::1" + std::string(42, '0') + "' is not an IPv6 address"},
    {"[::1" + std::string(43, '0') + "]:80", "'::1" + std::string(43, '0') + "' is not an IPv6 address"},
    {"[::g]:80", "'::g' is not an IPv6 address"},
    {"[::ffff:1.2.3]:80", "'::ffff:1.2.3' is not an IPv6 address"},
    {"[+::1]:80", "'+::1' is not an IPv6 address"},
    {"[fe80::1%]:80", "no interface after the '%'"},
    {"[fe80::1%no-such-if]:80", "unknown interface 'no-such-if'"},
    {"[fe80::1%-1]:80", "unknown interface '-1'"},
    {"[fe80::1%+1]:80", "unknown interface '+1'"},
    {"[fe80::1%0x1]:80", "unknown interface '0x1'"},
    {"[fe80::1%4294967296]:80", "unknown interface '4294967296'"},
    {"[fe80::1%a-name-longer-than-any-interface]:80", "unknown interface 'a-name-longer-than-any-interface'"},
    {"exmaple:80", "'exmaple' is not a numeric address: names are resolved by connect()"},
    {"example.org:80", "'example.org' is not a numeric address: names are resolved by connect()"},
    {"1.2.3.4.example:80", "'1.2.3.4.example' is not a numeric address: names are resolved by connect()"},
    {"**:80", "'**' is not a numeric address: names are resolved by connect()"},
    {"example.org:70000", "port 70000 is above 65535"},  // not blamed on the name: connect() would take that
    {"example.org:htpp", "no such service 'htpp'"},
    {"127.1:80", "'127.1' is not an IPv4 address: four decimal numbers 0-255"},
    {"2130706433:80", "'2130706433' is not an IPv4 address: four decimal numbers 0-255"},
    {"0x7f000001:80", "'0x7f000001' is not an IPv4 address: four decimal numbers 0-255"},
    {"0x7f.0.0.0x1:80", "'0x7f.0.0.0x1' is not an IPv4 address: four decimal numbers 0-255"},
    {"0X7F.1:80", "'0X7F.1' is not an IPv4 address: four decimal numbers 0-255"},
    {"010.0.0.1:80", "'010.0.0.1' is not an IPv4 address: four decimal numbers 0-255"},
    {"10.0.0.01:80", "'10.0.0.01' is not an IPv4 address: four decimal numbers 0-255"},
    {"256.0.0.1:80", "'256.0.0.1' is not an IPv4 address: four decimal numbers 0-255"},
    {"1.2.3.4.5:80", "'1.2.3.4.5' is not an IPv4 address: four decimal numbers 0-255"},
    {"1.2.3.4.:80", "'1.2.3.4.' is not an IPv4 address: four decimal numbers 0-255"},
    {"1..2.3:80", "'1..2.3' is not an IPv4 address: four decimal numbers 0-255"},
    {"+1.2.3.4:80", "'+1.2.3.4' is not an IPv4 address: four decimal numbers 0-255"},
    {"-1.2.3.4:80", "'-1.2.3.4' is not an IPv4 address: four decimal numbers 0-255"},
    {" 1.2.3.4:80", "there is a space or a line end in it"},
    {"1.2.3.4: 80", "there is a space or a line end in it"},
    {"1.2.3.4:80\n", "there is a space or a line end in it"},
    {"1.2.3.4\t:80", "there is a space or a line end in it"},
    {"1.2.3.4:80\0"s, "there is a NUL byte in it"},
    {"1.2.3.4\0:80"s, "there is a NUL byte in it"},
    {"[::1\0]:80"s, "there is a NUL byte in it"},
    {"\x1b[2J:80", "there is a control byte in it"},
    {"1.2.3.4:\x7f", "there is a control byte in it"},
    {"unix:", "a Unix address needs a path or a name"},
    {"unix:/a\0b"s, "there is a NUL byte in the Unix path"},
    {"unix:\0name"s, "there is a NUL byte in the Unix path"},
    {"unix:" + std::string(108, 'p'), "Unix path of 108 bytes is longer than 107"},
    {"unix:" + std::string(140, 'p'), "Unix path of 140 bytes is longer than 107"},
    {"unix:@" + std::string(108, 'a'), "abstract Unix name of 108 bytes is longer than 107"},
};

std::string message_of(std::string_view text) {
    try {
        return "accepted as " + endpoint::parse(text).to_string();
    } catch (const cardea::error& e) {
        EXPECT_EQ(e.code(), cardea::errc::bad_address);
        EXPECT_STREQ(e.operation(), "parse");
        return e.what();
    }
}

TEST(endpoint_refusals, say_what_is_wrong) {
    for (const auto& r : rows) {
        SCOPED_TRACE(r.text);
        const auto message = message_of(r.text);
        EXPECT_NE(message.find(" (" + r.reason + "): not an address"), std::string::npos) << message;
    }
}

TEST(endpoint_refusals, come_as_a_code_where_nothing_may_be_thrown) {
    static_assert(noexcept(endpoint::parse("", std::declval<std::error_code&>())));
    for (const auto& r : rows) {
        SCOPED_TRACE(r.text);
        std::error_code ec;
        EXPECT_EQ(endpoint::parse(r.text, ec), endpoint());
        EXPECT_EQ(ec, cardea::errc::bad_address);
    }
}

TEST(endpoint_refusals, name_the_text) {
    EXPECT_EQ(message_of("*:70000"), "parse \"*:70000\" (port 70000 is above 65535): not an address");
}

TEST(endpoint_refusals, show_control_bytes_and_broken_utf8_escaped) {
    EXPECT_EQ(message_of("\x1b]0;x\x07:80").substr(0, 24), "parse \"\\x1b]0;x\\x07:80\" ");
    EXPECT_NE(message_of("f\xc3\xbc\xff:80").find("f\xc3\xbc\\xff:80"), std::string::npos);
}

TEST(endpoint_refusals, clip_endless_text) {
    for (const auto& text : {std::string(1'000'000, 'h') + ":80", "1.2.3.4:" + std::string(1'000'000, '9'),
                             "[" + std::string(1'000'000, ':') + "]:80", "unix:" + std::string(1'000'000, '\1')}) {
        const auto message = message_of(text);
        EXPECT_LT(message.size(), 320U);
        EXPECT_NE(message.find("..."), std::string::npos);
    }
}

TEST(endpoint_refusals, local_names_without_a_prefix) {
    std::error_code ec;
    EXPECT_EQ(endpoint::local("", ec), endpoint());
    EXPECT_EQ(ec, cardea::errc::bad_address);
    EXPECT_EQ(endpoint::local(std::string(108, 'p'), ec), endpoint());
    EXPECT_EQ(ec, cardea::errc::bad_address);
    EXPECT_THROW(endpoint::local("a\0b"sv), cardea::error);
    endpoint::local("/ok", ec);
    EXPECT_FALSE(ec);
}

}  // namespace
