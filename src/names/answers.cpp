// See answers.hpp.
#include "names/answers.hpp"

#include <algorithm>
#include <cardea/deadline.hpp>
#include <cardea/error.hpp>
#include <chrono>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "fiber/execution.hpp"
#include "names/resolve.hpp"

namespace cardea::detail {

namespace {

constexpr std::int64_t at_once_ns = std::numeric_limits<std::int64_t>::min();

bool is_interruption(std::error_code e) noexcept { return e == errc::timed_out || e == errc::cancelled; }

}  // namespace

std::error_code answers::begin() {
    const std::string service = std::to_string(port_);
    std::error_code failed = this_network().begin_resolve(host_, service, only_, under_way_);
    if (failed == errc::not_supported) {
        failed = this_network().resolve(host_, service, at_once_.addresses);
        if (!failed && at_once_.addresses.empty()) failed = errc::name_not_found;
    }
    if (is_interruption(failed)) return failed;
    begun_ = true;
    at_once_.error = failed;
    if (!under_way_) note(at_once_, execution::current().now_ns());
    return {};
}

std::error_code answers::wait(std::vector<endpoint>& found) {
    execution& me = execution::current();
    const look_up_activity what(host_);
    const blocking_call whole(me, what);
    if (const std::error_code interrupted = me.interruption()) return interrupted;
    if (const std::error_code interrupted = begin()) return interrupted;
    for (;;) {
        const std::int64_t now = me.now_ns();
        const std::vector<endpoint> more = take(now);
        found.insert(found.end(), more.begin(), more.end());
        const std::int64_t begins = race_begins_ns();
        if (begins <= now) return {};
        if (const std::error_code interrupted = me.interruption()) return interrupted;
        std::optional<deadline> until;
        const std::int64_t next = std::min(begins, next_ns());
        if (next != never_ns) until.emplace(std::chrono::nanoseconds(next - now));
        me.park(patience::interruptible);
    }
}

std::vector<endpoint> answers::take(std::int64_t now_ns) {
    if (!under_way_) return std::exchange(at_once_.addresses, {});
    std::vector<endpoint> all;
    found_addresses one;
    while (under_way_->next(one)) {
        note(one, now_ns);
        all.insert(all.end(), one.addresses.begin(), one.addresses.end());
        one = {};
    }
    return all;
}

void answers::note(const found_addresses& answer, std::int64_t now_ns) {
    if (answer.of == family::unspecified) failed_.clear();
    answered_.push_back(answer.of);
    if (answer.error) {
        failed_.push_back({answer.of, answer.error, now_ns});
    } else if (!found_any_) {
        found_any_ = true;
        found_ns_ = now_ns;
    }
}

bool answers::has_answered(family f) const noexcept {
    return std::find(answered_.begin(), answered_.end(), f) != answered_.end();
}

std::int64_t answers::next_ns() const noexcept { return under_way_ ? under_way_->next_ns() : never_ns; }

family answers::first() const noexcept {
    if (first_ != family::unspecified) return first_;
    return has_answered(family::unspecified) || !under_way_ ? family::unspecified : under_way_->preferred();
}

std::int64_t answers::race_begins_ns() const noexcept {
    if (is_over()) return at_once_ns;
    if (!found_any_) return never_ns;
    if (has_answered(first())) return at_once_ns;
    const std::int64_t delay = std::max<std::int64_t>(resolution_delay_.count(), 0);
    return found_ns_ > never_ns - delay ? never_ns : found_ns_ + delay;
}

std::vector<failed_look_up> answers::failures(std::error_code interrupted, std::int64_t now_ns) const {
    std::vector<failed_look_up> all = failed_;
    if (interrupted && !is_over()) {
        // Of two families one has answered, or none, or both in vain and the whole name is asked for.
        const bool half = answered_.size() == 1 && only_ == family::unspecified;
        const family other = half && answered_.front() == family::inet ? family::inet6 : family::inet;
        if (!half) all.clear();
        all.push_back({half ? other : family::unspecified, interrupted, now_ns});
    }
    const auto is_known = [](const failed_look_up& f) { return f.error != errc::name_not_found; };
    if (found_any_ || std::any_of(all.begin(), all.end(), is_known)) {
        all.erase(std::remove_if(all.begin(), all.end(), std::not_fn(is_known)), all.end());
    }
    if (!found_any_ && all.size() == 2 && all[0].error == all[1].error) {
        all.erase(all.begin());
        all.front().of = family::unspecified;
    }
    return all;
}

}  // namespace cardea::detail
