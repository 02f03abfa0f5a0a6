// Linking and unlinking. Out of line: g++ 12 takes what is linked and unlinked in one function for one that dangles.
#include "network/stack/waiting_line.hpp"

namespace cardea::detail {

void waiting_line::join(stack_waiter& w) noexcept {
    w.previous = last_;
    *(last_ == nullptr ? &first_ : &last_->next) = &w;
    last_ = &w;
}

void waiting_line::leave(stack_waiter& w) noexcept {
    *(w.previous == nullptr ? &first_ : &w.previous->next) = w.next;
    *(w.next == nullptr ? &last_ : &w.next->previous) = w.previous;
    wake_first();
}

void waiting_line::close() noexcept {
    while (first_ != nullptr) {
        stack_waiter& w = *first_;
        first_ = w.next;
        w.closed = true;
        w.who.home.make_ready(w.who);
    }
    last_ = nullptr;
}

}  // namespace cardea::detail
