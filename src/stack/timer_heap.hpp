// A binary heap of deadlines whose members know their place, so that moving or dropping one costs a few swaps. Equal
// deadlines fire in the order in which their owners were made.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "stack/time.hpp"

namespace cardea::stack {

/// Base of what has a deadline. Not in a heap while at_ is none.
struct timed {
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    time_ns deadline = never;
    std::uint64_t serial = 0;
    std::size_t heap_at = none;
};

class timer_heap {
  public:
    bool empty() const { return heap_.empty(); }
    time_ns next() const { return heap_.empty() ? never : heap_.front()->deadline; }
    timed* front() const { return heap_.front(); }

    /// Room for so many members: set() does not allocate while there are no more.
    void reserve(std::size_t members) {
        if (members > heap_.capacity()) heap_.reserve(std::max(members, 2 * heap_.capacity()));
    }

    /// Sets, moves or (with `never`) removes a member's deadline.
    void set(timed& t, time_ns deadline) {
        if (deadline == t.deadline && (t.heap_at != timed::none || deadline == never)) return;
        if (deadline == never) return remove(t);
        t.deadline = deadline;
        if (t.heap_at == timed::none) {
            t.heap_at = heap_.size();
            heap_.push_back(&t);
        }
        up(t.heap_at);
        down(t.heap_at);
    }

    void remove(timed& t) {
        t.deadline = never;
        if (t.heap_at == timed::none) return;
        auto const hole = std::exchange(t.heap_at, timed::none);
        auto* const last = heap_.back();
        heap_.pop_back();
        if (last == &t) return;
        place(hole, last);
        up(hole);
        down(last->heap_at);
    }

  private:
    static bool before(timed const* a, timed const* b) {
        return a->deadline != b->deadline ? a->deadline < b->deadline : a->serial < b->serial;
    }
    void place(std::size_t at, timed* t) {
        heap_[at] = t;
        t->heap_at = at;
    }
    void up(std::size_t at) {
        while (at != 0 && before(heap_[at], heap_[(at - 1) / 2])) {
            swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }
    void down(std::size_t at) {
        for (;;) {
            auto least = at;
            for (auto child : {2 * at + 1, 2 * at + 2})
                if (child < heap_.size() && before(heap_[child], heap_[least])) least = child;
            if (least == at) return;
            swap(at, least);
            at = least;
        }
    }
    void swap(std::size_t a, std::size_t b) {
        auto* const x = heap_[a];
        place(a, heap_[b]);
        place(b, x);
    }

    std::vector<timed*> heap_;
};

}  // namespace cardea::stack
