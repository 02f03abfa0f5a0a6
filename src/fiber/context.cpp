// The switch itself. See context.hpp.
#include "fiber/context.hpp"

#include <cxxabi.h>

#include <boost/context/detail/fcontext.hpp>
#include <cstdlib>

#ifdef CARDEA_ASAN
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef CARDEA_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace cardea::detail {

namespace bc = boost::context::detail;

namespace {

// The Itanium C++ ABI's per-thread record (2.2.2): which exceptions are being handled or are in flight. A fiber may
// park inside a catch block or a destructor run by unwinding, so the record goes with the stack.
struct exception_globals {
    void* caught;
    unsigned uncaught;
};

struct handover {
    context* from;
    context* to;
};

void arrived([[maybe_unused]] context& here, context& from, bc::transfer_t t) noexcept {
    from.at = t.fctx;
#ifdef CARDEA_ASAN
    __sanitizer_finish_switch_fiber(here.fake_stack, &from.bottom, &from.size);
#endif
}

void first_entry(bc::transfer_t t) {
    // Nobody called this, so whoever unwinds a fiber's stack (debuggers, profilers) ends here: no return address, in
    // DWARF.
#if defined(__x86_64__)
    asm(".cfi_undefined 16");
#elif defined(__aarch64__)
    asm(".cfi_undefined 30");
#endif
    const handover h = *static_cast<handover*>(t.data);
    arrived(*h.to, *h.from, t);
    h.to->entry(h.to->argument);
    std::abort();  // entry returned: there is nothing to return to
}

void jump(context& from, context& to) noexcept {
    auto* globals = static_cast<exception_globals*>(from.exceptions);
    from.exceptions_caught = globals->caught;
    from.exceptions_uncaught = globals->uncaught;
    globals->caught = to.exceptions_caught;
    globals->uncaught = to.exceptions_uncaught;
    handover h{&from, &to};
#ifdef CARDEA_TSAN
    __tsan_switch_to_fiber(to.tsan, 0);
#endif
    const bc::transfer_t t = bc::jump_fcontext(to.at, &h);
    arrived(from, *static_cast<handover*>(t.data)->from, t);
}

}  // namespace

void make_context(context& made, void* top, std::size_t size, void (*entry)(void*), void* argument) noexcept {
    made.at = bc::make_fcontext(top, size, first_entry);
    made.entry = entry;
    made.argument = argument;
    made.exceptions = abi::__cxa_get_globals();
#ifdef CARDEA_ASAN
    made.bottom = static_cast<char*>(top) - size;
    made.size = size;
#endif
#ifdef CARDEA_TSAN
    made.tsan = __tsan_create_fiber(0);
#endif
}

void adopt_thread_context(context& own) noexcept {
    own.exceptions = abi::__cxa_get_globals();
#ifdef CARDEA_TSAN
    own.tsan = __tsan_get_current_fiber();
#endif
}

void switch_context(context& from, context& to) noexcept {
#ifdef CARDEA_ASAN
    __sanitizer_start_switch_fiber(&from.fake_stack, to.bottom, to.size);
#endif
    jump(from, to);
}

void leave_context(context& from, context& to) noexcept {
#ifdef CARDEA_ASAN
    __sanitizer_start_switch_fiber(nullptr, to.bottom, to.size);
#endif
    jump(from, to);
    std::abort();  // somebody switched to a stack that had ended
}

void destroy_context([[maybe_unused]] context& ended) noexcept {
#ifdef CARDEA_TSAN
    __tsan_destroy_fiber(ended.tsan);
#endif
}

}  // namespace cardea::detail
