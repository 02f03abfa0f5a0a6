// A fiber that recurses too deep: a guard page stops it, and the message names the fiber and its stack size. Any other
// bad access stays what it is.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cardea/cardea.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

#include "places.hpp"
#include "sanitized.hpp"

namespace {

class stack_overflow : public fiber_test::on_loop {
  protected:
    stack_overflow() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

[[gnu::noinline]] std::size_t dig(std::size_t depth) {
    volatile char room[512];
    room[0] = static_cast<char>(depth);
    return depth == 0 ? 0 : dig(depth - 1) + static_cast<std::size_t>(room[0]) % 2;
}

constexpr std::size_t too_deep = 1'000'000;

// Killed by the signal, as every program that overflows its stack. A sanitizer may catch the signal first, and then
// ends the program in its own way; what it says is about the overflow all the same.
template <class F>
void expect_overflow(F f, [[maybe_unused]] const char* message) {
    if (sanitized) {
        EXPECT_DEATH(f(), std::string(message) + "|stack-overflow|SEGV");
    } else {
        EXPECT_EXIT(f(), testing::KilledBySignal(SIGSEGV), message);
    }
}

TEST_P(stack_overflow, names_the_fiber_and_its_stack_size) {
    expect_overflow(
        [] {
            cardea::run({.network = GetParam()}, [] {
                cardea::scope all;
                all.spawn({.name = "digger", .stack_size = 64 * 1024}, [] { dig(too_deep); });
                all.join();
            });
        },
        "fiber 'digger' overflowed its stack of 65536 bytes");
}

TEST_P(stack_overflow, of_the_first_fiber) {
    expect_overflow([] { cardea::run({.network = GetParam()}, [] { dig(too_deep); }); },
                    "fiber 'main' overflowed its stack of 262144 bytes");
}

TEST_P(stack_overflow, on_another_threads_loop_after_others_have_used_the_stack) {
    expect_overflow(
        [] {
            std::thread other([] {
                cardea::run({.network = GetParam()}, [] {
                    cardea::scope all;
                    for (int i = 0; i < 10; ++i) all.spawn([] { dig(10); });
                    all.join();
                    all.spawn({.name = "late digger"}, [] { dig(too_deep); });
                    all.join();
                });
            });
            other.join();
        },
        "fiber 'late digger' overflowed its stack of 262144 bytes");
}

TEST_P(stack_overflow, another_bad_access_is_not_called_one) {
    const auto wild = [] {
        cardea::run({.network = GetParam()}, [] {
            static volatile std::uintptr_t address = 64;
            auto* const nowhere = reinterpret_cast<volatile char*>(static_cast<std::uintptr_t>(address));
            *nowhere = 1;
        });
    };
    if (sanitized) {
        EXPECT_DEATH(wild(), "");
    } else {
        EXPECT_EXIT(wild(), testing::KilledBySignal(SIGSEGV), "^$");
    }
}

TEST_P(stack_overflow, a_handler_that_was_there_before_still_sees_its_signals) {
    const auto handles = [] {
        struct sigaction mine {};
        mine.sa_handler = [](int) { ::_exit(7); };
        ::sigaction(SIGSEGV, &mine, nullptr);
        cardea::run({.network = GetParam()}, [] { ::raise(SIGSEGV); });
    };
    EXPECT_EXIT(handles(), testing::ExitedWithCode(7), "");
}

FIBER_TEST_ON_LOOPS(stack_overflow);

}  // namespace
