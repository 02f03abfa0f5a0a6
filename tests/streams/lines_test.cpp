// Lines: LF and CRLF, however the bytes are cut, bounded, and the last one without an end.
#include <gtest/gtest.h>

#include <vector>

#include "scripted_stream.hpp"

namespace {

using namespace cardea;
using streams_test::cut;
using streams_test::scripted_stream;

std::vector<std::string> all_lines(scripted_stream& from, std::size_t longest = 100,
                                   line_end ends = line_end::lf_or_crlf) {
    line_reader in(from, longest, ends);
    std::vector<std::string> lines;
    while (const auto line = in.next()) lines.emplace_back(*line);
    return lines;
}

TEST(lines, end_with_lf_or_crlf_however_they_are_cut) {
    const std::string text = "one\ntwo\r\n\r\n\nthree \r four\r\nlast";
    const std::vector<std::string> expected{"one", "two", "", "", "three \r four", "last"};
    for (std::size_t size = 1; size <= text.size(); ++size) {
        scripted_stream from = cut(text, size);
        EXPECT_EQ(all_lines(from), expected) << "in pieces of " << size;
    }
}

TEST(lines, that_must_end_with_crlf_keep_a_bare_cr_or_lf) {
    const std::string text = "a\nb\r\n\rc\r\n\r\r\nd\n";
    const std::vector<std::string> expected{"a\nb", "\rc", "\r", "d\n"};
    for (std::size_t size = 1; size <= text.size(); ++size) {
        scripted_stream from = cut(text, size);
        EXPECT_EQ(all_lines(from, 100, line_end::crlf), expected) << "in pieces of " << size;
    }
}

TEST(lines, the_last_one_without_an_end_is_told_apart) {
    scripted_stream from{"whole\ncut o", "ff"};
    line_reader in(from);
    EXPECT_EQ(in.next(), "whole");
    EXPECT_TRUE(in.terminated());
    EXPECT_EQ(in.next(), "cut off");
    EXPECT_FALSE(in.terminated());
    EXPECT_EQ(in.next(), std::nullopt);
    EXPECT_EQ(in.next(), std::nullopt);
}

TEST(lines, as_long_as_the_bound_pass_and_longer_ones_do_not) {
    for (const std::string end : {"\n", "\r\n"}) {
        const std::string text = "12345" + end + "123456" + end;
        for (std::size_t size = 1; size <= text.size(); ++size) {
            scripted_stream from = cut(text, size);
            line_reader in(from, 5);
            EXPECT_EQ(in.next(), "12345");
            std::error_code ec;
            EXPECT_EQ(in.next(ec), std::nullopt);
            EXPECT_EQ(ec, errc::too_long) << "in pieces of " << size;
        }
    }
}

TEST(lines, a_last_one_without_an_end_is_bounded_too) {
    scripted_stream from{"123456"};
    line_reader in(from, 5);
    std::error_code ec;
    EXPECT_EQ(in.next(ec), std::nullopt);
    EXPECT_EQ(ec, errc::too_long);
}

TEST(lines, an_endless_one_is_refused_early_and_takes_no_more_memory_than_the_bound) {
    scripted_stream from;
    for (int i = 0; i < 1'000; ++i) from.then(std::string(1'000, 'x'));
    line_reader in(from, 20'000);
    std::error_code ec;
    EXPECT_EQ(in.next(ec), std::nullopt);
    EXPECT_EQ(ec, errc::too_long);
    EXPECT_LE(in.buffer().buffered().size(), 40'000U);
}

TEST(lines, after_one_too_long_the_rest_of_it_can_be_skipped) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{1'000}, std::size_t{100'000}}) {
        scripted_stream from = cut(std::string(50'000, 'x') + "\r\nnext\r\n" + std::string(300, 'y'), size);
        line_reader in(from, 100);
        std::error_code ec;
        EXPECT_EQ(in.next(ec), std::nullopt);
        EXPECT_EQ(ec, errc::too_long);
        EXPECT_EQ(in.next(ec), std::nullopt) << "it stays too long";
        EXPECT_TRUE(in.skip());
        EXPECT_EQ(in.next(), "next");
        EXPECT_EQ(in.next(ec), std::nullopt);
        EXPECT_FALSE(in.skip()) << "the stream ends first";
        EXPECT_EQ(in.next(), std::nullopt);
    }
}

TEST(lines, the_error_names_the_operation_and_the_bound) {
    scripted_stream from{std::string(50, 'x')};
    line_reader in(from, 10);
    try {
        in.next();
        FAIL() << "50 of 10 bytes";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), errc::too_long);
        EXPECT_EQ(std::string(e.what()), "recv line (the bound is 10 bytes): longer than the bound allows");
    }
}

TEST(lines, what_a_failed_call_had_received_is_not_lost) {
    scripted_stream from{"be"};
    from.then_fails(errc::timed_out).then("gin").then_fails(errc::timed_out).then("ning\nnext\n");
    line_reader in(from);
    EXPECT_THROW(in.next(), error);
    EXPECT_EQ(in.buffer().buffered().text(), "be");
    EXPECT_THROW(in.next(), error);
    EXPECT_EQ(in.next(), "beginning");
    EXPECT_EQ(in.next(), "next");
}

TEST(lines, share_a_buffer_with_bytes) {
    scripted_stream from{"header: 5\r\n\r\nbo", "dynext line\n"};
    buffered_reader in(from);
    line_reader lines(in);
    EXPECT_EQ(lines.next(), "header: 5");
    EXPECT_EQ(lines.next(), "");
    std::string body(4, ' ');
    in.recv_exactly(body);
    EXPECT_EQ(body, "body");
    EXPECT_EQ(lines.next(), "next line");
}

}  // namespace
