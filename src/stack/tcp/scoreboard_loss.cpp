// The scoreboard's judgements: what is lost, and what to send next because of it.
#include <algorithm>

#include "stack/tcp/scoreboard.hpp"

namespace cardea::stack::tcp {
namespace {
constexpr std::uint32_t dup_thresh = 3;
}

void scoreboard::mark_lost(sent_run& r) {
    if (r.sacked || r.lost) return;
    r.lost = true;
    lost_ += r.size();
}

void scoreboard::mark_lost_below_sacks(std::uint32_t mss) {
    std::uint32_t bytes = 0, islands = 0;
    bool in_island = false;
    for (auto run = runs_.end(); run != first();) {
        --run;
        if (run->sacked) {
            bytes += run->size();
            if (!in_island) ++islands;
            in_island = true;
            continue;
        }
        in_island = false;
        if (run->resent && !run->lost) continue;  // a probe or rescue of it is under way
        if (bytes > (dup_thresh - 1) * mss || islands >= dup_thresh) mark_lost(*run);
    }
}

bool scoreboard::first_is_lost(std::uint32_t mss) const {
    std::uint32_t bytes = 0, islands = 0;
    bool in_island = false;
    for (sent_run const& r : runs()) {
        if (r.sacked) bytes += r.size();
        if (r.sacked && !in_island) ++islands;
        in_island = r.sacked;
        if (bytes > (dup_thresh - 1) * mss || islands >= dup_thresh) return true;
    }
    return false;
}

void scoreboard::mark_first_lost(std::uint32_t mss) {
    if (empty()) return;
    bool const may_cut = make_room(1);  // if not, all of it is
    auto run = first();
    if (run->size() > mss && !run->sacked && !run->lost && may_cut) split(run, run->begin + mss);
    mark_lost(*first());
}

void scoreboard::mark_all_lost() {
    for (auto run = first(); run != runs_.end(); ++run) {
        mark_lost(*run);
        run->resent = false;
    }
    resent_ = 0;
}

bool scoreboard::mark_larger_lost(std::uint32_t mss) {
    bool any = false;
    for (auto run = first(); run != runs_.end(); ++run) {
        // A run shorter than the segments of its time was one packet of its own size.
        if (run->sacked || std::min<std::uint32_t>(run->wire_bytes, run->size()) <= mss) continue;
        mark_lost(*run);
        if (run->resent) resent_ -= run->size();
        run->resent = false;
        any = true;
    }
    return any;
}

time_ns scoreboard::mark_lost_by_time(time_ns newest_sent_at, sequence newest_end, time_ns deadline_span, time_ns now) {
    time_ns wait = 0;
    for (auto run = first(); run != runs_.end(); ++run) {
        if (run->sacked || (run->lost && !run->resent)) continue;
        bool const before = run->sent_at < newest_sent_at || (run->sent_at == newest_sent_at && run->end < newest_end);
        if (!before) continue;
        time_ns const remaining = run->sent_at + deadline_span - now;
        if (remaining <= 0) {
            mark_lost(*run);
            if (run->resent) resent_ -= run->size();
            run->resent = false;
        } else {
            wait = std::max(wait, remaining);
        }
    }
    return wait;
}

std::optional<sent_run> scoreboard::next_lost(std::uint32_t limit) {
    if (lost_ == 0) return {};
    for (auto run = first(); run != runs_.end(); ++run) {
        if (!run->lost || run->resent) continue;
        sent_run r = *run;
        for (auto more = run + 1; more != runs_.end() && more->lost && !more->resent && r.size() < limit; ++more)
            r.end = more->end;
        if (r.size() > limit) r.end = r.begin + limit;
        return r;
    }
    return {};
}

std::optional<sent_run> scoreboard::next_unsacked(std::uint32_t limit) {
    for (auto run = first(); run != runs_.end() && run->begin < high_sacked_; ++run) {
        if (run->sacked || run->lost || run->resent) continue;
        sent_run r = *run;
        if (r.size() > limit) r.end = r.begin + limit;
        return r;
    }
    return {};
}

std::optional<sent_run> scoreboard::last_unsacked(std::uint32_t mss) {
    for (auto run = runs_.end(); run != first();) {
        --run;
        if (run->sacked) continue;
        sent_run r = *run;
        if (r.size() > mss) r.begin = r.end - ((r.size() - 1) % mss + 1);
        return r;
    }
    return {};
}

}  // namespace cardea::stack::tcp
