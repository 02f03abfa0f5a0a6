// The program's operator new, made to fail once at a chosen allocation, and to count.
#pragma once

namespace cardea::conformance {

/// Allocations of this thread that succeed until one fails; negative: none fails.
extern thread_local long until_failure;

/// Allocations of all threads that have not been given back: a difference is a leak, or a cache.
long live_allocations() noexcept;

}  // namespace cardea::conformance
