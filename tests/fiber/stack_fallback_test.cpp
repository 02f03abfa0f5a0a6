// A kernel without MADV_GUARD_INSTALL: this program's madvise(2) refuses it. Guards come from mprotect(2), leave
// mappings for everybody else, and stacks without one are checked when they come back.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <vector>

#include "fiber/stack_pool.hpp"
#include "sanitized.hpp"

extern "C" int madvise(void* address, std::size_t length, int advice) noexcept {
    constexpr int guard_install = 102;
    if (advice == guard_install) {
        errno = EINVAL;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_madvise, address, length, advice));
}

namespace {

using cardea::detail::stack;
using cardea::detail::stack_pool;

std::size_t mappings_allowed() {
    std::ifstream limit("/proc/sys/vm/max_map_count");
    std::size_t n = 0;
    limit >> n;
    return n;
}

void touch(std::byte* at) { *static_cast<volatile std::byte*>(at) = std::byte{1}; }

TEST(stack_fallback, mprotect_guards) {
    stack_pool pool;
    const stack s = pool.take(stack_pool::minimum_size);
    EXPECT_TRUE(s.guarded);
    touch(s.low);
    EXPECT_DEATH(touch(s.low - 1), "");
    EXPECT_DEATH(touch(s.low - stack_pool::guard_bytes), "");
}

TEST(stack_fallback, more_stacks_than_the_system_allows_mappings) {
    const std::size_t allowed = mappings_allowed();
    if (sanitized) GTEST_SKIP() << "the sanitizers need the mappings that are left";
    if (allowed > 300'000) GTEST_SKIP() << "vm.max_map_count is " << allowed << ": not to be reached in a test";
    stack_pool pool;
    std::vector<stack> taken;
    std::size_t guarded = 0;
    for (std::size_t i = 0; i < allowed; ++i) {
        taken.push_back(pool.take(stack_pool::minimum_size));
        if (taken.back().guarded) ++guarded;
    }
    EXPECT_GT(guarded, allowed / 8);
    EXPECT_LT(guarded, allowed);
    // The rest of the program can still map memory.
    for (int i = 0; i < 100; ++i) {
        void* other = ::mmap(nullptr, 4096, (i & 1) != 0 ? PROT_READ : PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT_NE(other, MAP_FAILED) << i;
    }
    stack* bare = nullptr;
    for (stack& s : taken) {
        if (!s.guarded) bare = &s;
    }
    ASSERT_NE(bare, nullptr);
    EXPECT_DEATH(
        {
            touch(bare->low);
            pool.give_back(*bare);
        },
        "overflowed its stack");
    for (const stack& s : taken) pool.give_back(s);
}

TEST(stack_fallback, a_pool_that_ends_gives_its_guards_to_the_next) {
    if (sanitized) GTEST_SKIP() << "the sanitizers need the mappings that are left";
    const std::size_t each = mappings_allowed() / 8;
    if (each > 40'000) GTEST_SKIP() << "vm.max_map_count is too large for a test";
    for (int round = 0; round < 4; ++round) {
        stack_pool pool;
        for (std::size_t i = 0; i < each; ++i) ASSERT_TRUE(pool.take(stack_pool::minimum_size).guarded) << round;
    }
}

}  // namespace
