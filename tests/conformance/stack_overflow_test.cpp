// A fiber that recurses too deep, on the loop of every network: a guard page stops it, and the message names the fiber
// and its stack's size.
#include <signal.h>

#include <cstddef>
#include <string>

#include "every_network.hpp"
#include "sanitizers.hpp"
#include "serving.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_WHERE(stack_overflow, is_loops);

[[gnu::noinline]] std::size_t dig(std::size_t depth) {
    volatile char room[512];
    room[0] = static_cast<char>(depth);
    return depth == 0 ? 0 : dig(depth - 1) + static_cast<std::size_t>(room[0]) % 2;
}

constexpr std::size_t too_deep = 1'000'000;

// A sanitizer may catch the signal first, and ends the program in its own way.
template <class F>
void expect_overflow(F f, const std::string& message) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    if (under_asan || under_tsan) {
        EXPECT_DEATH(f(), message + "|stack-overflow|SEGV");
    } else {
        EXPECT_EXIT(f(), testing::KilledBySignal(SIGSEGV), message);
    }
}

TEST_P(stack_overflow, names_the_fiber_and_its_stack_size) {
    expect_overflow(
        [this] {
            in_a_loop([] {
                scope all;
                all.spawn({.name = "digger", .stack_size = 64 * 1024}, [] { dig(too_deep); });
                all.join();
            });
        },
        "fiber 'digger' overflowed its stack of 65536 bytes");
}

TEST_P(stack_overflow, of_a_handler_names_the_handler) {
    expect_overflow(
        [this] {
            in_a_loop([] {
                serve_options how;
                how.stack_size = 128 * 1024;
                server_beside server([](tcp_stream) { dig(too_deep); }, how);
                tcp_stream client = tcp_stream::connect(server.at());
                std::array<char, 1> room{};
                client.recv(room);
            });
        },
        "fiber 'handler 1' overflowed its stack of 131072 bytes");
}

}  // namespace
}  // namespace cardea::conformance
