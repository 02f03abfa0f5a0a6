// See counted_allocations.hpp. Apart from its users, whose calls the compiler must not see through.
#include "counted_allocations.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace cardea::stack::test {

long alive = 0;
long until_failure = -1;
bool inside = false;

}  // namespace cardea::stack::test

using namespace cardea::stack::test;

void* operator new(std::size_t size) {
    if (inside && until_failure >= 0 && until_failure-- == 0) throw std::bad_alloc();
    void* const given = std::malloc(size > 0 ? size : 1);
    if (given == nullptr) throw std::bad_alloc();
    ++alive;
    return given;
}
void operator delete(void* what) noexcept {
    if (what != nullptr) --alive;
    std::free(what);
}
void operator delete(void* what, std::size_t) noexcept { operator delete(what); }
