// Reassembly. Runs are merged as they grow together, so that the list is as long as there are gaps.
#include "stack/tcp/receive_buffer.hpp"

#include <algorithm>
#include <new>

namespace cardea::stack::tcp {

std::uint32_t receive_buffer::out_of_order() const {
    std::uint32_t n = 0;
    for (sack_block const& r : runs_) n += distance(r.left, r.right);
    return n;
}

receive_buffer::outcome receive_buffer::insert(sequence seq, payload_view const& payload, sequence limit) {
    outcome out;
    sequence left = seq;
    sequence right = earlier(seq + static_cast<std::uint32_t>(payload.size()), limit);
    if (right <= left) return out;
    if (left < next_) {
        out.duplicate = sack_block{left, earlier(right, next_)};
        left = next_;
        if (right <= left) return out;
    }
    std::uint32_t const skip = distance(seq, left);
    std::uint32_t length = distance(left, right);
    if (!make_room(left, length, out)) return out;
    right = left + length;
    if (left == next_) {
        store(left, payload, skip, length);
        next_ = right;
        readable_ += length;
        out.advanced = length;
        absorb_runs(out);
        return out;
    }
    if (add_run(left, right, out)) store(left, payload, skip, length);
    return out;
}

/// Room for [seq, seq + length). What is next in the stream gets what there is, though it be less; what lies beyond a
/// gap is the first to be done without.
bool receive_buffer::make_room(sequence seq, std::uint32_t& length, outcome& out) {
    std::size_t const offset = readable_ + std::size_t{distance(next_, seq)};
    if (seq == next_) {
        std::size_t const room = ring_.reserve_some(offset + length, memory_need::arrival) - offset;
        out.refused = room < length;
        length = static_cast<std::uint32_t>(std::min<std::size_t>(room, length));
        return length != 0;
    }
    out.out_of_order = true;
    out.refused = !ring_.reserve(offset + length, memory_need::comfort);
    return !out.refused;
}

void receive_buffer::store(sequence seq, payload_view const& payload, std::uint32_t skip, std::uint32_t length) {
    std::size_t const offset = readable_ + std::size_t{distance(next_, seq)};
    bytes_view first = payload.first;
    bytes_view second = payload.second;
    if (skip < first.size()) {
        first = first.subspan(skip);
    } else {
        second = second.subspan(skip - first.size());
        first = {};
    }
    first = first.first(std::min<std::size_t>(first.size(), length));
    second = second.first(length - first.size());
    ring_.write(offset, first);
    ring_.write(offset + first.size(), second);
}

/// Enters [left, right), which lies beyond next_, into the runs. False when the list is full.
bool receive_buffer::add_run(sequence left, sequence right, outcome& out) {
    auto const first = std::find_if(runs_.begin(), runs_.end(), [&](sack_block const& r) { return r.right >= left; });
    auto last = first;
    sack_block merged{left, right};
    for (; last != runs_.end() && last->left <= right; ++last) {
        sack_block const overlap{later(left, last->left), earlier(right, last->right)};
        if (overlap.left < overlap.right && !out.duplicate) out.duplicate = overlap;
        merged = {earlier(merged.left, last->left), later(merged.right, last->right)};
    }
    if (first == last) {
        if (runs_.size() >= max_runs) return false;
        try {
            runs_.insert(first, merged);
        } catch (std::bad_alloc const&) {
            return false;
        }
    } else {
        *first = merged;
        runs_.erase(first + 1, last);
    }
    note_recent(left);
    return true;
}

/// next_ has moved: takes over the runs that it has reached.
void receive_buffer::absorb_runs(outcome& out) {
    auto run = runs_.begin();
    for (; run != runs_.end() && run->left <= next_; ++run) {
        if (run->left < next_ && !out.duplicate) out.duplicate = sack_block{run->left, earlier(next_, run->right)};
        if (run->right > next_) {
            std::uint32_t const more = distance(next_, run->right);
            readable_ += more;
            out.advanced += more;
            next_ = run->right;
        }
        out.filled_gap = true;
    }
    runs_.erase(runs_.begin(), run);
}

void receive_buffer::note_recent(sequence left) {
    std::size_t const keep = std::min(recent_count_, recent_.size() - 1);
    std::copy_backward(recent_.begin(), recent_.begin() + static_cast<std::ptrdiff_t>(keep),
                       recent_.begin() + static_cast<std::ptrdiff_t>(keep) + 1);
    recent_[0] = left;
    recent_count_ = keep + 1;
}

std::size_t receive_buffer::sack_blocks(std::span<sack_block> out) const {
    std::size_t n = 0;
    auto listed = [&](sack_block const& r) {
        return std::find(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n), r) !=
               out.begin() + static_cast<std::ptrdiff_t>(n);
    };
    for (std::size_t i = 0; i < recent_count_ && n < out.size(); ++i) {
        auto const run = std::find_if(runs_.begin(), runs_.end(), [&](sack_block const& r) {
            return r.left <= recent_[i] && recent_[i] < r.right;
        });
        if (run != runs_.end() && !listed(*run)) out[n++] = *run;
    }
    for (auto run = runs_.rbegin(); run != runs_.rend() && n < out.size(); ++run)
        if (!listed(*run)) out[n++] = *run;
    return n;
}

std::size_t receive_buffer::peek(std::span<std::byte> into) const {
    std::size_t const n = std::min<std::size_t>(into.size(), readable_);
    if (n != 0) ring_.read(0, into.first(n));
    return n;
}

void receive_buffer::consume(std::uint32_t n) {
    ring_.advance(n);
    readable_ -= n;
}

void receive_buffer::drop_out_of_order() {
    runs_.clear();
    runs_.shrink_to_fit();
    recent_count_ = 0;
    trim();
}

void receive_buffer::clear() {
    readable_ = 0;
    drop_out_of_order();
}

}  // namespace cardea::stack::tcp
