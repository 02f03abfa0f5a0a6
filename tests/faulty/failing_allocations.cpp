// See failing_allocations.hpp. Apart from its users, whose calls the compiler must not see through.
#include "failing_allocations.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {
std::atomic<long> live{0};
}

namespace cardea::conformance {

thread_local long until_failure = -1;

long live_allocations() noexcept { return live.load(); }

}  // namespace cardea::conformance

using cardea::conformance::until_failure;

namespace {

void* counted(void* given) {
    if (given == nullptr) throw std::bad_alloc();
    ++live;
    return given;
}

void fail_where_it_is_due() {
    if (until_failure >= 0 && until_failure-- == 0) throw std::bad_alloc();
}

void give_back(void* what) noexcept {
    if (what != nullptr) --live;
    std::free(what);
}

}  // namespace

void* operator new(std::size_t size) {
    fail_where_it_is_due();
    return counted(std::malloc(size > 0 ? size : 1));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    fail_where_it_is_due();
    const auto bytes = static_cast<std::size_t>(alignment);
    return counted(std::aligned_alloc(bytes, (size + bytes - 1) / bytes * bytes));
}
void operator delete(void* what) noexcept { give_back(what); }
void operator delete(void* what, std::size_t) noexcept { give_back(what); }
void operator delete(void* what, std::align_val_t) noexcept { give_back(what); }
void operator delete(void* what, std::size_t, std::align_val_t) noexcept { give_back(what); }
