// See failing_allocations.hpp. Apart from its users, whose calls the compiler must not see through.
#include "failing_allocations.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace cardea::conformance {

thread_local long until_failure = -1;

}  // namespace cardea::conformance

using cardea::conformance::until_failure;

void* operator new(std::size_t size) {
    if (until_failure >= 0 && until_failure-- == 0) throw std::bad_alloc();
    void* const given = std::malloc(size > 0 ? size : 1);
    if (given == nullptr) throw std::bad_alloc();
    return given;
}
void operator delete(void* what) noexcept { std::free(what); }
void operator delete(void* what, std::size_t) noexcept { std::free(what); }
