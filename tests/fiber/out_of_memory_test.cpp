// Out of address space: spawn fails with an exception, and the loop and what runs on it go on.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cardea/cardea.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>
#include <system_error>

#include "places.hpp"
#include "sanitized.hpp"

namespace {

using namespace std::chrono_literals;

class out_of_memory : public fiber_test::on_loop {};

rlim_t address_space() {
    std::ifstream sizes("/proc/self/statm");
    rlim_t pages = 0;
    sizes >> pages;
    return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

// Zero, or the line of what went wrong.
int spawn_until_nothing_is_left() {
    int ended = 0;
    int started = 0;
    cardea::event go_on;
    cardea::scope all;
    const rlimit limit{address_space() + 64 * 1024 * 1024, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) return __LINE__;
    try {
        for (; started < 100'000; ++started) {
            all.spawn([&] {
                go_on.wait();
                ++ended;
            });
        }
        return __LINE__;
    } catch (const std::system_error& e) {
        if (e.code() != std::errc::not_enough_memory) return __LINE__;
    } catch (const std::bad_alloc&) {
    }
    if (started == 0) return __LINE__;
    cardea::sleep(1us);
    go_on.set();
    all.join();
    if (ended != started) return __LINE__;
    // What they gave back can be had again.
    int again = 0;
    for (int i = 0; i < started; ++i) {
        all.spawn([&] { ++again; });
    }
    all.join();
    return again == started ? 0 : __LINE__;
}

TEST_P(out_of_memory, spawn_throws_and_the_loop_survives) {
    if (sanitized) GTEST_SKIP() << "a sanitizer reserves more address space than there is to limit";
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const int line = cardea::run({.network = GetParam()}, spawn_until_nothing_is_left);
        if (line != 0) std::fprintf(stderr, "%s:%d\n", __FILE__, line);
        ::_exit(line == 0 ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

FIBER_TEST_ON_LOOPS(out_of_memory);

}  // namespace
