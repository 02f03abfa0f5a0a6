// Membership reports.
#include "stack/ip/group_reports.hpp"

#include <algorithm>
#include <iterator>
#include <new>
#include <optional>
#include <utility>

#include "stack/wire/bytes.hpp"
#include "stack/wire/igmp.hpp"
#include "stack/wire/mld.hpp"
#include "stack/wire/protocol.hpp"

namespace cardea::stack::ip {

namespace {

using wire::group_record;
using wire::record_kind;

constexpr time_ns unsolicited_report_interval = seconds(1);  // RFC 3376 section 8.11, RFC 3810 section 9.11

std::vector<ip_address> sources_of(group_wish const* w) {
    std::vector<ip_address> all;
    if (w == nullptr || w->from_anybody != 0) return all;
    for (auto const& [source, count] : w->from) all.push_back(source);
    return all;
}

/// Everybody's groups and what is no group of the link are never reported (RFC 3376 section 5, RFC 3810 section 6).
bool is_everybodys(ip_address const& group) {
    constexpr auto all_nodes = ip_address::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    if (group.is_v4()) return group == wire::all_systems;
    return group == all_nodes || (group.bytes[1] & 0xf) <= 1;
}

/// RFC 3376 section 4.2.16: what is too much for one packet is said in several records.
std::vector<group_record> split(group_record&& whole, std::size_t most) {
    std::vector<group_record> parts;
    while (whole.sources.size() > most) {
        auto const cut = whole.sources.end() - static_cast<std::ptrdiff_t>(most);
        parts.push_back({whole.kind, whole.group, {cut, whole.sources.end()}});
        whole.sources.erase(cut, whole.sources.end());
    }
    parts.push_back(std::move(whole));
    return parts;
}

}  // namespace

group_reports::group_reports(host_config const& config, routes& r, output& out)
    : config_{config}, routes_{r}, out_{out}, random_{config.seed ^ 0x67726f757073U} {}

bool group_reports::is_reported(group_key const& k) {
    return k.interface == interface_number::link && !is_everybodys(k.group);
}

/// Later than now, and at `now + longest` at the latest.
time_ns group_reports::within(time_ns now, time_ns longest) {
    auto const micros = static_cast<std::uint32_t>(std::clamp<time_ns>(longest / microseconds(1), 1, 0xffffffff));
    return now + microseconds(1 + std::int64_t{random_.below(micros)});
}

group_reports::filter group_reports::filter_of(group_key const& k) const {
    auto const* const w = routes_.groups().find(k);
    return {w != nullptr && w->from_anybody != 0, sources_of(w)};
}

/// The change itself takes no memory where something is left. Where there is none for telling of it, that is lost, as
/// it may be on the link.
void group_reports::change(group_key const& k, group_change const& c, time_ns now) {
    std::optional<filter> before;
    try {
        if (is_reported(k)) before = filter_of(k);
    } catch (std::bad_alloc const&) {
        before.reset();
    }
    routes_.groups().apply(k, c);
    try {
        if (before) begin_reports(k, *before, now);
    } catch (std::bad_alloc const&) {
        look_ahead();
    }
}

void group_reports::begin_reports(group_key const& k, filter const& before, time_ns now) {
    auto const after = filter_of(k);
    if (after == before) return;
    auto& p = pending_[k.group];
    auto const times = state_of(k.group).robustness;
    if (before.everybody != after.everybody) {
        p.mode_reports = times;
        p.source_reports.clear();
    } else {
        std::vector<ip_address> different;
        std::set_symmetric_difference(before.sources.begin(), before.sources.end(), after.sources.begin(),
                                      after.sources.end(), std::back_inserter(different));
        for (auto const& s : different) p.source_reports[s] = times;
    }
    say_change(k.group, p, now);
    if (p.done()) pending_.erase(k.group);
    look_ahead();
}

/// RFC 3376 section 5.1: what is said again is said as things are by then.
void group_reports::say_change(ip_address const& group, pending& p, time_ns now) {
    auto const* const w = routes_.groups().find({interface_number::link, group});
    bool const all = w != nullptr && w->from_anybody != 0;
    std::vector<group_record> records;
    if (p.mode_reports != 0) {
        --p.mode_reports;
        records.push_back({all ? record_kind::to_exclude : record_kind::to_include, group, sources_of(w)});
    } else {
        group_record allow{record_kind::allow, group, {}};
        group_record block{record_kind::block, group, {}};
        for (auto& [source, left] : p.source_reports) {
            --left;
            (w != nullptr && w->hears(source) ? allow : block).sources.push_back(source);
        }
        std::erase_if(p.source_reports, [](auto const& e) { return e.second == 0; });
        if (!allow.sources.empty()) records.push_back(std::move(allow));
        if (!block.sources.empty()) records.push_back(std::move(block));
    }
    bool const more = p.mode_reports != 0 || !p.source_reports.empty();
    p.again = more ? within(now, unsolicited_report_interval) : never;
    send(std::move(records), group.is_v4());
}

bool group_reports::takes(datagram const& d) {
    if (d.source.is_v4()) return d.protocol == wire::protocol::igmp;
    return d.protocol == wire::protocol::icmpv6 && !d.payload.empty() && wire::is_mld(wire::get8(d.payload, 0));
}

drop_reason group_reports::receive(datagram const& d, time_ns now) {
    auto refused = drop_reason::none;
    bool const v4 = d.source.is_v4();
    auto const q = v4 ? wire::parse_igmp_query(d.payload, refused)
                      : wire::parse_mld_query({d.whole, d.payload, d.source, d.destination, d.hop_limit}, refused);
    if (!q) return refused;
    if (d.interface != interface_number::link) return drop_reason::icmp_ignored;
    on_query(*q, v4, now);
    return drop_reason::none;
}

/// RFC 3376 section 5.2, RFC 3810 section 6.2.
void group_reports::on_query(wire::group_query const& q, bool v4, time_ns now) {
    auto& mine = states_[v4 ? 0 : 1];
    if (q.robustness != 0) mine.robustness = q.robustness;
    auto const when = within(now, q.longest_delay);
    if (mine.answer <= when) return;  // that one says it all
    if (q.group.is_unspecified()) {
        mine.answer = when;
        return look_ahead();
    }
    group_key const k{interface_number::link, q.group};
    if (!is_reported(k) || routes_.groups().find(k) == nullptr) return;
    auto& p = pending_[q.group];
    bool const whole_is_asked = p.answer != never && p.asked.empty();
    if (q.sources.empty() || whole_is_asked || p.asked.size() + q.sources.size() > most_asked_sources) {
        p.asked.clear();
    } else {
        p.asked.insert(q.sources.begin(), q.sources.end());
    }
    p.answer = std::min(p.answer, when);
    look_ahead();
}

void group_reports::say_answer(ip_address const& group, pending& p) {
    p.answer = never;
    auto const asked = std::exchange(p.asked, {});
    auto const* const w = routes_.groups().find({interface_number::link, group});
    if (w == nullptr) return;
    bool const all = w->from_anybody != 0;
    group_record r{all && asked.empty() ? record_kind::is_exclude : record_kind::is_include, group, {}};
    if (asked.empty()) r.sources = sources_of(w);
    for (auto const& s : asked)
        if (w->hears(s)) r.sources.push_back(s);
    if (!asked.empty() && r.sources.empty()) return;
    send({std::move(r)}, group.is_v4());
}

void group_reports::say_everything(bool v4) {
    std::vector<group_record> records;
    for (auto const& [k, w] : routes_.groups().all()) {
        if (!is_reported(k) || k.group.is_v4() != v4) continue;
        records.push_back(
            {w.from_anybody != 0 ? record_kind::is_exclude : record_kind::is_include, k.group, sources_of(&w)});
    }
    send(std::move(records), v4);
}

void group_reports::on_deadline(time_ns now) {
    for (bool const v4 : {true, false}) {
        auto& mine = states_[v4 ? 0 : 1];
        if (mine.answer > now) continue;
        mine.answer = never;
        say_everything(v4);
    }
    for (auto it = pending_.begin(); it != pending_.end();) {
        auto& [group, p] = *it;
        if (p.answer <= now) say_answer(group, p);
        if (p.again <= now) say_change(group, p, now);
        it = p.done() ? pending_.erase(it) : std::next(it);
    }
    look_ahead();
}

void group_reports::look_ahead() {
    next_ = std::min(states_[0].answer, states_[1].answer);
    for (auto const& [group, p] : pending_) next_ = std::min({next_, p.again, p.answer});
}

/// In as few packets as they fit into. What finds no room in the queue is lost, as on the link.
void group_reports::send(std::vector<group_record>&& records, bool v4) {
    auto const way = routes_.find(v4 ? wire::igmp_routers : wire::mld_routers);
    if (records.empty() || way.problem != error::ok || way.loopback) return;
    // RFC 3590: a host without a link-local address has to say it as nobody.
    auto const source = v4 || way.source.is_link_local() ? way.source : ip_address::any_v6();
    auto const overhead = v4 ? wire::igmp_report_overhead : wire::mld_report_overhead;
    auto const room = std::max<std::size_t>(config_.mtu, overhead + 2 * 40) - overhead;
    std::size_t const address = v4 ? 4 : 16;
    std::vector<group_record> packet;
    std::size_t used = 0;
    auto const flush = [&] {
        auto const bytes = v4 ? wire::make_igmp_report(source, packet) : wire::make_mld_report(source, packet);
        static_cast<void>(out_.send_whole(bytes));
        packet.clear();
        used = 0;
    };
    for (auto& whole : records) {
        for (auto& part : split(std::move(whole), (room - 4 - address) / address)) {
            auto const size = wire::record_size(part);
            if (used + size > room) flush();
            used += size;
            packet.push_back(std::move(part));
        }
    }
    flush();
}

}  // namespace cardea::stack::ip
