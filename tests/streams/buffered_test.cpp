// Buffered readers and writers: nothing lost, nothing twice, whatever fails in between.
#include <gtest/gtest.h>

#include <array>

#include "scripted_stream.hpp"

namespace {

using namespace cardea;
using streams_test::cut;
using streams_test::scripted_stream;

TEST(buffered_reader, hands_out_what_there_is_before_it_asks_for_more) {
    scripted_stream from{"hello world", "!"};
    buffered_reader in(from);
    std::array<char, 5> room{};
    EXPECT_EQ(in.recv_until(" ", 100), "hello ");
    EXPECT_EQ(from.receives, 1);
    EXPECT_EQ(in.recv(room), 5U);
    EXPECT_EQ(std::string(room.data(), 5), "world");
    EXPECT_EQ(from.receives, 1);
    EXPECT_EQ(in.recv(room), 1U);
    EXPECT_EQ(in.recv(room), 0U);
}

TEST(buffered_reader, finds_a_delimiter_however_it_is_cut) {
    const std::string text = "a\r\n\rb\r\n\r\nrest";
    for (std::size_t size = 1; size <= text.size(); ++size) {
        scripted_stream from = cut(text, size);
        buffered_reader in(from);
        EXPECT_EQ(in.recv_until("\r\n\r\n", 100), "a\r\n\rb\r\n\r\n") << "in pieces of " << size;
        std::string rest(4, ' ');
        in.recv_exactly(rest);
        EXPECT_EQ(rest, "rest");
    }
}

TEST(buffered_reader, the_bound_counts_the_delimiter) {
    for (std::size_t size = 1; size <= 6; ++size) {
        std::error_code ec;
        scripted_stream fits = cut("1234;;", size);
        EXPECT_EQ(buffered_reader(fits).recv_until(";;", 6, ec), "1234;;");
        EXPECT_FALSE(ec);
        scripted_stream does_not = cut("1234;;", size);
        buffered_reader in(does_not);
        EXPECT_EQ(in.recv_until(";;", 5, ec), "");
        EXPECT_EQ(ec, errc::too_long);
        EXPECT_GE(in.buffered().size(), 5U) << "it stays, for who wants to see it";
    }
}

TEST(buffered_reader, an_end_before_the_delimiter_leaves_what_came) {
    scripted_stream from{"no ", "end"};
    buffered_reader in(from);
    try {
        in.recv_until("\n", 100);
        FAIL() << "there was none";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), errc::end_of_stream);
        EXPECT_EQ(e.bytes_done(), 6U);
    }
    EXPECT_EQ(in.buffered().text(), "no end");
}

TEST(buffered_reader, views_and_peeks_of_any_size) {
    const std::string text(200'000, 'v');
    for (const std::size_t size : {std::size_t{1}, std::size_t{999}, std::size_t{40'000}, text.size()}) {
        scripted_stream from = cut(text + "tail", size == 1 ? 50 : size);
        buffered_reader in(from);
        EXPECT_GE(in.peek(3).size(), 3U);
        EXPECT_EQ(in.recv_view(text.size()).text(), text);
        EXPECT_EQ(in.peek(100).text(), "tail") << "as much as there is before the end";
        std::error_code ec;
        EXPECT_EQ(in.recv_view(5, ec).size(), 0U);
        EXPECT_EQ(ec, errc::end_of_stream);
        EXPECT_EQ(in.recv_view(4).text(), "tail");
    }
}

TEST(buffered_reader, cannot_give_back_to_a_stream_that_takes_nothing_back) {
    scripted_stream from{"two parts"};
    buffered_reader in(from);
    in.recv_until(" ", 100);
    std::error_code ec;
    in.give_back(ec);
    EXPECT_EQ(ec, errc::not_supported);
    EXPECT_EQ(in.buffered().text(), "parts");
}

TEST(buffered_writer, gathers_until_it_is_full_or_flushed) {
    scripted_stream to;
    buffered_writer out(to, 10);
    out.send_all("12345");
    out.send_all("67890");
    EXPECT_EQ(to.sends, 0);
    out.send_all("x");
    EXPECT_EQ(to.sends, 1) << "all of it at once";
    EXPECT_EQ(to.sent, "1234567890x");
    out.send_all(std::string(50, 'y'));
    EXPECT_EQ(to.sends, 2);
    out.send_all("z");
    EXPECT_EQ(to.sends, 2);
    out.flush();
    out.flush();
    EXPECT_EQ(to.sends, 3);
    EXPECT_EQ(to.sent, "1234567890x" + std::string(50, 'y') + "z");
    EXPECT_EQ(out.buffered(), 0U);
}

TEST(buffered_writer, what_a_failed_flush_left_goes_with_the_next) {
    scripted_stream to;
    to.takes = 4;
    buffered_writer out(to, 100);
    out.send_all("abcdefgh");
    EXPECT_THROW(out.flush(), error);
    EXPECT_EQ(out.buffered(), 4U);
    out.send_all("ij");
    to.takes = 100;
    out.flush();
    EXPECT_EQ(to.sent, "abcdefghij");
}

TEST(buffered_reader, refuses_to_read_until_nothing) {
    scripted_stream from{"something"};
    buffered_reader in(from);
    std::error_code ec;
    EXPECT_TRUE(in.recv_until("", 8, ec).empty());
    EXPECT_EQ(ec, std::errc::invalid_argument);
}

TEST(buffered_writer, says_how_much_it_took_when_a_full_buffer_could_not_be_sent) {
    for (std::size_t takes = 0; takes <= 12; ++takes) {
        scripted_stream to;
        to.takes = takes;
        buffered_writer out(to, 8);
        out.send_all("123456");
        std::error_code ec;
        const std::size_t taken = out.send_all("abcdef", ec);
        EXPECT_EQ(ec, takes < 12 ? std::error_code(errc::timed_out) : std::error_code());
        to.takes = 100;
        out.flush();
        out.send_all(const_buffer("abcdef").after(taken));
        out.flush();
        EXPECT_EQ(to.sent, "123456abcdef") << "after " << takes << " bytes";
    }
}

TEST(buffered_stream, is_both) {
    scripted_stream both{"question\n"};
    buffered_stream io(both);
    const std::string question(line_reader(io).next().value());
    io.send_all("answer to ");
    io.send_all(question);
    io.flush();
    EXPECT_EQ(both.sent, "answer to question");
    EXPECT_EQ(both.sends, 1);
}

}  // namespace
