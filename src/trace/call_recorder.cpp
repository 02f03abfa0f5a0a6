// Remembers calls for the ladder. May use the public face only; called inside other people's socket calls, so quick.
#include <algorithm>
#include <cardea/ladder.hpp>
#include <exception>

namespace cardea {

namespace {

void note_what_the_end_knows(call_record& record, const call_event& call, std::uint64_t order) {
    record.ended = true;
    record.end_ns = call.end_ns;
    record.end_order = order;
    record.result = call.result;
    record.bytes = call.bytes;
    record.made = call.made;
    if (call.socket != 0) record.socket = call.socket;
    if (call.local.family() != family::unspecified) record.local = call.local;
    if (call.peer.family() != family::unspecified) record.peer = call.peer;
}

bool same_call(const call_record& record, const call_event& call) {
    // socket() may learn its number only by its end.
    return record.kind == call.kind && record.begin_ns == call.begin_ns && record.who == call.who &&
           (record.socket == call.socket || record.socket == 0);
}

}  // namespace

call_recorder::call_recorder(std::size_t capacity) : capacity_(capacity) {
    records_.reserve(std::min<std::size_t>(capacity, 256));
    pending_.reserve(16);
}

void call_recorder::call_begins(const call_event& call) noexcept {
    std::lock_guard held(guard_);
    ++order_;
    if (records_.size() >= capacity_) {
        ++dropped_;
        return;
    }
    try {
        pending_.push_back(records_.size());
        records_.push_back({.kind = call.kind,
                            .socket = call.socket,
                            .who = std::string(call.who),
                            .local = call.local,
                            .peer = call.peer,
                            .asked = call.asked,
                            .begin_ns = call.begin_ns,
                            .result = {},
                            .begin_order = order_});
    } catch (const std::exception&) {  // no memory: as good as full
        if (!pending_.empty() && pending_.back() == records_.size()) pending_.pop_back();
        ++dropped_;
    }
}

void call_recorder::call_ended(const call_event& call) noexcept {
    std::lock_guard held(guard_);
    ++order_;
    // The youngest first: a call of a name and a time can only be mistaken for one that began at the same instant.
    const auto found = std::find_if(pending_.rbegin(), pending_.rend(),
                                    [&](std::size_t index) { return same_call(records_[index], call); });
    if (found == pending_.rend()) return;
    note_what_the_end_knows(records_[*found], call, order_);
    pending_.erase(std::next(found).base());
}

std::vector<call_record> call_recorder::records() const {
    std::lock_guard held(guard_);
    return records_;
}

std::size_t call_recorder::dropped() const noexcept {
    std::lock_guard held(guard_);
    return dropped_;
}

}  // namespace cardea
