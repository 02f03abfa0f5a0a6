// A fiber that overflows its stack hits the guard below it: the program ends with a message that names the fiber.
#pragma once

namespace cardea::detail {

/// Once per thread that runs fibers: gives it a signal stack, and the process its SIGSEGV handler (earlier handlers are
/// called for every fault that is not a stack overflow of ours).
void watch_for_overflow();

}  // namespace cardea::detail
