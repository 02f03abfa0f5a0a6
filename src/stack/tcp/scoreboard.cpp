// The scoreboard's bookkeeping: sending, acknowledging, SACKing, splitting.
#include "stack/tcp/scoreboard.hpp"

#include <algorithm>
#include <cassert>
#include <new>

namespace cardea::stack::tcp {

void scoreboard::clear() {
    una_ = high_sacked_ = sequence{};
    std::vector<sent_run>{}.swap(runs_);
    head_ = 0;
    outstanding_ = sacked_ = lost_ = resent_ = 0;
    charge_.set(0);
}

bool scoreboard::make_room(std::size_t more) {
    if (runs_.capacity() - runs_.size() >= more) return true;
    constexpr std::size_t least = 16;  // of every connection, whatever the budget says
    std::size_t const wanted = std::max({2 * runs_.capacity(), runs_.size() + more, least});
    if (wanted > least && !charge_.may_become(wanted * sizeof(sent_run), memory_need::arrival)) return false;
    try {
        runs_.reserve(wanted);
    } catch (std::bad_alloc const&) {
        return false;
    }
    charge_.set(memory());
    return true;
}

void scoreboard::sent(sequence begin, sequence end, std::uint16_t wire_bytes, time_ns now) {
    if (empty()) {
        una_ = begin;
        if (high_sacked_ < begin) high_sacked_ = begin;
    }
    outstanding_ += distance(begin, end);
    sent_run r;
    r.begin = begin;
    r.end = end;
    r.sent_at = now;
    r.wire_bytes = wire_bytes;
    runs_.push_back(r);
}

/// The run that holds `at`; the end when there is none.
scoreboard::iterator scoreboard::find(sequence at) {
    auto const after =
        std::upper_bound(first(), runs_.end(), at, [](sequence a, sent_run const& r) { return a < r.end; });
    return after;
}

/// Cuts a run in two at `at`, strictly inside it; returns the second half. The room must have been made.
scoreboard::iterator scoreboard::split(iterator run, sequence at) {
    assert(run->begin < at && at < run->end && runs_.size() < runs_.capacity());
    sent_run rest = *run;
    rest.begin = at;
    run->end = at;
    return runs_.insert(run + 1, rest);
}

void scoreboard::note_delivery(sent_run const& r, delivery& d) const {
    d.delivered += r.size();
    if (!r.ever_resent) {
        d.sample_sent_at = std::max(d.sample_sent_at.value_or(r.sent_at), r.sent_at);
        d.lowest_original_end = earlier(d.lowest_original_end.value_or(r.end), r.end);
    }
    if (r.sent_at > d.newest_sent_at || (r.sent_at == d.newest_sent_at && d.newest_end < r.end)) {
        d.newest_sent_at = r.sent_at;
        d.newest_end = r.end;
        d.newest_resent = r.ever_resent;
    }
}

void scoreboard::account_removal(sent_run const& r, delivery& d) {
    outstanding_ -= r.size();
    if (r.sacked) {
        sacked_ -= r.size();
    } else {
        note_delivery(r, d);
    }
    if (r.lost) lost_ -= r.size();
    if (r.resent) resent_ -= r.size();
    if (r.ever_resent) d.resent_acked = true;
}

void scoreboard::acknowledge(sequence una, delivery& d) {
    d.acked += distance(una_, una);
    auto run = first();
    for (; run != runs_.end() && run->end <= una; ++run) account_removal(*run, d);
    if (run != runs_.end() && run->begin < una) {
        sent_run part = *run;
        part.end = una;
        account_removal(part, d);
        run->begin = una;
    }
    head_ = static_cast<std::size_t>(run - runs_.begin());
    una_ = una;
    if (high_sacked_ < una) high_sacked_ = una;
    compact();
}

void scoreboard::compact() {
    if (head_ == runs_.size()) {
        runs_.clear();
        head_ = 0;
    } else if (head_ > 64 && head_ > runs_.size() / 2) {
        runs_.erase(runs_.begin(), first());
        head_ = 0;
    }
}

void scoreboard::apply_sack(sack_block const& block, delivery& d) {
    // Its two ends lie in runs that may have to be cut. A SACK only advises: without memory it goes unheard.
    if (!make_room(2)) return;
    for (auto run = find(block.left); run != runs_.end() && run->begin < block.right; ++run) {
        if (run->sacked) continue;
        // Inside a run only whole segments count as reported: rounded inward, on the boundaries they were sent on.
        std::uint32_t const mss = run->wire_bytes;
        sequence left = run->begin;
        if (left < block.left) left += (distance(left, block.left) + mss - 1) / mss * mss;
        sequence right = run->end;
        if (block.right < right) right = run->begin + distance(run->begin, block.right) / mss * mss;
        if (right <= left || run->end <= left) continue;
        if (run->begin < left) run = split(run, left);
        if (right < run->end) run = split(run, right) - 1;
        run->sacked = true;
        sacked_ += run->size();
        d.sacked += run->size();
        note_delivery(*run, d);
        if (run->ever_resent) d.resent_acked = true;
        if (run->lost) lost_ -= run->size();
        if (run->resent) resent_ -= run->size();
        run->lost = run->resent = false;
        high_sacked_ = later(high_sacked_, run->end);
    }
}

void scoreboard::forget_sacks() {
    for (auto run = first(); run != runs_.end(); ++run) run->sacked = false;
    sacked_ = 0;
    high_sacked_ = una_;
}

void scoreboard::resent(sequence begin, sequence end, std::uint16_t wire_bytes, time_ns now) {
    auto run = find(begin);
    assert(run != runs_.end());
    if (run->begin < begin) run = split(run, begin);
    for (; run != runs_.end() && run->begin < end; ++run) {
        if (end < run->end) run = split(run, end) - 1;
        if (run->sacked) continue;
        if (!run->resent) resent_ += run->size();
        run->resent = run->ever_resent = true;
        run->sent_at = now;
        run->wire_bytes = wire_bytes;
    }
}

}  // namespace cardea::stack::tcp
