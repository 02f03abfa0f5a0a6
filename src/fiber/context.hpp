// Switching between stacks, over Boost.Context's machine code. Takes along what belongs to a stack and not to the
// thread: the C++ runtime's record of exceptions in flight, and what AddressSanitizer and ThreadSanitizer must know.
#pragma once

#include <cstddef>

namespace cardea::detail {

#if defined(__SANITIZE_ADDRESS__)
#define CARDEA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CARDEA_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define CARDEA_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CARDEA_TSAN 1
#endif
#endif

/// One stack's saved state. The thread's own stack has one too, default-made.
struct context {
    void* at = nullptr;
    void (*entry)(void*) = nullptr;
    void* argument = nullptr;
    void* exceptions = nullptr;  // the thread's record of them: the same for all its stacks, kept to save a look-up
    void* exceptions_caught = nullptr;
    unsigned exceptions_uncaught = 0;
#ifdef CARDEA_ASAN
    void* fake_stack = nullptr;
    const void* bottom = nullptr;
    std::size_t size = 0;
#endif
#ifdef CARDEA_TSAN
    void* tsan = nullptr;
#endif
};

/// Prepares `made`, for the calling thread, so that the first switch to it calls `entry(argument)` on the given stack.
/// `entry` must never return.
void make_context(context& made, void* top, std::size_t size, void (*entry)(void*), void* argument) noexcept;
/// For the thread's own stack, before the first switch from it.
void adopt_thread_context(context& own) noexcept;
/// Leaves `from`, goes on in `to`; returns when somebody switches back to `from`.
void switch_context(context& from, context& to) noexcept;
/// The last switch of a stack: its sanitizer state is given up.
[[noreturn]] void leave_context(context& from, context& to) noexcept;
/// Gives back what make_context() took, once the stack has been left for good.
void destroy_context(context& ended) noexcept;

}  // namespace cardea::detail
