// The loops of the process, for whoever looks at them from outside: metrics, dumps, and a debugger (it reads `first`).
#pragma once

#include <mutex>

#include "fiber/loop.hpp"

namespace cardea::detail {

struct all_loops {
    /// Guards the list, and with it that no loop in it is destroyed.
    static std::mutex guard;
    static loop* first;
    /// What the loops that have ended have counted; guarded.
    static loop_pulse ended;

    static void add(loop& l) noexcept;
    static void remove(loop& l) noexcept;
    /// The next one in the list; `guard` is held.
    static loop* after(const loop& l) noexcept { return l.next_loop_; }
};

}  // namespace cardea::detail
