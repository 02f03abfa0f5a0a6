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

#include "digging.hpp"
#include "places.hpp"

namespace {

class stack_overflow : public fiber_test::on_loop {
  protected:
    stack_overflow() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

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
