// Recursion that overflows a fiber's stack, and what is to come of it.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <cstddef>
#include <string>

#include "sanitized.hpp"

[[gnu::noinline]] inline std::size_t dig(std::size_t depth) {
    volatile char room[512];
    room[0] = static_cast<char>(depth);
    return depth == 0 ? 0 : dig(depth - 1) + static_cast<std::size_t>(room[0]) % 2;
}

inline constexpr std::size_t too_deep = 1'000'000;

/// Killed by the signal, as every program that overflows its stack. A sanitizer may catch the signal first, and then
/// ends the program in its own way; what it says is about the overflow all the same.
template <class F>
void expect_overflow(F f, const std::string& message) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // what runs here has threads
    if (sanitized) {
        EXPECT_DEATH(f(), message + "|stack-overflow|SEGV");
    } else {
        EXPECT_EXIT(f(), testing::KilledBySignal(SIGSEGV), message);
    }
}
