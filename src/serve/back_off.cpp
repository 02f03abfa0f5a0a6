// back_off's waiting.
#include "serve/back_off.hpp"

#include <algorithm>
#include <cardea/deadline.hpp>

namespace cardea::detail {

bool back_off::wait() noexcept {
    execution& me = execution::current();
    const deadline until{std::chrono::nanoseconds(next_ns_)};
    next_ns_ = std::min(2 * next_ns_, longest_ns);
    hurried_ = false;
    waiting_ = &me;
    wake why = wake::ready;
    while (!hurried_ && why == wake::ready) why = me.park(patience::interruptible);
    waiting_ = nullptr;
    quiet_until_ns_ = me.now_ns() + longest_ns;
    return why != wake::cancelled;
}

}  // namespace cardea::detail
