// The program's operator new, made to fail once at a chosen allocation.
#pragma once

namespace cardea::conformance {

/// Allocations of this thread that succeed until one fails; negative: none fails.
extern thread_local long until_failure;

}  // namespace cardea::conformance
