// See virtual_time.hpp.
#include "fiber/virtual_time.hpp"

#include <cstdio>
#include <cstdlib>

#if __has_include(<execinfo.h>)
#include <execinfo.h>
#include <unistd.h>

#include <array>
#endif

namespace cardea::detail {

namespace {

constinit thread_local int depth = 0;

void say_from_where() noexcept {
#if __has_include(<execinfo.h>)
    std::array<void*, 64> frames{};
    const int n = ::backtrace(frames.data(), static_cast<int>(frames.size()));
    ::backtrace_symbols_fd(frames.data(), n, STDERR_FILENO);
#endif
}

}  // namespace

virtual_time::virtual_time() noexcept { ++depth; }
virtual_time::~virtual_time() { --depth; }

void require_real_time(const char* what) noexcept {
    if (depth == 0) return;
    std::fprintf(stderr,
                 "cardea: %s was asked for inside a simulated world, whose runs would differ from then on. There, "
                 "this_network() tells the time and draws the numbers.\n",
                 what);
    say_from_where();
    std::abort();
}

}  // namespace cardea::detail
