// Where a test of fibers runs: on the loop of each network, or on plain threads; and what must be as before after it.
#pragma once

#include <dirent.h>
#include <gtest/gtest.h>

#include <cardea/fiber.hpp>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>

namespace fiber_test {

inline std::size_t open_descriptors() {
    DIR* all = ::opendir("/proc/self/fd");
    std::size_t n = 0;
    while (::readdir(all) != nullptr) ++n;
    ::closedir(all);
    return n;
}

inline std::string name_of(const testing::TestParamInfo<const char*>& place) { return place.param; }

/// A test on whichever place its parameter names: "uring", "epoll", "thread". Leaves no fiber and no descriptor behind.
class in_place : public testing::TestWithParam<const char*> {
  protected:
    template <class F>
    void here(F&& f) {
        const std::size_t descriptors = open_descriptors();
        if (on_thread()) {
            std::thread(f).join();  // a fresh one: whatever it keeps for itself goes with it
        } else {
            cardea::run({.network = GetParam()}, [&] {
                f();
                EXPECT_EQ(cardea::this_loop_statistics().fibers, 1U) << "fibers left behind";
                EXPECT_EQ(cardea::this_loop_statistics().sockets, 0U) << "sockets left behind";
            });
        }
        EXPECT_EQ(open_descriptors(), descriptors) << "descriptors left behind";
    }
    static bool on_thread() { return std::string(GetParam()) == "thread"; }
};

/// The same, where only a loop makes sense.
class on_loop : public in_place {};

#define FIBER_TEST_ON_LOOPS(suite) \
    INSTANTIATE_TEST_SUITE_P(, suite, testing::Values("uring", "epoll"), fiber_test::name_of)
#define FIBER_TEST_EVERYWHERE(suite) \
    INSTANTIATE_TEST_SUITE_P(, suite, testing::Values("uring", "epoll", "thread"), fiber_test::name_of)

}  // namespace fiber_test
