// The hierarchical wheel. Invariant: a node at level L shares its level-(L+1) slot with `elapsed_`, so that within a
// level slots are in order of time and everything at level L is due before anything at level L+1.
#include "fiber/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace cardea::detail {

namespace {

bool before(const timer_node& a, const timer_node& b) noexcept {
    return a.when_ns != b.when_ns ? a.when_ns < b.when_ns : a.serial < b.serial;
}

timer_node* merged(timer_node* a, timer_node* b) noexcept {
    timer_node* all = nullptr;
    timer_node** tail = &all;
    while (a != nullptr && b != nullptr) {
        timer_node*& first = before(*b, *a) ? b : a;
        *tail = std::exchange(first, first->next);
        tail = &(*tail)->next;
    }
    *tail = a != nullptr ? a : b;
    return all;
}

// Merges from below, as a binary counter counts: runs of 2^k nodes wait in place k. No allocation, no recursion.
timer_node* sorted(timer_node* list) noexcept {
    constexpr std::size_t most = 48;
    std::array<timer_node*, most> runs{};
    while (list != nullptr) {
        timer_node* run = std::exchange(list, list->next);
        run->next = nullptr;
        std::size_t k = 0;
        for (; runs[k] != nullptr; ++k) run = merged(std::exchange(runs[k], nullptr), run);
        runs[k] = run;
    }
    timer_node* all = nullptr;
    for (timer_node* run : runs) all = merged(run, all);
    return all;
}

}  // namespace

void timer_wheel::link(timer_node& node) noexcept {
    const std::uint64_t tick = std::max(tick_of(node.when_ns), elapsed_);
    const std::uint64_t differing = (tick ^ elapsed_) | (slots - 1);
    const unsigned level = (63U - static_cast<unsigned>(std::countl_zero(differing))) / slot_bits;
    const unsigned slot = static_cast<unsigned>(tick >> (level * slot_bits)) & (slots - 1);
    node.level = static_cast<std::uint8_t>(level);
    node.slot = static_cast<std::uint8_t>(slot);
    timer_node*& head = heads_[level][slot];
    node.previous = nullptr;
    node.next = head;
    if (head != nullptr) head->previous = &node;
    head = &node;
    occupied_[level] |= std::uint64_t{1} << slot;
}

void timer_wheel::add(timer_node& node, std::int64_t when_ns) noexcept {
    node.when_ns = when_ns;
    node.serial = ++added_;
    node.armed = true;
    link(node);
}

void timer_wheel::remove(timer_node& node) noexcept {
    if (!node.armed) return;
    node.armed = false;
    if (node.previous != nullptr) {
        node.previous->next = node.next;
    } else {
        heads_[node.level][node.slot] = node.next;
        if (node.next == nullptr) occupied_[node.level] &= ~(std::uint64_t{1} << node.slot);
    }
    if (node.next != nullptr) node.next->previous = node.previous;
    node.next = node.previous = nullptr;
}

bool timer_wheel::first_slot(position& out) const noexcept {
    for (unsigned level = 0; level < levels; ++level) {
        if (occupied_[level] == 0) continue;
        const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
        const unsigned shift = level * slot_bits;
        const unsigned above = shift + slot_bits;
        const std::uint64_t block = above >= 64 ? 0 : (elapsed_ >> above) << above;
        out = {level, slot, block | (std::uint64_t{slot} << shift)};
        return true;
    }
    return false;
}

std::int64_t timer_wheel::next() const noexcept {
    position at{};
    if (!first_slot(at)) return never_ns;
    if (at.level > 0) return static_cast<std::int64_t>(at.start << tick_shift);
    std::int64_t nearest = never_ns;
    for (const timer_node* n = heads_[0][at.slot]; n != nullptr; n = n->next) nearest = std::min(nearest, n->when_ns);
    return nearest;
}

timer_node* timer_wheel::take(position at) noexcept {
    timer_node* list = heads_[at.level][at.slot];
    heads_[at.level][at.slot] = nullptr;
    occupied_[at.level] &= ~(std::uint64_t{1} << at.slot);
    return list;
}

timer_node* timer_wheel::expire(std::int64_t now_ns) noexcept {
    const std::uint64_t target = std::max(tick_of(now_ns), elapsed_);
    timer_node* due = nullptr;
    timer_node** tail = &due;
    position at{};
    while (first_slot(at) && at.start <= target) {
        elapsed_ = std::max(elapsed_, at.start);
        timer_node* list = take(at);
        while (list != nullptr) {
            timer_node* node = list;
            list = list->next;
            if (at.level > 0 || node->when_ns > now_ns) {
                link(*node);  // a lower level, or the same slot again: due later within this very tick
                continue;
            }
            node->armed = false;
            node->next = node->previous = nullptr;
            *tail = node;
            tail = &node->next;
        }
        if (at.start == target && at.level == 0) break;
    }
    elapsed_ = target;
    return due == nullptr || due->next == nullptr ? due : sorted(due);
}

}  // namespace cardea::detail
