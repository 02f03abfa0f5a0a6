// Stacks: their sizes, the guard below each, reuse, and what an idle one costs.
#include "fiber/stack_pool.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <system_error>
#include <vector>

#include "sanitized.hpp"

namespace {

using cardea::detail::stack;
using cardea::detail::stack_pool;

const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));

std::size_t resident_pages(const stack& s) {
    std::vector<unsigned char> there(s.size / page);
    EXPECT_EQ(::mincore(s.low, s.size, there.data()), 0);
    return static_cast<std::size_t>(std::count_if(there.begin(), there.end(), [](auto p) { return (p & 1) != 0; }));
}

std::size_t mappings() {
    std::ifstream maps("/proc/self/maps");
    std::size_t n = 0;
    for (std::string line; std::getline(maps, line);) ++n;
    return n;
}

TEST(stack_pool, a_stack_is_at_least_as_large_as_asked_and_all_of_it_can_be_used) {
    stack_pool pool;
    for (const std::size_t asked :
         {std::size_t{1}, stack_pool::minimum_size, stack_pool::minimum_size + 1, std::size_t{256 * 1024},
          std::size_t{1024 * 1024}, std::size_t{1024 * 1024 + 1}, std::size_t{64 * 1024 * 1024}}) {
        const stack s = pool.take(asked);
        EXPECT_GE(s.size, asked);
        EXPECT_GE(s.size, stack_pool::minimum_size);
        EXPECT_EQ(s.size % page, 0U);
        EXPECT_EQ(s.top(), s.low + s.size);
        EXPECT_TRUE(s.guarded);
        std::memset(s.low, 1, s.size);
        pool.give_back(s);
    }
}

TEST(stack_pool, reserves_and_commits_as_touched) {
    stack_pool pool;
    const stack s = pool.take(8 * 1024 * 1024);
    EXPECT_EQ(resident_pages(s), 0U);
    s.top()[-1] = std::byte{1};
    EXPECT_EQ(resident_pages(s), 1U);
}

TEST(stack_pool, an_impossible_size_is_an_error_and_the_pool_goes_on) {
    stack_pool pool;
    for (const std::size_t size :
         {std::numeric_limits<std::size_t>::max(), std::numeric_limits<std::size_t>::max() - 4096,
          std::numeric_limits<std::size_t>::max() - stack_pool::guard_bytes, std::size_t{1} << 62}) {
        try {
            pool.take(size);
            ADD_FAILURE() << size << " bytes";
        } catch (const std::system_error& e) {
            EXPECT_EQ(e.code(), std::errc::not_enough_memory) << e.what();
        }
    }
    const stack s = pool.take(stack_pool::minimum_size);
    s.low[0] = std::byte{1};
    pool.give_back(s);
}

TEST(stack_pool, the_last_given_back_is_the_first_taken) {
    stack_pool pool;
    const stack a = pool.take(100'000);
    const stack b = pool.take(100'000);
    EXPECT_NE(a.low, b.low);
    pool.give_back(a);
    pool.give_back(b);
    EXPECT_EQ(pool.take(100'000).low, b.low);
    EXPECT_EQ(pool.take(100'000).low, a.low);
}

TEST(stack_pool, sizes_do_not_mix) {
    stack_pool pool;
    const stack small = pool.take(16 * 1024);
    pool.give_back(small);
    const stack large = pool.take(32 * 1024);
    EXPECT_GE(large.size, 32U * 1024);
    EXPECT_EQ(pool.take(16 * 1024).low, small.low);
}

TEST(stack_pool, idle_stacks_beyond_the_warm_limit_give_their_pages_back) {
    stack_pool pool;
    std::vector<stack> taken(stack_pool::warm_limit + 50);
    for (stack& s : taken) {
        s = pool.take(64 * 1024);
        std::memset(s.low, 1, s.size);
    }
    const std::size_t others = pool.idle();
    for (const stack& s : taken) pool.give_back(s);
    EXPECT_EQ(pool.idle(), others + taken.size());
    const auto warm = std::count_if(taken.begin(), taken.end(), [](const stack& s) { return resident_pages(s) > 0; });
    EXPECT_EQ(static_cast<std::size_t>(warm), stack_pool::warm_limit);
    // A cold one is as good as new, its guard included.
    for (stack& s : taken) s = pool.take(64 * 1024);
    for (const stack& s : taken) std::memset(s.low, 2, s.size);
    EXPECT_DEATH(*static_cast<volatile std::byte*>(taken.back().low - 1) = std::byte{1}, "");
}

TEST(stack_pool, the_guard_stops_who_steps_below) {
    stack_pool pool;
    const stack s = pool.take(stack_pool::minimum_size);
    const auto touch = [&](std::size_t below) { *static_cast<volatile std::byte*>(s.low - below) = std::byte{1}; };
    if (sanitized) {
        EXPECT_DEATH(touch(1), "SEGV");
        EXPECT_DEATH(touch(stack_pool::guard_bytes), "SEGV");
    } else {
        EXPECT_EXIT(touch(1), testing::KilledBySignal(SIGSEGV), "");
        EXPECT_EXIT(touch(stack_pool::guard_bytes), testing::KilledBySignal(SIGSEGV), "");
    }
}

TEST(stack_pool, many_thousands_each_with_its_guard) {
    constexpr std::size_t many = sanitized ? 4'000 : 40'000;
    stack_pool pool;
    const bool by_advice = [&] {
        const stack s = pool.take(16 * 1024);
        const bool can = ::madvise(s.low, page, 102 /* MADV_GUARD_INSTALL */) == 0;
        if (can) ::madvise(s.low, page, 103 /* MADV_GUARD_REMOVE */);
        return can;
    }();
    if (!by_advice) GTEST_SKIP() << "this kernel has no MADV_GUARD_INSTALL; see stack_fallback";
    const std::size_t before = mappings();
    for (std::size_t i = 0; i < many; ++i) {
        const stack s = pool.take(16 * 1024);
        ASSERT_TRUE(s.guarded) << i;
        s.top()[-1] = std::byte{1};
    }
    // 64 stacks to a slab; a sanitizer maps memory of its own beside each.
    EXPECT_LT(mappings() - before, sanitized ? many / 16 : many / 50) << "a slab of stacks is one mapping";
}

TEST(stack_pool, unmaps_everything_in_the_end) {
    std::vector<stack> taken;
    {
        stack_pool pool;
        for (const std::size_t size : {16'384U, 262'144U, 4'194'304U}) taken.push_back(pool.take(size));
    }
    for (const stack& s : taken) {
        unsigned char there = 0;
        EXPECT_EQ(::mincore(s.low, page, &there), -1);
        EXPECT_EQ(errno, ENOMEM);
    }
}

}  // namespace
