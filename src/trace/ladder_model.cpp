// From call records to the ladder's model: which moments there are, what the gutters say. Knows nothing of drawing.
#include "trace/ladder_model.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

#include "trace/ladder_crossings.hpp"
#include "trace/ladder_sockets.hpp"

namespace cardea::trace {

namespace {

/// A call that took no longer than this has not visibly blocked.
constexpr std::int64_t at_once_ns = 1'000'000;

/// A beginning or an end of a call.
struct point {
    std::int64_t ns;
    std::uint64_t order;
    std::size_t call;
    bool is_end;
};

/// Calls that do not wait for the peer: shown in one line though others' calls fell in between.
bool never_waits(call_kind kind) noexcept {
    switch (kind) {
        case call_kind::accept:
        case call_kind::connect:
        case call_kind::recv:
        case call_kind::recv_from:
        case call_kind::peek:
            return false;
        default:
            return true;
    }
}

bool brief(const call_record& call) noexcept { return call.ended && call.end_ns - call.begin_ns < at_once_ns; }

std::vector<point> points_of(const std::vector<call_record>& records) {
    std::vector<point> points;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto& call = records[i];
        points.push_back({call.begin_ns, call.begin_order, i, false});
        if (call.ended && !(brief(call) && never_waits(call.kind))) {
            points.push_back(
                {std::max(call.end_ns, call.begin_ns), std::max(call.end_order, call.begin_order), i, true});
        }
    }
    std::sort(points.begin(), points.end(), [](const point& a, const point& b) {
        return std::tie(a.ns, a.order, a.call, a.is_end) < std::tie(b.ns, b.order, b.call, b.is_end);
    });
    return points;
}

std::vector<call_moments> find_moments(const std::vector<call_record>& records, const known_sockets& sockets,
                                       std::vector<std::int64_t>& moments) {
    std::vector<call_moments> when(records.size());
    const auto points = points_of(records);
    for (std::size_t p = 0; p < points.size(); ++p) {
        const auto& here = points[p];
        const auto& call = records[here.call];
        auto& of_call = when[here.call];
        if (here.is_end) {
            // A handshake keeps two lines for its two arrows.
            const bool handshake = call.kind == call_kind::connect && !sockets.at(call.socket).datagram;
            const bool nothing_between = points[p - 1].call == here.call && brief(call) && !handshake;
            if (!nothing_between) moments.push_back(here.ns - points.front().ns);
            of_call.end = moments.size() - 1;
            continue;
        }
        moments.push_back(here.ns - points.front().ns);
        of_call.begin = moments.size() - 1;
        if (brief(call) && never_waits(call.kind)) of_call.end = of_call.begin;
    }
    return when;
}

/// shutdown() reports its direction as a number.
std::string direction_name(std::size_t direction) {
    constexpr std::array<const char*, 3> names{"receive", "send", "both"};
    return direction < names.size() ? names[direction] : "";
}

std::string arguments(const call_record& call, const known_socket& s) {
    switch (call.kind) {
        case call_kind::bind:
            return (call.local.family() != family::unspecified ? call.local : s.local).to_string();
        case call_kind::connect:
        case call_kind::send_to:
            return call.peer.to_string();
        case call_kind::listen:
        case call_kind::recv:
        case call_kind::recv_from:
        case call_kind::send:
            return std::to_string(call.asked);
        case call_kind::shutdown:
            return direction_name(call.asked);
        case call_kind::close:
            return s.listens ? "listener" : "";
        default:
            return {};
    }
}

std::string peer_name(const call_record& call) {
    // A Unix client that did not bind.
    const bool local = call.peer.family() == family::local || call.peer.family() == family::unspecified;
    if (local && call.peer.name().empty()) return "unnamed";
    return call.peer.to_string();
}

std::string result_of(const call_record& call, std::size_t connection_made) {
    if (!call.ended) return {};
    if (call.result) {
        std::string text = "= " + call.result.message();
        if (call.bytes != 0) text += " after " + std::to_string(call.bytes);
        return text;
    }
    switch (call.kind) {
        case call_kind::accept:
            return "= " + peer_name(call) + (connection_made != 0 ? " #" + std::to_string(connection_made) : "");
        case call_kind::connect:
            return "= ok";
        case call_kind::send:
        case call_kind::send_to:
        case call_kind::recv:
        case call_kind::peek:
        case call_kind::put_back:
            return "= " + std::to_string(call.bytes);
        case call_kind::recv_from:
            return "= " + std::to_string(call.bytes) + " from " + peer_name(call);
        default:
            return {};
    }
}

/// Calls carry the number of their connection where there is more than one.
std::vector<shown_call> show_calls(const std::vector<call_record>& records, const std::vector<call_moments>& when,
                                   const known_sockets& sockets) {
    const auto several = std::any_of(sockets.begin(), sockets.end(), [](const auto& s) { return s.second.number > 1; });
    const auto number_of = [&](std::uint64_t id) {
        const auto found = sockets.find(id);
        return several && found != sockets.end() ? found->second.number : 0;
    };
    std::vector<shown_call> shown;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto& call = records[i];
        const auto& s = sockets.at(call.socket);
        const auto number = number_of(call.socket);
        std::string text = number != 0 ? "#" + std::to_string(number) + " " : "";
        text += std::string(to_string(call.kind)) + "(" + arguments(call, s) + ")";
        shown.push_back({s.at, std::move(text), result_of(call, call.made != 0 ? number_of(call.made) : 0),
                         when[i].begin, when[i].end});
    }
    return shown;
}

/// The name that every call of a side was made under, or else what the side is.
std::string name_of(side at, const std::vector<call_record>& records, const known_sockets& sockets) {
    const std::string role = at == side::client ? "client" : "server";
    std::string name;
    for (const auto& call : records) {
        if (sockets.at(call.socket).at != at || call.who == name) continue;
        if (!name.empty()) return role;
        name = call.who;
    }
    return name.empty() ? role : name;
}

std::vector<call_record> by_beginning(const std::vector<call_record>& records) {
    std::vector<std::size_t> order(records.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::tie(records[a].begin_ns, records[a].begin_order, a) <
               std::tie(records[b].begin_ns, records[b].begin_order, b);
    });
    std::vector<call_record> sorted;
    for (const auto i : order) sorted.push_back(records[i]);
    return sorted;
}

}  // namespace

ladder_model make_ladder(const std::vector<call_record>& records) {
    const auto in_order = by_beginning(records);
    const auto sockets = identify(in_order);
    ladder_model model;
    const auto when = find_moments(in_order, sockets, model.moments);
    model.calls = show_calls(in_order, when, sockets);
    model.crossings = find_crossings(in_order, when, sockets);
    model.names = {name_of(side::client, in_order, sockets), name_of(side::server, in_order, sockets)};
    return model;
}

}  // namespace cardea::trace
