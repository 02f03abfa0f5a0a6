// See fault_plan.hpp. Also how faults are made.
#include "faulty/fault_plan.hpp"

#include <algorithm>

namespace cardea {

const char* to_string(network_call call) noexcept {
    constexpr std::array names{"any",  "open",    "bind",      "listen",   "accept", "connect", "send",
                               "recv", "send_to", "recv_from", "shutdown", "option", "resolve"};
    return names[static_cast<std::size_t>(call)];
}

fault fault::fail(network_call on, std::error_code why) noexcept {
    return {.what = effect::fail, .on = on, .error = why};
}

fault fault::fail_after(std::size_t bytes, std::error_code why) noexcept {
    return {.what = effect::fail_after, .on = network_call::send, .error = why, .bytes = bytes};
}

fault fault::shorten(network_call on, std::size_t bytes) noexcept {
    return {.what = effect::shorten, .on = on, .bytes = std::max<std::size_t>(bytes, 1), .count = always};
}

fault fault::delay(network_call on, std::chrono::nanoseconds time) noexcept {
    return {.what = effect::delay, .on = on, .time = time, .count = always};
}

fault fault::reorder(std::size_t behind) noexcept {
    return {.what = effect::reorder, .bytes = std::max<std::size_t>(behind, 1)};
}

fault fault::too_late(network_call on, std::error_code why) noexcept {
    return {.what = effect::too_late, .on = on, .error = why};
}

fault fault::cancel_when_done(network_call on) noexcept { return {.what = effect::cancel_when_done, .on = on}; }

fault fault::at(std::uint64_t nth) const noexcept {
    fault same = *this;
    same.first = nth;
    same.count = 1;
    return same;
}

fault fault::times(std::uint64_t how_often) const noexcept {
    fault same = *this;
    same.count = how_often;
    return same;
}

namespace detail {

namespace {

bool applies(const fault& f, network_call call, type of) noexcept {
    if (f.on != network_call::any && f.on != call) return false;
    switch (f.what) {
        case fault::effect::fail_after:
            return of == type::stream && call == network_call::send;
        case fault::effect::shorten:
            return of == type::stream && (call == network_call::send || call == network_call::recv);
        case fault::effect::reorder:
            return of == type::datagram && (call == network_call::send || call == network_call::send_to);
        default:
            return true;
    }
}

void bring_about(const fault& f, verdict& v) noexcept {
    switch (f.what) {
        case fault::effect::fail:
            if (!v.before) v.before = f.error;
            break;
        case fault::effect::fail_after:
            if (f.bytes < v.fails_after) {
                v.fails_after = f.bytes;
                v.after_those = f.error;
            }
            break;
        case fault::effect::shorten:
            v.at_most = std::min(v.at_most, f.bytes);
            break;
        case fault::effect::delay:
            v.delay_ns += f.time.count();
            break;
        case fault::effect::reorder:
            v.behind = std::max(v.behind, f.bytes);
            break;
        case fault::effect::too_late:
            v.afterwards = f.error;
            break;
        case fault::effect::cancel_when_done:
            v.cancels = true;
            break;
    }
}

}  // namespace

std::size_t fault_plan::add(const fault& one) {
    const std::lock_guard held(guard_);
    armed_.push_back({.what = one});
    return armed_.size() - 1;
}

void fault_plan::clear() noexcept {
    const std::lock_guard held(guard_);
    armed_.clear();
}

verdict fault_plan::next(network_call call, type of) noexcept {
    const std::lock_guard held(guard_);
    ++calls_[0];
    ++calls_[static_cast<std::size_t>(call)];
    verdict v;
    bool befallen = false;
    for (armed& a : armed_) {
        if (!applies(a.what, call, of)) continue;
        ++a.seen;
        if (a.seen < a.what.first || a.seen - a.what.first >= a.what.count) continue;
        bring_about(a.what, v);
        ++a.befallen;
        a.last = call;
        befallen = true;
    }
    if (befallen) {
        ++faults_;
        last_ = call;
    }
    return v;
}

std::uint64_t fault_plan::calls(network_call of) const noexcept {
    const std::lock_guard held(guard_);
    return calls_[static_cast<std::size_t>(of)];
}

std::uint64_t fault_plan::faults() const noexcept {
    const std::lock_guard held(guard_);
    return faults_;
}

std::uint64_t fault_plan::faults(std::size_t number) const noexcept {
    const std::lock_guard held(guard_);
    return number < armed_.size() ? armed_[number].befallen : 0;
}

network_call fault_plan::last(std::size_t number) const noexcept {
    const std::lock_guard held(guard_);
    return number < armed_.size() ? armed_[number].last : network_call::any;
}

network_call fault_plan::last() const noexcept {
    const std::lock_guard held(guard_);
    return last_;
}

}  // namespace detail
}  // namespace cardea
