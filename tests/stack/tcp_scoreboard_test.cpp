// The scoreboard's judgements, one by one: what a SACK block covers, what is lost by it (RFC 6675), what is sent next,
// and what an acknowledgement has told (RFC 6298, RFC 8985).
#include "stack/tcp/scoreboard.hpp"

#include <gtest/gtest.h>

namespace cardea::stack::tcp::test {
namespace {

constexpr std::uint32_t mss = 1000;

/// Bytes from 1 on, in runs of these lengths, the first sent at 100, each one later than the one before.
scoreboard sent(std::initializer_list<std::uint32_t> lengths) {
    scoreboard b;
    b.start(sequence{1});
    std::uint32_t at = 1;
    time_ns now = 100;
    for (auto const n : lengths) {
        b.sent(sequence{at}, sequence{at + n}, mss, now++);
        at += n;
    }
    return b;
}

delivery sack(scoreboard& b, std::uint32_t left, std::uint32_t right) {
    delivery d;
    b.apply_sack({sequence{left}, sequence{right}}, d);
    return d;
}

TEST(tcp_scoreboard, block_inside_a_large_segment_counts_by_whole_parts) {
    auto b = sent({10'000});
    EXPECT_EQ(sack(b, 1500, 5500).sacked, 3000U);  // 2001 to 5001
    EXPECT_EQ(b.runs()[1].begin, sequence{2001});
    EXPECT_EQ(b.runs()[1].end, sequence{5001});
    EXPECT_EQ(b.high_sacked(), sequence{5001});
}

TEST(tcp_scoreboard, sample_is_of_the_newest_that_was_sent_once) {
    auto b = sent({mss, mss, mss});
    delivery d;
    b.acknowledge(sequence{3001}, d);
    EXPECT_EQ(d.sample_sent_at, 102);
    EXPECT_FALSE(d.resent_acked);
}

TEST(tcp_scoreboard, report_of_what_was_resent_is_told_apart) {
    auto b = sent({mss, mss, mss});
    b.mark_all_lost();
    ASSERT_TRUE(b.make_room(2));
    b.resent(sequence{1001}, sequence{2001}, mss, 200);
    EXPECT_EQ(b.pipe(), mss);
    auto const d = sack(b, 1001, 2001);
    EXPECT_TRUE(d.resent_acked);
    EXPECT_FALSE(d.sample_sent_at);
    EXPECT_EQ(d.newest_sent_at, 200);
    EXPECT_TRUE(d.newest_resent);
    EXPECT_EQ(b.pipe(), 0U);
}

TEST(tcp_scoreboard, of_two_sent_at_once_the_later_in_the_stream_is_the_newer) {
    scoreboard b;
    b.start(sequence{1});
    for (std::uint32_t at : {1U, 1001U}) b.sent(sequence{at}, sequence{at + mss}, mss, 100);
    delivery d;
    b.acknowledge(sequence{2001}, d);
    EXPECT_EQ(d.newest_end, sequence{2001});
}

TEST(tcp_scoreboard, three_islands_show_a_loss_however_small) {
    auto b = sent({100, 100, 100, 100, 100, 100});
    sack(b, 101, 201);
    sack(b, 301, 401);
    EXPECT_FALSE(b.first_is_lost(mss));
    b.mark_lost_below_sacks(mss);
    EXPECT_EQ(b.lost(), 0U);
    sack(b, 501, 601);
    EXPECT_TRUE(b.first_is_lost(mss));
    b.mark_lost_below_sacks(mss);
    EXPECT_EQ(b.lost(), 100U);
}

TEST(tcp_scoreboard, two_segments_above_are_not_enough_and_a_byte_more_is) {
    auto b = sent({mss, mss, mss, 1});
    sack(b, 1001, 3001);
    EXPECT_FALSE(b.first_is_lost(mss));
    b.mark_lost_below_sacks(mss);
    EXPECT_EQ(b.lost(), 0U);
    sack(b, 3001, 3002);
    EXPECT_TRUE(b.first_is_lost(mss));
    b.mark_lost_below_sacks(mss);
    EXPECT_EQ(b.lost(), mss);
}

TEST(tcp_scoreboard, what_was_resent_unasked_is_not_lost_meanwhile) {
    auto b = sent({mss, mss, mss, mss});
    ASSERT_TRUE(b.make_room(2));
    b.resent(sequence{1}, sequence{1001}, mss, 200);  // a rescue or a probe
    sack(b, 1001, 4001);
    b.mark_lost_below_sacks(mss);
    EXPECT_EQ(b.lost(), 0U);
}

TEST(tcp_scoreboard, reports_forgotten_leave_nothing_behind) {
    auto b = sent({mss, mss, mss});
    sack(b, 1001, 3001);
    b.forget_sacks();
    EXPECT_EQ(b.sacked(), 0U);
    EXPECT_EQ(b.high_sacked(), b.una());
    EXPECT_FALSE(b.next_unsacked(mss));
}

TEST(tcp_scoreboard, after_a_timeout_retransmissions_are_lost_as_well) {
    auto b = sent({mss, mss});
    b.mark_all_lost();
    ASSERT_TRUE(b.make_room(2));
    b.resent(sequence{1}, sequence{1001}, mss, 200);
    b.mark_all_lost();
    EXPECT_EQ(b.pipe(), 0U);
    auto const next = b.next_lost(mss);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->begin, sequence{1});
}

TEST(tcp_scoreboard, last_segment_of_a_large_one_is_what_remains_beyond_whole_parts) {
    auto b = sent({2500});
    auto const last = b.last_unsacked(mss);
    ASSERT_TRUE(last);
    EXPECT_EQ(last->begin, sequence{2001});
    EXPECT_EQ(last->end, sequence{2501});
}

TEST(tcp_scoreboard, narrower_path_loses_what_was_larger_and_what_was_cut_anew_stays) {
    auto b = sent({mss, 400});
    EXPECT_TRUE(b.mark_larger_lost(500));
    EXPECT_EQ(b.lost(), mss);
    ASSERT_TRUE(b.make_room(2));
    b.resent(sequence{1}, sequence{1001}, 500, 200);  // in two
    EXPECT_FALSE(b.mark_larger_lost(500));
}

TEST(tcp_scoreboard, waits_for_the_last_that_reordering_may_excuse) {
    auto b = sent({mss, mss, mss});
    // The third has arrived; 10 after its sending each earlier one is lost: the second in 1, the first now.
    EXPECT_EQ(b.mark_lost_by_time(102, sequence{3001}, 10, 109), 2);
    EXPECT_EQ(b.lost(), 0U);
    EXPECT_EQ(b.mark_lost_by_time(102, sequence{3001}, 10, 110), 1);
    EXPECT_EQ(b.lost(), mss);
    EXPECT_EQ(b.mark_lost_by_time(102, sequence{3001}, 10, 111), 0);
    EXPECT_EQ(b.lost(), 2 * mss);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
