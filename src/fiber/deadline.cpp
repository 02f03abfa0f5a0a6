// deadline and call_limit: what bounds the calls of one fiber or thread.
#include <algorithm>
#include <cardea/deadline.hpp>

#include "fiber/execution.hpp"

namespace cardea {

namespace {

std::int64_t after(std::int64_t now_ns, std::chrono::nanoseconds span) noexcept {
    const std::int64_t ns = std::max<std::int64_t>(span.count(), 0);
    return ns >= detail::never_ns - now_ns ? detail::never_ns : now_ns + ns;
}

}  // namespace

deadline::deadline(std::chrono::nanoseconds from_now) noexcept
    : owner_(detail::execution::current()), outer_(owner_.innermost_), when_ns_(after(owner_.now_ns(), from_now)) {
    owner_.innermost_ = this;
    owner_.nearest_ns_ = std::min(owner_.nearest_ns_, when_ns_.load(std::memory_order_relaxed));
}

deadline::~deadline() {
    owner_.innermost_ = outer_;
    owner_.recompute();
}

void deadline::expire_in(std::chrono::nanoseconds from_now) noexcept {
    when_ns_.store(after(owner_.now_ns(), from_now), std::memory_order_relaxed);
    owner_.deadlines_changed_.store(true, std::memory_order_release);
    owner_.unpark();  // a call that waits looks at its deadline anew
}

void deadline::clear() noexcept { expire_in(std::chrono::nanoseconds::max()); }

bool deadline::expired() const noexcept { return when_ns_.load(std::memory_order_relaxed) <= owner_.now_ns(); }

std::chrono::nanoseconds deadline::remaining() const noexcept {
    const std::int64_t when = when_ns_.load(std::memory_order_relaxed);
    if (when == detail::never_ns) return std::chrono::nanoseconds::max();
    return std::chrono::nanoseconds(std::max<std::int64_t>(when - owner_.now_ns(), 0));
}

call_limit::call_limit(std::chrono::nanoseconds each) noexcept
    : owner_(detail::execution::current()), outer_ns_(owner_.call_limit_ns_) {
    owner_.call_limit_ns_ = std::min<std::int64_t>(outer_ns_, std::max<std::int64_t>(each.count(), 0));
}

call_limit::~call_limit() { owner_.call_limit_ns_ = outer_ns_; }

}  // namespace cardea
