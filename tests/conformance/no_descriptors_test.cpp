// A thread that finds no descriptor to be woken by (EMFILE) is cancelled all the same.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cardea/cardea.hpp>
#include <string>
#include <thread>

#include "own_process.hpp"
#include "sanitizers.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

std::string cancelled_without_descriptors() {
    ::alarm(static_cast<unsigned>(ages.count()));  // or it would wait for ever
    two_streams both = connected_pair();
    std::atomic<int> who{0};
    std::atomic<bool> go{false};
    std::error_code ec;
    scope child;
    child.spawn([&] {
        who = ::gettid();
        while (!go) std::this_thread::yield();
        std::array<char, 8> room{};
        both.server.recv(room, ec);
    });
    while (who == 0) std::this_thread::yield();
    const std::string path = "/proc/self/task/" + std::to_string(who.load()) + "/stat";
    const int state = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const rlimit few{64, 64};
    ::setrlimit(RLIMIT_NOFILE, &few);
    while (::dup(0) >= 0) {
    }
    go = true;
    // It sleeps only in its call (proc(5), the state follows the name in parentheses).
    for (std::string text; text.find(") S ") == std::string::npos;) {
        std::array<char, 512> room{};
        const ssize_t n = ::pread(state, room.data(), room.size(), 0);
        if (n <= 0) return "no state";
        text.assign(room.data(), static_cast<std::size_t>(n));
    }
    child.cancel();
    child.join();
    return ec == errc::cancelled ? "cancelled" : ec.message();
}

TEST(no_descriptors, a_waiting_thread_is_cancelled_without_one) {
    if (under_asan)
        GTEST_SKIP() << "the sanitizers look at objects through descriptors of their own, and find none left";
    if (under_tsan) GTEST_SKIP() << "ThreadSanitizer ends a forked child that makes threads";
    EXPECT_EQ(in_own_process(cancelled_without_descriptors), "cancelled");
}

}  // namespace
}  // namespace cardea::conformance
