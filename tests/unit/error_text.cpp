// What a caught cardea::error says and carries.
#include <gtest/gtest.h>
#include <cardea/error.hpp>

#include <string>
#include <system_error>

namespace {

using cardea::endpoint;
using cardea::errc;
using cardea::error;
using cardea::family;

std::error_code of(std::errc e) { return std::make_error_code(e); }

TEST(error_text, reads_as_a_sentence_about_the_operation) {
    const auto here = endpoint::parse("*:7");
    const auto there = endpoint::parse("10.0.0.1:80");
    const auto file = endpoint::parse("unix:/run/s");
    const auto unnamed = endpoint::from_native(file.native(), 2);
    ASSERT_EQ(unnamed.family(), family::local);

    struct row {
        error thrown;
        const char* text;
    };
    const row rows[] = {
        {error(of(std::errc::connection_refused), "connect", {}, endpoint::parse("[::1]:9")),
         "connect to [::1]:9: Connection refused"},
        {error(of(std::errc::too_many_files_open), "accept", here), "accept on [::]:7: Too many open files"},
        {error(of(std::errc::address_in_use), "listen", here), "listen on [::]:7: Address already in use"},
        {error(of(std::errc::permission_denied), "bind", endpoint::parse("*:80")), "bind [::]:80: Permission denied"},
        {error(of(std::errc::connection_reset), "recv", here, there),
         "recv from 10.0.0.1:80: Connection reset by peer"},
        {error(errc::end_of_stream, "recv_exactly", here, there, 3),
         "recv_exactly from 10.0.0.1:80 (after 3 bytes): the peer closed before everything had come"},
        {error(of(std::errc::broken_pipe), "send", here, there), "send to 10.0.0.1:80: Broken pipe"},
        {error(of(std::errc::broken_pipe), "send_all", here, there, 4096),
         "send_all to 10.0.0.1:80 (after 4096 bytes): Broken pipe"},
        {error(of(std::errc::message_size), "send_to", here, there), "send_to 10.0.0.1:80: Message too long"},
        {error(errc::timed_out, "recv_from", here), "recv_from on [::]:7: timed out: the deadline passed"},
        {error(errc::timed_out, "recv"), "recv: timed out: the deadline passed"},
        {error(of(std::errc::connection_reset), "recv", file, unnamed),
         "recv on unix:/run/s: Connection reset by peer"},
        {error(errc::closed, "shutdown", here, there), "shutdown with 10.0.0.1:80: the socket is closed"},
        {error(errc::closed, "options", here), "options on [::]:7: the socket is closed"},
        {error(of(std::errc::too_many_files_open), "socket"), "socket: Too many open files"},
        {error(errc::name_not_found, "connect", "connect to example.org:http"),
         "connect to example.org:http: no such host name"},
    };
    for (const auto& r : rows) EXPECT_STREQ(r.thrown.what(), r.text);
}

TEST(error_text, carries_the_ends_and_the_bytes) {
    const auto here = endpoint::parse("127.0.0.1:7");
    const auto there = endpoint::parse("127.0.0.1:8");
    const error thrown(errc::timed_out, "send_all", here, there, 17);
    EXPECT_EQ(thrown.local(), here);
    EXPECT_EQ(thrown.peer(), there);
    EXPECT_EQ(thrown.bytes_done(), 17U);
    EXPECT_STREQ(thrown.operation(), "send_all");
    EXPECT_EQ(thrown.code(), errc::timed_out);

    const error with_text(errc::bad_address, "bind", "bind *:htpp");
    EXPECT_EQ(with_text.local(), endpoint());
    EXPECT_EQ(with_text.peer(), endpoint());
    EXPECT_EQ(with_text.bytes_done(), 0U);
    EXPECT_STREQ(with_text.operation(), "bind");
}

TEST(error_text, copies_without_throwing_and_outlives_the_original) {
    static_assert(std::is_nothrow_copy_constructible_v<error> && std::is_nothrow_copy_assignable_v<error>);
    error kept(errc::closed, "recv", "recv");
    {
        const error thrown(errc::timed_out, "connect", {}, endpoint::parse("[::1]:9"));
        kept = thrown;
    }
    EXPECT_EQ(kept.peer(), endpoint::parse("[::1]:9"));
    EXPECT_STREQ(kept.what(), "connect to [::1]:9: timed out: the deadline passed");
}

TEST(error_text, is_caught_as_a_system_error) {
    try {
        throw error(of(std::errc::connection_refused), "connect");
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), std::errc::connection_refused);
    }
}

TEST(error_text, hides_terminal_escapes_and_clips) {
    const error path(errc::closed, "bind", endpoint::local("/\x1b[2J\r\n"));
    EXPECT_STREQ(path.what(), "bind unix:/\\x1b[2J\\x0d\\x0a: the socket is closed");
    const error text(errc::bad_address, "connect", "connect to " + std::string(100'000, 'x'));
    EXPECT_LT(std::string(text.what()).size(), 450U);
}

TEST(error_text, shows_well_formed_utf8_and_escapes_the_rest) {
    const auto shown = [](const std::string& s) {
        const std::string what = error(errc::closed, "x", s).what();
        return what.substr(0, what.find(": the socket is closed"));
    };
    EXPECT_EQ(shown("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x9a\xaa"), "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x9a\xaa");
    EXPECT_EQ(shown("\xc2\x9b"), "\\xc2\\x9b") << "CSI as a C1 control";
    EXPECT_EQ(shown("\x9b"), "\\x9b");
    EXPECT_EQ(shown("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
    EXPECT_EQ(shown("\xe0\x80\xaf"), "\\xe0\\x80\\xaf") << "overlong";
    EXPECT_EQ(shown("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "surrogate";
    EXPECT_EQ(shown("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond U+10FFFF";
    EXPECT_EQ(shown("\xe2\x82"), "\\xe2\\x82") << "cut short";
    EXPECT_EQ(shown(shown("\x1b\xff")), "\\x1b\\xff");
}

}  // namespace
