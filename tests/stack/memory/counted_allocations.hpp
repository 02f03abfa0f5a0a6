// The program's operator new: counts what is alive, and fails once at a chosen allocation inside the stack.
#pragma once

namespace cardea::stack::test {

/// Allocations that are not yet freed.
extern long alive;
/// Allocations within a `within_stack` that succeed until one fails; negative: none fails.
extern long until_failure;
extern bool inside;

/// Only what is allocated while one of these lives may fail.
class within_stack {
  public:
    within_stack() { inside = true; }
    ~within_stack() { inside = false; }
    within_stack(within_stack const&) = delete;
    within_stack& operator=(within_stack const&) = delete;
};

}  // namespace cardea::stack::test
