// Without descriptors (EMFILE) a thread that finds none to be woken by is cancelled all the same, and bulk is copied.
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

std::string copied_without_descriptors() {
    ::alarm(static_cast<unsigned>(ages.count()));
    two_streams from = connected_pair();
    two_streams to = connected_pair();
    constexpr std::size_t much = 3'000'000;
    std::atomic<bool> go{false};
    std::size_t received = 0;
    scope others;
    others.spawn([&] {
        while (!go) std::this_thread::yield();
        from.client.send_all(pattern_bytes(0, much));
        from.client.shutdown(direction::send);
    });
    others.spawn([&] {
        std::vector<std::byte> room(64 * 1024);
        while (const std::size_t n = to.server.recv(room)) {
            received += matching_bytes({room.data(), n}, received);
        }
    });
    const rlimit few{64, 64};
    ::setrlimit(RLIMIT_NOFILE, &few);
    while (::dup(0) >= 0) {
    }
    go = true;
    const std::uint64_t passed_on = copy(from.server, to.client);
    others.join();
    return passed_on == much && received == much ? "copied" : std::to_string(received);
}

TEST(no_descriptors, bulk_is_copied_without_pipes) {
    if (under_asan) GTEST_SKIP() << "the sanitizers look at objects through descriptors of their own";
    if (under_tsan) GTEST_SKIP() << "ThreadSanitizer ends a forked child that makes threads";
    EXPECT_EQ(in_own_process(copied_without_descriptors), "copied");
}

TEST(no_descriptors, a_waiting_thread_is_cancelled_without_one) {
    if (under_asan)
        GTEST_SKIP() << "the sanitizers look at objects through descriptors of their own, and find none left";
    if (under_tsan) GTEST_SKIP() << "ThreadSanitizer ends a forked child that makes threads";
    EXPECT_EQ(in_own_process(cancelled_without_descriptors), "cancelled");
}

}  // namespace
}  // namespace cardea::conformance
