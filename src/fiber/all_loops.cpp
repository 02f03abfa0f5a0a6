// See all_loops.hpp.
#include "fiber/all_loops.hpp"

namespace cardea::detail {

constinit std::mutex all_loops::guard;
constinit loop* all_loops::first = nullptr;
constinit loop_pulse all_loops::ended;

void all_loops::add(loop& l) noexcept {
    const std::lock_guard held(guard);
    l.next_loop_ = first;
    if (first != nullptr) first->previous_loop_ = &l;
    first = &l;
}

void all_loops::remove(loop& l) noexcept {
    const std::lock_guard held(guard);
    (l.previous_loop_ != nullptr ? l.previous_loop_->next_loop_ : first) = l.next_loop_;
    if (l.next_loop_ != nullptr) l.next_loop_->previous_loop_ = l.previous_loop_;
    const auto add = [](std::atomic<std::uint64_t>& to, const std::atomic<std::uint64_t>& from) {
        to.store(to.load(std::memory_order_relaxed) + from.load(std::memory_order_relaxed), std::memory_order_relaxed);
    };
    add(ended.switches, l.pulse().switches);
    add(ended.waits, l.pulse().waits);
    ended.turns.take_over(l.pulse().turns);
}

}  // namespace cardea::detail
