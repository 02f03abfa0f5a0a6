// Out of memory: ENOMEM, nothing leaked, and what is left can be freed. This program's operator new fails on demand.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <new>

#include "harness.hpp"

namespace {

long allocations_left = -1;  // below 0: as many as there is memory for

}  // namespace

void* operator new(std::size_t size) {
    if (allocations_left == 0) throw std::bad_alloc{};
    if (allocations_left > 0) --allocations_left;
    if (void* const p = std::malloc(size == 0 ? 1 : size)) return p;
    throw std::bad_alloc{};
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace stack_c_test {
namespace {

/// Runs `act` with 0, 1, 2... allocations until it succeeds. Returns how often it failed.
template <typename F>
int fail_every_allocation(F&& act) {
    for (int n = 0; n < 10'000; ++n) {
        allocations_left = n;
        errno = 0;
        bool const well = act();
        int const number = errno;
        allocations_left = -1;
        if (well) return n;
        EXPECT_EQ(number, ENOMEM) << "after " << n << " allocations";
    }
    ADD_FAILURE() << "it never succeeds";
    return 0;
}

TEST(stack_c_memory, a_stack_that_cannot_be_made_is_ENOMEM) {
    config_ptr const c{cardea_stack_config_new()};
    cardea_stack_config_set(c.get(), "address", "192.0.2.1/24");
    EXPECT_GT(fail_every_allocation([&] { return stack_ptr{cardea_stack_new(c.get())} != nullptr; }), 1);
    EXPECT_GT(fail_every_allocation([&] { return config_ptr{cardea_stack_config_new()} != nullptr; }), 0);
}

TEST(stack_c_memory, a_socket_that_cannot_be_made_is_ENOMEM) {
    auto const s = make_stack();
    EXPECT_GT(fail_every_allocation([&] { return cardea_stack_socket(s.get(), AF_INET, SOCK_STREAM, 0) >= 0; }), 0);
}

TEST(stack_c_memory, a_stack_without_memory_in_mid_connection_can_still_be_freed) {
    auto const peer = address("192.0.2.2", 80);
    int failures = 0;
    fail_every_allocation([&] {
        auto const left = std::exchange(allocations_left, -1);
        auto const s = make_stack();
        int const fd = cardea_stack_socket(s.get(), AF_INET, SOCK_STREAM, 0);
        allocations_left = left;
        int const r = cardea_stack_connect(s.get(), fd, generic(peer), sizeof peer);
        int const number = errno;
        allocations_left = -1;
        if (r == -1 && number == ENOMEM) ++failures;
        bool const well = r == -1 && number == EINPROGRESS;
        errno = number;
        return well;
    });
    EXPECT_GT(failures, 3);
}

}  // namespace
}  // namespace stack_c_test
