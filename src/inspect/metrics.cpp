// read_metrics(): adds up what the threads and the loops have counted.
#include <algorithm>
#include <cardea/metrics.hpp>
#include <memory>
#include <mutex>
#include <numeric>

#include "fiber/all_loops.hpp"
#include "trace/call_counts.hpp"

namespace cardea {

namespace {

using detail::call_counts;
using detail::duration_counts;

static_assert(std::tuple_size_v<decltype(duration_metrics::counts)> == duration_counts::classes);
static_assert(duration_metrics::bound(0).count() == std::int64_t{1} << duration_counts::first_class_bits);

void add(duration_metrics& to, const duration_counts& from) noexcept {
    for (std::size_t i = 0; i < to.counts.size(); ++i) to.counts[i] += from.count(i);
    to.sum += std::chrono::nanoseconds(from.sum_ns());
    to.longest = std::max(to.longest, std::chrono::nanoseconds(from.longest_ns()));
}

void read_calls(metrics& out) {
    const auto all = std::make_unique<call_counts>();
    detail::sum_of_counts(*all);
    for (std::size_t i = 0; i < call_kinds; ++i) out.calls[i] = {all->calls[i].get(), all->bytes[i].get()};
    const std::size_t known = all->failures_known.load();
    for (std::size_t i = 0; i < known; ++i) {
        const detail::failure_tally& f = all->failures[i];
        out.failures.push_back({f.kind.load(), {f.value.load(), *f.category.load()}, f.count.get()});
    }
    std::sort(out.failures.begin(), out.failures.end(),
              [](const failure_metrics& a, const failure_metrics& b) { return a.count > b.count; });
    out.other_failures = all->other_failures.get();
    out.bytes_sent = out.of(call_kind::send).bytes + out.of(call_kind::send_to).bytes;
    out.bytes_received = out.of(call_kind::recv).bytes + out.of(call_kind::recv_from).bytes;
    out.sockets_opened = all->opened.get();
    // Threads are read one after the other: a socket that went from one to another may seem closed before it was
    // opened.
    out.open_sockets = out.sockets_opened - std::min(all->closed.get(), out.sockets_opened);
    out.accept_pauses = all->accept_pauses.get();
}

loop_metrics metrics_of(const detail::loop& l) {
    const detail::loop_pulse& p = l.pulse();
    loop_metrics m{.number = l.number(),
                   .network = l.network_name(),
                   .fibers = p.fibers.load(),
                   .sockets = p.sockets.load(),
                   .switches = p.switches.load(),
                   .waits = p.waits.load(),
                   .turns = {}};
    add(m.turns, p.turns);
    return m;
}

void read_loops(metrics& out) {
    const std::lock_guard held(detail::all_loops::guard);
    const detail::loop_pulse& ended = detail::all_loops::ended;
    out.loop_switches = ended.switches.load();
    out.loop_waits = ended.waits.load();
    add(out.turns, ended.turns);
    for (const detail::loop* l = detail::all_loops::first; l != nullptr; l = detail::all_loops::after(*l)) {
        out.loops.push_back(metrics_of(*l));
        out.loop_switches += out.loops.back().switches;
        out.loop_waits += out.loops.back().waits;
        add(out.turns, l->pulse().turns);
    }
    std::reverse(out.loops.begin(), out.loops.end());
}

}  // namespace

std::uint64_t duration_metrics::count() const noexcept {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

metrics read_metrics() {
    metrics all;
    read_calls(all);
    read_loops(all);
    return all;
}

}  // namespace cardea
