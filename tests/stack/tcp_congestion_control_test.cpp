// How windows grow and shrink: NewReno (RFC 5681), CUBIC in integers (RFC 9438), HyStart++ (RFC 9406).
#include "stack/tcp/congestion.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace cardea::stack::tcp::test {
namespace {

constexpr std::uint32_t mss = 1000;

congestion_control control(congestion_algorithm a, std::uint32_t cwnd, bool hystart = false) {
    congestion_control c;
    c.start(a, hystart, mss, cwnd, sequence{0});
    return c;
}
ack_event ack(std::uint32_t bytes, time_ns now = 0, time_ns rtt = 100 * milliseconds) {
    ack_event e;
    e.acked = bytes;
    e.now = now;
    e.srtt = e.rtt = rtt;
    return e;
}

TEST(tcp_congestion_control, initial_window_follows_rfc_6928) {
    EXPECT_EQ(initial_window(1460, 10), 14'600U);
    EXPECT_EQ(initial_window(536, 10), 5360U);
    EXPECT_EQ(initial_window(4380, 10), 14'600U);
    EXPECT_EQ(initial_window(9000, 10), 18'000U);
}

TEST(tcp_congestion_control, slow_start_doubles_each_round) {
    auto c = control(congestion_algorithm::newreno, 10 * mss);
    for (int i = 0; i < 10; ++i) c.on_ack(ack(mss));
    EXPECT_EQ(c.cwnd(), 20 * mss);
}

TEST(tcp_congestion_control, newreno_adds_a_segment_each_round) {
    auto c = control(congestion_algorithm::newreno, 20 * mss);
    c.on_congestion(20 * mss, 0);
    c.set_cwnd(c.ssthresh());
    EXPECT_EQ(c.cwnd(), 10 * mss);
    for (int i = 0; i < 10; ++i) c.on_ack(ack(mss));
    EXPECT_EQ(c.cwnd(), 11 * mss);
    for (int i = 0; i < 11; ++i) c.on_ack(ack(mss));
    EXPECT_EQ(c.cwnd(), 12 * mss);
}

TEST(tcp_congestion_control, never_below_two_segments_after_loss_nor_one_after_timeout) {
    for (auto const a : {congestion_algorithm::newreno, congestion_algorithm::cubic}) {
        auto c = control(a, mss);
        c.on_congestion(mss, 0);
        EXPECT_EQ(c.ssthresh(), 2 * mss);
        c.on_timeout(mss, true, sequence{0}, 0);
        EXPECT_EQ(c.cwnd(), mss);
        c.set_cwnd(0);
        EXPECT_EQ(c.cwnd(), mss);
    }
}

TEST(tcp_congestion_control, unused_window_does_not_grow) {
    auto c = control(congestion_algorithm::newreno, 10 * mss);
    ack_event e = ack(5 * mss);
    e.cwnd_limited = false;
    c.on_ack(e);
    EXPECT_EQ(c.cwnd(), 10 * mss);
}

TEST(tcp_congestion_control, cube_root_is_exact) {
    for (std::uint64_t n : {0ULL, 1ULL, 7ULL, 8ULL, 26ULL, 27ULL, 999'999'999ULL, 1'000'000'000ULL}) {
        std::uint64_t const r = cube_root(n);
        EXPECT_LE(r * r * r, n);
        EXPECT_GT((r + 1) * (r + 1) * (r + 1), n);
    }
    EXPECT_EQ(cube_root(~0ULL), 2'642'245U);
}

TEST(tcp_congestion_control, cubic_follows_its_curve) {
    // A loss at 1000 segments: W(t) = 0.4 (t - K)^3 + W_max with K = cbrt(300 / 0.4) = 9.09 s.
    auto c = control(congestion_algorithm::cubic, 1000 * mss);
    c.on_congestion(1000 * mss, 0);
    EXPECT_EQ(c.ssthresh(), 700 * mss);
    c.set_cwnd(c.ssthresh());
    double const k = std::cbrt(300 / 0.4);
    time_ns const rtt = 200 * milliseconds;
    for (time_ns now = 0; now <= 12 * seconds; now += rtt) {
        std::uint32_t const before = c.cwnd();
        for (std::uint32_t acked = 0; acked < before; acked += 10 * mss) c.on_ack(ack(10 * mss, now, rtt));
        double const t = static_cast<double>(now) / 1e9;
        double const curve = 0.4 * std::pow(t - k, 3) + 1000;
        if (now > 1 * seconds && t < 11) {
            EXPECT_NEAR(c.cwnd() / 1000.0, curve, 12) << "at " << t;
        }
    }
}

TEST(tcp_congestion_control, cubic_is_no_slower_than_reno_on_short_paths) {
    auto c = control(congestion_algorithm::cubic, 10 * mss);
    c.on_congestion(10 * mss, 0);
    c.set_cwnd(c.ssthresh());
    time_ns const rtt = 1 * milliseconds;
    for (time_ns now = 0; now < 100 * rtt; now += rtt)
        for (std::uint32_t acked = 0, w = c.cwnd(); acked < w; acked += mss) c.on_ack(ack(mss, now, rtt));
    // Reno with beta 0.7 and alpha 9/17 to W_max, 1 beyond: about a segment a round from there.
    EXPECT_GT(c.cwnd(), 80 * mss);
}

TEST(tcp_congestion_control, cubic_converges_faster_when_losses_come_early) {
    auto c = control(congestion_algorithm::cubic, 100 * mss);
    c.on_congestion(100 * mss, 0);
    c.set_cwnd(c.ssthresh());
    c.on_congestion(70 * mss, 0);  // before the old peak: remember less than the present window
    EXPECT_EQ(c.ssthresh(), 49 * mss);
    c.set_cwnd(c.ssthresh());
    // W_max is 0.85 of 70: the plateau is at 59.5 segments.
    time_ns const rtt = 10 * milliseconds;
    std::uint32_t plateau = 0;
    for (time_ns now = 0; now < 6 * seconds; now += rtt) {
        std::uint32_t const before = c.cwnd();
        for (std::uint32_t acked = 0; acked < before; acked += mss) c.on_ack(ack(mss, now, rtt));
        if (now < 2900 * milliseconds) plateau = c.cwnd();
    }
    EXPECT_GT(plateau, 55 * mss);
}

TEST(tcp_congestion_control, windows_are_bounded_and_never_overflow) {
    auto c = control(congestion_algorithm::cubic, 10 * mss);
    for (int i = 0; i < 100; ++i) c.on_ack(ack(1U << 29, i * seconds));
    EXPECT_LE(c.cwnd(), 1U << 30);
    c.on_congestion(1U << 30, 100 * seconds);
    c.set_cwnd(c.ssthresh());
    for (int i = 0; i < 1000; ++i) c.on_ack(ack(1U << 29, (100 + i * 1000) * seconds));
    EXPECT_LE(c.cwnd(), 1U << 30);
    c.set_mss(65'000);
    for (int i = 0; i < 1000; ++i) c.on_ack(ack(65'000, (2'000'000 + i * 1000) * seconds));
    EXPECT_LE(c.cwnd(), 1U << 30);
}

TEST(tcp_congestion_control, hystart_leaves_slow_start_when_delay_rises) {
    auto c = control(congestion_algorithm::cubic, 10 * mss, true);
    sequence una{0}, nxt{10'000};
    time_ns rtt = 50 * milliseconds;
    int rounds = 0;
    for (; rounds < 30 && c.in_slow_start(); ++rounds) {
        if (rounds >= 3) rtt += 8 * milliseconds;  // a queue builds
        sequence const end = nxt;
        while (una < end && c.in_slow_start()) {
            una += mss;
            ack_event e = ack(mss, rounds * rtt, rtt);
            e.una = una;
            e.nxt = nxt = una + c.cwnd();
            c.on_ack(e);
        }
    }
    EXPECT_FALSE(c.in_slow_start());
    EXPECT_LT(rounds, 12);
    EXPECT_GT(c.cwnd(), 60 * mss);
}

TEST(tcp_congestion_control, hystart_goes_on_when_the_rise_was_noise) {
    hystart h;
    h.restart(sequence{0});
    auto round = [&](std::uint32_t n, time_ns rtt) {
        auto p = hystart::phase::slow_start;
        for (std::uint32_t i = 1; i <= 8; ++i) p = h.on_ack(sequence{n * 8 + i}, sequence{(n + 1) * 8 + 1}, rtt);
        return p;
    };
    EXPECT_EQ(round(0, 50 * milliseconds), hystart::phase::slow_start);
    EXPECT_EQ(round(1, 50 * milliseconds), hystart::phase::slow_start);
    EXPECT_EQ(round(2, 70 * milliseconds), hystart::phase::conservative);
    EXPECT_EQ(round(3, 50 * milliseconds), hystart::phase::slow_start);
}

TEST(tcp_congestion_control, growth_begins_anew_after_a_loss) {
    auto c = control(congestion_algorithm::newreno, 20 * mss);
    c.on_congestion(20 * mss, 0);
    c.set_cwnd(c.ssthresh());
    c.on_ack(ack(9 * mss));  // nearly enough for a segment
    c.on_congestion(20 * mss, 0);
    c.on_ack(ack(9 * mss));
    EXPECT_EQ(c.cwnd(), 10 * mss);
    c.on_ack(ack(mss));
    EXPECT_EQ(c.cwnd(), 11 * mss);
}

TEST(tcp_congestion_control, what_passes_ssthresh_counts_for_congestion_avoidance) {
    auto c = control(congestion_algorithm::newreno, 10 * mss);
    c.on_congestion(20 * mss, 0);
    c.set_cwnd(9 * mss);
    c.on_ack(ack(11 * mss));  // one up to ssthresh, the rest is a window's worth
    EXPECT_EQ(c.cwnd(), 11 * mss);
}

/// CUBIC after a loss at 100 segments, `since` after it.
congestion_control cubic_after_loss() {
    auto c = control(congestion_algorithm::cubic, 100 * mss);
    c.on_congestion(100 * mss, 0);
    c.set_cwnd(c.ssthresh());
    c.on_ack(ack(mss, 0));  // the epoch begins
    return c;
}

TEST(tcp_congestion_control, cubic_grows_by_half_a_window_a_round_at_most) {
    auto c = cubic_after_loss();
    std::uint32_t const before = c.cwnd();
    for (std::uint32_t acked = 0; acked < before; acked += mss) c.on_ack(ack(mss, 60 * seconds));  // far up the curve
    EXPECT_GT(c.cwnd(), before + before / 4);
    EXPECT_LE(c.cwnd(), before * 2);
}

TEST(tcp_congestion_control, cubic_begins_an_epoch_after_loss_timeout_idleness_and_another_size) {
    // After a minute the curve would be far beyond; in a new epoch it is at its beginning.
    std::function<void(congestion_control&)> const events[] = {
        [](auto& c) { c.on_congestion(70 * mss, 60 * seconds), c.set_cwnd(c.ssthresh()); },
        [](auto& c) { c.on_timeout(70 * mss, false, sequence{0}, 60 * seconds), c.set_cwnd(c.ssthresh()); },
        [](auto& c) { c.on_idle(70 * mss, 60 * seconds); },
        [](auto& c) { c.set_mss(mss - 1); },
    };
    for (auto const& event : events) {
        auto c = cubic_after_loss();
        event(c);
        std::uint32_t const before = c.cwnd();
        for (int i = 0; i < 10; ++i) c.on_ack(ack(mss, 60 * seconds + 1));
        EXPECT_LT(c.cwnd(), before + mss) << &event - events;
    }
}

TEST(tcp_congestion_control, cubic_without_a_loss_grows_from_where_it_stands) {
    // Slow start that HyStart++ or an old ssthresh has ended above the last peak: K is zero, W_max the present window
    // (RFC 9438 section 4.2).
    auto c = control(congestion_algorithm::cubic, 10 * mss);
    c.on_congestion(10 * mss, 0);
    c.set_cwnd(100 * mss);
    for (std::uint32_t acked = 0; acked < 100 * mss; acked += mss) c.on_ack(ack(mss, 1 * seconds));
    EXPECT_GE(c.cwnd(), 100 * mss);
    std::uint32_t const before = c.cwnd();
    for (std::uint32_t acked = 0; acked < before; acked += mss) c.on_ack(ack(mss, 6 * seconds));
    EXPECT_GT(c.cwnd(), before + 25 * mss);  // 0.4 times 5^3 is 50
}

TEST(tcp_congestion_control, timeout_after_timeout_leaves_ssthresh) {
    auto c = control(congestion_algorithm::cubic, 100 * mss);
    c.on_timeout(100 * mss, true, sequence{0}, 0);
    c.on_timeout(mss, false, sequence{0}, 0);
    EXPECT_EQ(c.ssthresh(), 70 * mss);
}

/// HyStart++, a round of `samples` each.
struct rounds {
    hystart h;
    std::uint32_t n = 0;
    rounds() { h.restart(sequence{0}); }
    hystart::phase next(time_ns rtt, std::uint32_t samples = 8) {
        auto p = hystart::phase::slow_start;
        for (std::uint32_t i = 1; i <= samples; ++i) p = h.on_ack(sequence{n * 8 + i}, sequence{(n + 1) * 8 + 1}, rtt);
        ++n;
        return p;
    }
};

TEST(tcp_congestion_control, hystart_asks_for_an_eighth_more_within_4_and_16_milliseconds) {
    struct {
        time_ns before, too_little, enough;
    } const cases[] = {{8 * milliseconds, 12 * milliseconds - 1, 12 * milliseconds},
                       {80 * milliseconds, 90 * milliseconds - 1, 90 * milliseconds},
                       {800 * milliseconds, 816 * milliseconds - 1, 816 * milliseconds}};
    for (auto const& c : cases) {
        rounds a, b;
        a.next(c.before), b.next(c.before);
        EXPECT_EQ(a.next(c.too_little), hystart::phase::slow_start) << c.before;
        EXPECT_EQ(b.next(c.enough), hystart::phase::conservative) << c.before;
    }
}

TEST(tcp_congestion_control, hystart_judges_by_eight_samples) {
    rounds r;
    r.next(50 * milliseconds);
    EXPECT_EQ(r.next(90 * milliseconds, 7), hystart::phase::slow_start);
    rounds s;
    s.next(50 * milliseconds);
    EXPECT_EQ(s.next(90 * milliseconds, 8), hystart::phase::conservative);
}

TEST(tcp_congestion_control, hystart_is_conservative_for_five_rounds_each_time) {
    rounds r;
    r.next(50 * milliseconds);
    EXPECT_EQ(r.next(70 * milliseconds), hystart::phase::conservative);
    EXPECT_EQ(r.next(70 * milliseconds), hystart::phase::conservative);
    EXPECT_EQ(r.next(70 * milliseconds), hystart::phase::conservative);
    EXPECT_EQ(r.next(69 * milliseconds), hystart::phase::slow_start);  // the rise was noise
    EXPECT_EQ(r.next(90 * milliseconds), hystart::phase::conservative);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(r.next(90 * milliseconds), hystart::phase::conservative) << i;
    EXPECT_EQ(r.next(90 * milliseconds), hystart::phase::done);
}

TEST(tcp_congestion_control, cubic_adds_up_small_acknowledgements) {
    auto few = cubic_after_loss(), many = cubic_after_loss();
    for (int i = 0; i < 70; ++i) few.on_ack(ack(mss, 2 * seconds));
    for (int i = 0; i < 7000; ++i) many.on_ack(ack(mss / 100, 2 * seconds));
    EXPECT_GT(few.cwnd(), 75 * mss);
    EXPECT_NEAR(few.cwnd(), many.cwnd(), mss);
}

TEST(tcp_congestion_control, hystart_has_no_say_once_ssthresh_is_known) {
    auto c = control(congestion_algorithm::newreno, 100 * mss, true);
    c.on_timeout(100 * mss, true, sequence{0}, 0);
    EXPECT_EQ(c.ssthresh(), 50 * mss);
    for (std::uint32_t n = 1; c.in_slow_start(); ++n) {  // eight samples a round, each round slower
        ack_event e = ack(mss / 10, 0, (50 + n / 8 * 30) * milliseconds);
        e.una = sequence{n};
        e.nxt = sequence{n + 8};
        c.on_ack(e);
    }
    EXPECT_EQ(c.ssthresh(), 50 * mss);
}

TEST(tcp_congestion_control, cubic_takes_renos_full_pace_from_the_window_before_the_loss_only) {
    // RFC 9438 section 4.3: 9/17 of a segment a round up to 70, where the last loss was, though fast convergence has
    // put W_max to 59.5.
    auto c = control(congestion_algorithm::cubic, 100 * mss);
    c.on_congestion(100 * mss, 0);
    c.set_cwnd(c.ssthresh());
    c.on_congestion(70 * mss, 0);
    c.set_cwnd(c.ssthresh());
    time_ns const rtt = 1 * milliseconds;
    for (time_ns now = 0; now < 35 * rtt; now += rtt)
        for (std::uint32_t acked = 0, w = c.cwnd(); acked < w; acked += mss) c.on_ack(ack(mss, now, rtt));
    EXPECT_GT(c.cwnd(), 64 * mss);
    EXPECT_LT(c.cwnd(), 70 * mss);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
