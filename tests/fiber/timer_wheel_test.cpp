// The timer wheel against the obvious model, a std::multimap: random adding, removing and expiring over every scale of
// time.
#include "fiber/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace {

using cardea::detail::never_ns;
using cardea::detail::timer_node;
using cardea::detail::timer_wheel;

constexpr std::int64_t tick_ns = 65'536;

using timer = timer_node;

class timer_wheel_model : public testing::TestWithParam<std::uint32_t> {
  protected:
    static constexpr std::size_t timers = 200;

    std::uint64_t below(std::uint64_t bound) {
        return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(dice_);
    }
    // Every scale is as likely as every other.
    std::int64_t span() { return static_cast<std::int64_t>(below(std::uint64_t{1} << below(62))); }
    std::int64_t later(std::int64_t by) const { return by >= never_ns - now_ ? never_ns : now_ + by; }

    void add_one() {
        timer& t = all_[below(timers)];
        if (t.armed) return;
        const auto kind = below(10);
        const std::int64_t when = kind == 0   ? never_ns
                                  : kind == 1 ? std::max<std::int64_t>(now_ - span(), 0)
                                  : kind == 2 ? all_[below(timers)].when_ns  // often the time of another
                                              : later(span());
        wheel_.add(t, when);
        model_.emplace(when, &t);
    }
    void remove_one() {
        timer& t = all_[below(timers)];
        const auto [from, to] = model_.equal_range(t.when_ns);
        const auto known = std::find_if(from, to, [&](const auto& entry) { return entry.second == &t; });
        ASSERT_EQ(t.armed, known != to);
        if (known != to) model_.erase(known);
        wheel_.remove(t);
        EXPECT_FALSE(t.armed);
    }
    void advance() {
        const std::int64_t nearest = model_.empty() ? never_ns : model_.begin()->first;
        switch (below(4)) {
            case 0:
                now_ = std::max(now_, std::min(wheel_.next(), never_ns - 1));
                break;
            case 1:
                now_ = std::max(now_, std::min(nearest, never_ns - 1));
                break;
            case 2:
                now_ = std::max(now_, nearest - 1);
                break;
            default:
                now_ = std::min(later(span()), never_ns - 1);
        }
        expire();
    }
    // Exactly what is due comes out, in the order of the times, and of adding where times are equal.
    void expire() {
        for (timer_node* n = wheel_.expire(now_); n != nullptr; n = n->next) {
            EXPECT_FALSE(n->armed);
            ASSERT_FALSE(model_.empty() || model_.begin()->first > now_) << "early: " << n->when_ns << " now " << now_;
            EXPECT_EQ(n, model_.begin()->second) << "out of turn: due " << n->when_ns << " now " << now_;
            model_.erase(model_.begin());
        }
        EXPECT_TRUE(model_.empty() || model_.begin()->first > now_) << "forgotten at " << now_;
    }
    void check_next() const {
        const std::int64_t next = wheel_.next();
        if (model_.empty()) {
            EXPECT_EQ(next, never_ns);
        } else {
            EXPECT_LE(next, model_.begin()->first);
        }
    }

    std::mt19937 dice_{GetParam()};
    std::int64_t now_ = static_cast<std::int64_t>(below(std::uint64_t{1} << below(50)));
    timer_wheel wheel_{now_};
    std::vector<timer> all_{timers};
    std::multimap<std::int64_t, timer*> model_;
};

TEST_P(timer_wheel_model, does_what_a_sorted_list_does) {
    for (int step = 0; step < 4000 && !HasFailure(); ++step) {
        const auto kind = below(10);
        if (kind < 5) {
            add_one();
        } else if (kind < 7) {
            remove_one();
        } else {
            advance();
        }
        check_next();
    }
    now_ = never_ns;
    expire();
    EXPECT_EQ(wheel_.next(), never_ns);
}

INSTANTIATE_TEST_SUITE_P(seeds, timer_wheel_model, testing::Range(1U, 31U));

TEST(timer_wheel, fires_at_the_nanosecond_and_not_before) {
    for (const std::int64_t delay : {std::int64_t{1}, tick_ns - 1, tick_ns, tick_ns + 1, 64 * tick_ns, 4097 * tick_ns,
                                     std::int64_t{3'600'000'000'000}}) {
        timer_wheel wheel(12'345);
        timer t;
        wheel.add(t, 12'345 + delay);
        EXPECT_EQ(wheel.expire(12'345 + delay - 1), nullptr) << delay;
        EXPECT_TRUE(t.armed);
        EXPECT_EQ(wheel.expire(12'345 + delay), &t) << delay;
        EXPECT_FALSE(t.armed);
    }
}

TEST(timer_wheel, a_far_timer_wakes_a_sleeper_few_times) {
    constexpr std::int64_t hundred_years = 100LL * 365 * 24 * 3600 * 1'000'000'000;
    timer_wheel wheel(987'654'321);
    timer t;
    wheel.add(t, 987'654'321 + hundred_years);
    int wakes = 0;
    for (; t.armed && wakes < 100; ++wakes) {
        const std::int64_t next = wheel.next();
        ASSERT_LE(next, t.when_ns);
        timer_node* due = wheel.expire(next);
        ASSERT_EQ(due != nullptr, next == t.when_ns);
    }
    EXPECT_FALSE(t.armed);
    EXPECT_LE(wakes, 9) << "one for each level, and the last";
}

TEST(timer_wheel, never_does_not_come) {
    timer_wheel wheel(0);
    timer t;
    wheel.add(t, never_ns);
    EXPECT_EQ(wheel.expire(never_ns - 1), nullptr);
    wheel.remove(t);
    EXPECT_EQ(wheel.next(), never_ns);
}

TEST(timer_wheel, a_clock_that_steps_back_loses_nothing) {
    timer_wheel wheel(10 * tick_ns);
    timer t;
    wheel.add(t, 11 * tick_ns);
    EXPECT_EQ(wheel.expire(2 * tick_ns), nullptr);
    timer past;
    wheel.add(past, 3 * tick_ns);
    EXPECT_EQ(wheel.expire(10 * tick_ns), &past);
    EXPECT_EQ(wheel.expire(11 * tick_ns), &t);
}

TEST(timer_wheel, removing_twice_or_after_firing_is_harmless) {
    timer_wheel wheel(0);
    timer a;
    timer b;
    wheel.add(a, 5);
    wheel.add(b, 5);
    wheel.remove(a);
    wheel.remove(a);
    EXPECT_EQ(wheel.expire(5), &b);
    EXPECT_EQ(b.next, nullptr);
    wheel.remove(b);
    EXPECT_EQ(wheel.next(), never_ns);
}

}  // namespace
