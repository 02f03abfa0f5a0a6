// What a receiver reports of data beyond a gap (RFC 2018 section 4) and of duplicates (RFC 2883).
#include <algorithm>
#include <array>

#include "stack/tcp/receive_buffer.hpp"
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

script receiver() {
    script s{with_sack()};
    s.connect_fully("win 65535 mss 1000 sackok");
    return s;
}

TEST(tcp_sack_generation, reports_what_lies_beyond_the_gap) {
    script s = receiver();
    s.in(". 1001:2001(1000) ack 1");
    s.expect(". 1:1(0) ack 1 sack 1001:2001");
    s.in(". 2001:3001(1000) ack 1");
    s.expect(". 1:1(0) ack 1 sack 1001:3001");
    s.in(". 1:1001(1000) ack 1");
    s.expect(". 1:1(0) ack 3001 nosack");
    EXPECT_EQ(s.recv(5000), 3000U);
}

TEST(tcp_sack_generation, latest_block_comes_first) {
    script s = receiver();
    s.in(". 1001:2001(1000) ack 1");
    s.drop_output();
    s.in(". 5001:6001(1000) ack 1");
    s.expect(". 1:1(0) ack 1 sack 5001:6001 sack 1001:2001");
    s.in(". 3001:4001(1000) ack 1");
    s.expect(". 1:1(0) ack 1 sack 3001:4001 sack 5001:6001 sack 1001:2001");
    s.in(". 2001:3001(1000) ack 1");
    s.expect(". 1:1(0) ack 1 sack 1001:4001 sack 5001:6001");
}

TEST(tcp_sack_generation, at_most_four_blocks_without_timestamps) {
    script s = receiver();
    for (int i = 1; i <= 6; ++i) {
        int const at = 1 + i * 2000;
        s.in(". " + std::to_string(at) + ":" + std::to_string(at + 1000) + "(1000) ack 1");
    }
    for (int i = 0; i < 5; ++i) s.expect(". 1:1(0) ack 1");
    s.expect(". 1:1(0) ack 1 sack 12001:13001 sack 10001:11001 sack 8001:9001 sack 6001:7001");
}

TEST(tcp_sack_generation, duplicate_below_the_ack_is_reported_once) {
    script s = receiver();
    s.in(". 1:1001(1000) ack 1");
    s.drop_output();
    s.in(". 1:1001(1000) ack 1");
    s.expect(". 1:1(0) ack 1001 sack 1:1001");
    s.in(". 1001:2001(1000) ack 1");
    s.expect(". 1:1(0) ack 2001 nosack");
}

TEST(tcp_sack_generation, duplicate_beyond_the_gap_comes_before_its_block) {
    script s = receiver();
    s.in(". 1001:3001(2000) ack 1");
    s.drop_output();
    s.in(". 1001:2001(1000) ack 1");
    s.expect(". 1:1(0) ack 1 sack 1001:2001 sack 1001:3001");
}

TEST(tcp_sack_generation, partly_new_segment_is_taken_and_its_old_part_reported) {
    script s = receiver();
    s.in(". 1:1001(1000) ack 1");
    s.drop_output();
    s.in(". 501:1501(1000) ack 1");
    s.expect(". 1:1(0) ack 1501 sack 501:1001");
    EXPECT_EQ(s.recv(5000), 1500U);
}

TEST(tcp_sack_generation, none_for_a_peer_that_did_not_ask) {
    script s{with_sack()};
    s.connect_fully();
    s.in(". 1001:2001(1000) ack 1");
    s.expect(". 1:1(0) ack 1 nosack");
}

TEST(tcp_sack_generation, each_out_of_order_segment_is_a_duplicate_ack_without_sack) {
    script s;
    s.connect_fully();
    for (int i = 1; i <= 3; ++i) {
        int const at = 1 + i * 1000;
        s.in(". " + std::to_string(at) + ":" + std::to_string(at + 1000) + "(1000) ack 1");
        s.expect(". 1:1(0) ack 1");
    }
    s.in(". 1:1001(1000) ack 1");
    s.expect(". 1:1(0) ack 4001");
    s.quiet();
}

TEST(tcp_sack_generation, reassembles_overlaps_in_every_order) {
    // Ranges of a small stream in every order: the bytes are right and nothing is counted twice.
    struct range {
        std::uint32_t from, to;
    };
    std::array<range, 5> pieces{{{0, 10}, {5, 20}, {18, 30}, {25, 40}, {8, 28}}};
    std::array<std::byte, 40> data{};
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i * 7);
    std::array<int, 5> order{0, 1, 2, 3, 4};
    do {
        receive_buffer b;
        b.start(sequence{0xfffffff0});
        std::uint32_t advanced = 0;
        for (int const i : order) {
            range const r = pieces.at(static_cast<std::size_t>(i));
            payload_view const p{bytes_view{data}.subspan(r.from, r.to - r.from), {}};
            advanced += b.insert(sequence{0xfffffff0} + r.from, p, sequence{0xfffffff0} + 1000).advanced;
        }
        ASSERT_EQ(advanced, 40U);
        ASSERT_EQ(b.readable(), 40U);
        ASSERT_FALSE(b.has_gap());
        std::array<std::byte, 40> got{};
        b.peek(got);
        ASSERT_EQ(got, data);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(tcp_sack_generation, keeps_a_bounded_number_of_runs) {
    receive_buffer b;
    b.start(sequence{1});
    std::array<std::byte, 1> one{};
    for (std::uint32_t i = 0; i < 5000; ++i) b.insert(sequence{3 + 2 * i}, {bytes_view{one}, {}}, sequence{1 + 65'535});
    EXPECT_EQ(b.run_count(), receive_buffer::max_runs);
    EXPECT_LE(b.memory(), 65'536U + 16'384U);
}

TEST(tcp_sack_generation, nothing_beyond_the_limit_is_kept) {
    receive_buffer b;
    b.start(sequence{1});
    std::array<std::byte, 100> data{};
    auto const o = b.insert(sequence{1}, {bytes_view{data}, {}}, sequence{51});
    EXPECT_EQ(o.advanced, 50U);
    EXPECT_EQ(b.insert(sequence{51}, {bytes_view{data}, {}}, sequence{51}).advanced, 0U);
}

TEST(tcp_sack_generation, duplicates_taken_in_together_are_each_acknowledged_without_sack) {
    script s;
    s.connect_fully();
    std::array<std::byte, 1000> data{};
    auto const take_in = [&](std::uint32_t at) {  // before output is asked for
        segment in;
        in.flags = flag::ack;
        in.seq = sequence{0x7ffffff0} + at;
        in.ack = sequence{0xfffffff0} + 1;
        in.window = 65535;
        in.payload.first = data;
        s.c->on_segment(in, s.now);
    };
    for (std::uint32_t at : {1001U, 2001U, 3001U}) take_in(at);
    s.collect();
    for (int i = 0; i < 3; ++i) s.expect(". 1:1(0) ack 1");
    s.quiet();
    take_in(4001);
    take_in(5001);
    take_in(1);  // fills the gap: nothing is a duplicate any more
    s.collect();
    s.expect(". 1:1(0) ack 6001");
    s.quiet();
    for (int i = 0; i < 3; ++i) take_in(1);  // old as a whole
    s.collect();
    for (int i = 0; i < 3; ++i) s.expect(". 1:1(0) ack 6001");
    s.quiet();
}

}  // namespace
}  // namespace cardea::stack::tcp::test
