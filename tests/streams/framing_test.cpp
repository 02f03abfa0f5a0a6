// Frames: every width and order of the length, varints, bounds, and endings in the middle.
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "scripted_stream.hpp"

namespace {

using namespace cardea;
using streams_test::cut;
using streams_test::scripted_stream;

std::string text_of(const std::optional<const_buffer>& frame) { return frame ? std::string(frame->text()) : "(none)"; }

std::string with_length(const std::vector<unsigned char>& length, const std::string& message) {
    return std::string(length.begin(), length.end()) + message;
}

struct example {
    frame_format format;
    std::vector<unsigned char> length_of_5;
};

const std::vector<example>& examples() {
    static const std::vector<example> all{
        {{.length_bytes = 1}, {5}},
        {{.length_bytes = 2}, {0, 5}},
        {{.length_bytes = 2, .order = byte_order::little}, {5, 0}},
        {{.length_bytes = 4}, {0, 0, 0, 5}},
        {{.length_bytes = 4, .order = byte_order::little}, {5, 0, 0, 0}},
        {{.length_bytes = 8}, {0, 0, 0, 0, 0, 0, 0, 5}},
        {{.length_bytes = 8, .order = byte_order::little}, {5, 0, 0, 0, 0, 0, 0, 0}},
        {{.length_bytes = 0}, {5}},
        {{.length_bytes = 4, .counts_itself = true}, {0, 0, 0, 9}},
    };
    return all;
}

TEST(framing, writes_the_bytes_that_the_format_says) {
    for (const example& e : examples()) {
        scripted_stream to;
        frame_writer out(to, e.format);
        out.send("hello");
        EXPECT_EQ(to.sent, with_length(e.length_of_5, "hello"));
        EXPECT_EQ(to.sends, 1) << "length and message in one call";
    }
}

TEST(framing, reads_them_however_they_are_cut) {
    for (const example& e : examples()) {
        const std::string text = with_length(e.length_of_5, "hello") + with_length(e.length_of_5, "world");
        for (std::size_t size = 1; size <= text.size(); ++size) {
            scripted_stream from = cut(text, size);
            frame_reader in(from, e.format);
            EXPECT_EQ(text_of(in.next()), "hello");
            EXPECT_EQ(text_of(in.next()), "world");
            EXPECT_EQ(text_of(in.next()), "(none)");
        }
    }
}

TEST(framing, every_size_goes_there_and_back) {
    for (example e : examples()) {
        e.format.longest = 70'000;
        for (const std::size_t size : {0U, 1U, 127U, 128U, 250U, 255U, 256U, 16'383U, 16'384U, 65'530U, 65'536U}) {
            if (e.format.length_bytes == 1 && size > 255) continue;
            if (e.format.length_bytes == 2 && size > 65'535) continue;
            scripted_stream to;
            frame_writer(to, e.format).send(std::string(size, 'm'));
            scripted_stream from = cut(to.sent, 1'000);
            frame_reader in(from, e.format);
            EXPECT_EQ(text_of(in.next()), std::string(size, 'm'));
            EXPECT_EQ(text_of(in.next()), "(none)");
        }
    }
}

TEST(framing, an_end_within_a_message_is_no_end) {
    for (const example& e : examples()) {
        const std::string text = with_length(e.length_of_5, "hello");
        for (std::size_t size = 1; size < text.size(); ++size) {
            scripted_stream from{text.substr(0, size)};
            frame_reader in(from, e.format);
            std::error_code ec;
            EXPECT_EQ(text_of(in.next(ec)), "(none)");
            EXPECT_EQ(ec, errc::end_of_stream) << size << " bytes";
        }
    }
}

TEST(framing, a_message_longer_than_the_bound_is_refused_by_its_length_alone) {
    for (example e : examples()) {
        e.format.longest = 4;
        scripted_stream from{with_length(e.length_of_5, "")};
        from.then_fails(errc::closed);  // nobody asks for more
        frame_reader in(from, e.format);
        try {
            in.next();
            FAIL() << "5 of 4 bytes";
        } catch (const error& failed) {
            EXPECT_EQ(failed.code(), errc::too_long);
            EXPECT_EQ(std::string(failed.what()), "recv frame (the bound is 4 bytes): longer than the bound allows");
        }
    }
}

TEST(framing, an_absurd_length_takes_no_memory) {
    scripted_stream from{std::string(8, '\xff')};
    frame_reader in(from, {.length_bytes = 8});
    std::error_code ec;
    in.next(ec);
    EXPECT_EQ(ec, errc::too_long);
}

TEST(framing, sends_nothing_that_is_too_long_for_the_bound_or_the_length) {
    scripted_stream to;
    std::error_code ec;
    frame_writer(to, {.length_bytes = 4, .longest = 10}).send(std::string(11, 'x'), ec);
    EXPECT_EQ(ec, errc::too_long);
    frame_writer(to, {.length_bytes = 1}).send(std::string(256, 'x'), ec);
    EXPECT_EQ(ec, errc::too_long);
    frame_writer(to, {.length_bytes = 1, .counts_itself = true}).send(std::string(255, 'x'), ec);
    EXPECT_EQ(ec, errc::too_long);
    EXPECT_EQ(to.sent, "");
}

TEST(framing, a_length_that_is_none_is_malformed) {
    std::error_code ec;
    scripted_stream overlong{std::string(9, '\xff') + "\x02"};
    frame_reader(overlong, {.length_bytes = 0}).next(ec);
    EXPECT_EQ(ec, errc::malformed) << "a 65th bit";
    scripted_stream endless{std::string(11, '\x80')};
    frame_reader(endless, {.length_bytes = 0}).next(ec);
    EXPECT_EQ(ec, errc::malformed);
    scripted_stream short_of_itself{std::string("\0\0\0\3", 4)};
    frame_reader(short_of_itself, {.length_bytes = 4, .counts_itself = true}).next(ec);
    EXPECT_EQ(ec, errc::malformed);
}

TEST(framing, the_longest_varint_is_64_bits) {
    scripted_stream from{std::string(9, '\xff') + "\x01"};
    std::error_code ec;
    frame_reader(from, {.length_bytes = 0}).next(ec);
    EXPECT_EQ(ec, errc::too_long) << "a length, and beyond the bound";
}

TEST(framing, a_format_that_is_none_is_refused_at_once) {
    scripted_stream s;
    EXPECT_THROW(frame_reader(s, {.length_bytes = 3}), std::invalid_argument);
    EXPECT_THROW(frame_writer(s, {.length_bytes = 9}), std::invalid_argument);
    EXPECT_THROW(frame_reader(s, {.length_bytes = 0, .counts_itself = true}), std::invalid_argument);
}

TEST(framing, what_a_failed_call_had_received_is_not_lost) {
    scripted_stream from{std::string("\0", 1)};
    from.then_fails(errc::timed_out).then("\5he").then_fails(errc::timed_out).then("llo");
    frame_reader in(from, {.length_bytes = 2});
    EXPECT_THROW(in.next(), error);
    EXPECT_THROW(in.next(), error);
    EXPECT_EQ(text_of(in.next()), "hello");
}

TEST(framing, small_messages_are_gathered_by_a_buffered_writer) {
    scripted_stream to;
    buffered_writer buffer(to);
    frame_writer out(buffer, {.length_bytes = 1});
    for (int i = 0; i < 100; ++i) out.send("m");
    EXPECT_EQ(to.sends, 0);
    buffer.flush();
    EXPECT_EQ(to.sends, 1);
    EXPECT_EQ(to.sent.size(), 200U);
}

}  // namespace
