// Headers and options from the wire, well and badly formed, and back onto it (RFC 9293 section 3.1 and 3.2).
#include <gtest/gtest.h>

#include <vector>

#include "stack/tcp/segment.hpp"
#include "tcp_pair.hpp"

namespace cardea::stack::tcp::test {
namespace {

std::vector<std::byte> header(std::vector<int> const& options, std::uint8_t flags = flag::syn) {
    std::vector<std::byte> b(20);
    std::size_t const padded = (options.size() + 3) / 4 * 4;
    b[12] = static_cast<std::byte>((20 + padded) / 4 << 4);
    b[13] = std::byte{flags};
    for (int const o : options) b.push_back(static_cast<std::byte>(o));
    b.resize(20 + padded);
    return b;
}
segment_options options(std::vector<int> const& bytes, std::uint8_t flags = flag::syn) {
    auto const s = parse(header(bytes, flags));
    EXPECT_TRUE(s.has_value());
    return s ? s->options : segment_options{};
}

TEST(tcp_segment_parsing, header_that_does_not_fit_is_refused) {
    std::vector<std::byte> b(20);
    b[12] = std::byte{0x50};
    EXPECT_TRUE(parse(b));
    for (std::size_t n = 0; n < 20; ++n) EXPECT_FALSE(parse(bytes_view{b}.first(n)));
    for (int offset = 0; offset < 5; ++offset) {
        b[12] = static_cast<std::byte>(offset << 4);
        EXPECT_FALSE(parse(b));
    }
    b[12] = std::byte{0x60};
    EXPECT_FALSE(parse(b));
}

TEST(tcp_segment_parsing, options_are_read_wherever_they_are) {
    // After one NOP nothing is aligned any more (RFC 9293 MUST-64).
    auto const o = options({1, 2, 4, 5, 180, 3, 3, 7, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8});
    EXPECT_EQ(o.mss, 1460);
    EXPECT_EQ(o.window_shift, 7);
    EXPECT_TRUE(o.sack_permitted);
    EXPECT_TRUE(o.has_timestamps);
    EXPECT_EQ(o.ts_value, 9U);
    EXPECT_EQ(o.ts_echo, 8U);
}

TEST(tcp_segment_parsing, unknown_options_are_skipped_by_their_length) {
    auto const o = options({254, 6, 1, 2, 3, 4, 2, 4, 5, 180, 77, 2, 3, 3, 1});
    EXPECT_EQ(o.mss, 1460);
    EXPECT_EQ(o.window_shift, 1);
}

TEST(tcp_segment_parsing, nothing_counts_after_the_end) {
    auto const o = options({0, 2, 4, 5, 180});
    EXPECT_FALSE(o.mss.has_value());
}

TEST(tcp_segment_parsing, illegal_lengths_end_the_options_and_nothing_else) {
    EXPECT_EQ(options({2, 4, 5, 180, 3, 0, 7}).mss, 1460);
    EXPECT_FALSE(options({2, 4, 5, 180, 3, 1, 7}).window_shift);
    EXPECT_FALSE(options({3, 40, 7, 1}).window_shift);  // longer than the header
    EXPECT_FALSE(options({8, 10, 0, 0}).has_timestamps);
    EXPECT_EQ(options({1, 1, 1, 2}).mss, std::nullopt);  // a kind without room for its length
    EXPECT_FALSE(options({2, 3, 5, 1}).mss);             // a length that is not the kind's
    EXPECT_FALSE(options({2, 6, 5, 180, 0, 0, 1, 1}).mss);
}

TEST(tcp_segment_parsing, options_of_a_syn_count_in_a_syn_only) {
    auto const o = options({2, 4, 5, 180, 3, 3, 7, 4, 2}, flag::ack);
    EXPECT_FALSE(o.mss);
    EXPECT_FALSE(o.window_shift);
    EXPECT_FALSE(o.sack_permitted);
    std::vector<int> sack{5, 10, 0, 0, 0, 1, 0, 0, 0, 2};
    EXPECT_EQ(options(sack, flag::ack).sack_count, 1);
    EXPECT_EQ(options(sack, flag::syn).sack_count, 0);
}

TEST(tcp_segment_parsing, any_bytes_are_survived) {
    random_stream random{42};
    for (int round = 0; round < 200'000; ++round) {
        std::vector<std::byte> b(random.below(64));
        for (auto& x : b) x = static_cast<std::byte>(random.next() & 0xff);
        if (b.size() > 12 && random.below(2) == 0) b[12] = static_cast<std::byte>(b.size() / 4 << 4);
        auto const s = parse(b);
        if (!s) continue;
        ASSERT_LE(s->payload.size(), b.size());
        ASSERT_LE(s->options.sack_count, max_sack_blocks);
    }
}

TEST(tcp_segment_parsing, what_is_emitted_parses_back) {
    random_stream random{7};
    auto const from = ip_address::v4(192, 0, 2, 1), to = ip_address::v4(192, 0, 2, 2);
    for (int round = 0; round < 20'000; ++round) {
        segment s;
        s.source_port = static_cast<std::uint16_t>(random.next());
        s.destination_port = static_cast<std::uint16_t>(random.next());
        s.seq = sequence{static_cast<std::uint32_t>(random.next())};
        s.ack = sequence{static_cast<std::uint32_t>(random.next())};
        s.flags = static_cast<std::uint8_t>(random.next());
        s.window = static_cast<std::uint16_t>(random.next());
        s.urgent = static_cast<std::uint16_t>(random.next());
        bool const syn = s.has(flag::syn);
        if (syn && random.below(2) == 0) s.options.mss = static_cast<std::uint16_t>(1 + random.below(65'535));
        if (syn && random.below(2) == 0) s.options.window_shift = static_cast<std::uint8_t>(random.below(15));
        s.options.sack_permitted = syn && random.below(2) == 0;
        if (random.below(2) == 0) {
            s.options.has_timestamps = true;
            s.options.ts_value = static_cast<std::uint32_t>(random.next());
            s.options.ts_echo = static_cast<std::uint32_t>(random.next());
        }
        if (!syn) s.options.sack_count = static_cast<std::uint8_t>(random.below(s.options.has_timestamps ? 4 : 5));
        for (auto& b : s.options.sack) b = {sequence{static_cast<std::uint32_t>(random.next())}, sequence{5}};
        std::vector<std::byte> payload(random.below(50), std::byte{0x5a});
        std::size_t const half = payload.size() / 3;  // an odd split of the two runs
        s.payload = {bytes_view{payload}.first(half), bytes_view{payload}.subspan(half)};

        std::vector<std::byte> b(header_size(s));
        ASSERT_LE(b.size(), max_header_bytes);
        ASSERT_EQ(b.size() % 4, 0U);
        ASSERT_EQ(emit(s, from, to, checksum_mode::full, b), b.size());
        b.insert(b.end(), payload.begin(), payload.end());
        ASSERT_TRUE(checksum_valid(b, from, to));
        auto const back = parse(b);
        ASSERT_TRUE(back);
        ASSERT_EQ(back->seq, s.seq);
        ASSERT_EQ(back->ack, s.ack);
        ASSERT_EQ(back->flags, s.flags);
        ASSERT_EQ(back->window, s.window);
        ASSERT_EQ(back->urgent, s.urgent);
        ASSERT_EQ(back->source_port, s.source_port);
        ASSERT_EQ(back->destination_port, s.destination_port);
        ASSERT_EQ(back->options.mss, s.options.mss);
        ASSERT_EQ(back->options.window_shift, s.options.window_shift);
        ASSERT_EQ(back->options.sack_permitted, s.options.sack_permitted);
        ASSERT_EQ(back->options.has_timestamps, s.options.has_timestamps);
        ASSERT_EQ(back->options.ts_value, s.options.ts_value);
        ASSERT_EQ(back->options.sack_count, s.options.sack_count);
        for (std::size_t i = 0; i < s.options.sack_count; ++i) ASSERT_EQ(back->options.sack[i], s.options.sack[i]);
        ASSERT_EQ(back->payload.size(), payload.size());
    }
}

TEST(tcp_segment_parsing, corrupted_bytes_fail_the_checksum) {
    auto const from = ip_address::v4(192, 0, 2, 1), to = ip_address::v4(192, 0, 2, 2);
    segment s;
    s.flags = flag::ack;
    std::vector<std::byte> b(header_size(s));
    emit(s, from, to, checksum_mode::full, b);
    EXPECT_TRUE(checksum_valid(b, from, to));
    EXPECT_FALSE(checksum_valid(b, from, ip_address::v4(192, 0, 2, 3)));
    for (std::size_t i = 0; i < b.size(); ++i) {
        b[i] ^= std::byte{1};
        EXPECT_FALSE(checksum_valid(b, from, to));
        b[i] ^= std::byte{1};
    }
}

TEST(tcp_segment_parsing, partial_checksum_is_completed_by_summing_the_rest) {
    auto const from = ip_address::v4(192, 0, 2, 1), to = ip_address::v4(192, 0, 2, 2);
    segment s;
    s.flags = flag::ack;
    s.window = 1234;
    std::vector<std::byte> full(header_size(s)), partial(header_size(s));
    emit(s, from, to, checksum_mode::full, full);
    emit(s, from, to, checksum_mode::partial, partial);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < partial.size(); i += 2)
        sum += std::to_integer<std::uint32_t>(partial[i]) << 8 | std::to_integer<std::uint32_t>(partial[i + 1]);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    std::uint32_t const field = ~sum & 0xffff;
    EXPECT_EQ(std::to_integer<std::uint32_t>(full[16]) << 8 | std::to_integer<std::uint32_t>(full[17]), field);
}

TEST(tcp_segment_parsing, padding_is_zero_and_every_option_has_a_length) {
    segment s;
    s.flags = flag::syn;
    s.options.mss = 1460;
    s.options.window_shift = 7;
    s.options.sack_permitted = true;
    std::vector<std::byte> b(header_size(s), std::byte{0xff});
    emit(s, ip_address::any_v4(), ip_address::any_v4(), checksum_mode::full, b);
    std::size_t at = 20;
    while (at < b.size()) {
        auto const kind = std::to_integer<int>(b[at]);
        at += kind <= 1 ? 1 : std::to_integer<std::size_t>(b[at + 1]);
    }
    EXPECT_EQ(at, b.size());
    EXPECT_EQ(std::to_integer<int>(b[12]) & 0x0f, 0);  // reserved bits
}

TEST(tcp_segment_parsing, sizes_and_blocks_that_make_no_sense_are_as_if_not_there) {
    EXPECT_FALSE(options({2, 4, 0, 0}).mss);  // nobody takes segments of nothing
    EXPECT_EQ(options({5, 11, 0, 0, 0, 1, 0, 0, 0, 2, 9}, flag::ack).sack_count, 0);
    EXPECT_EQ(options({5, 10, 0, 0, 0, 1, 0, 0, 0, 2}, flag::ack).sack_count, 1);
}

TEST(tcp_segment_parsing, reset_for_a_stray_acknowledges_all_of_it) {
    std::vector<std::byte> const data(10);
    segment s;
    s.seq = sequence{100};
    s.flags = flag::fin;
    s.payload.first = data;
    auto const r = reset_for(s);
    ASSERT_TRUE(r);
    EXPECT_EQ(r->ack, sequence{111});
    EXPECT_EQ(r->flags, flag::rst | flag::ack);
    s.flags |= flag::rst;
    EXPECT_FALSE(reset_for(s));
}

}  // namespace
}  // namespace cardea::stack::tcp::test
