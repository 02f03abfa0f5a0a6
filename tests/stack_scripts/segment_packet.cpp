// See segment.hpp: between a packet's words and packets.
#include <algorithm>
#include <array>
#include <string_view>

#include "segment.hpp"

namespace script {

namespace {

struct icmp_name {
    std::string_view name;
    std::uint8_t type4, code4, type6, code6;
};
constexpr std::uint8_t none = 255;
constexpr icmp_name icmp_names[] = {
    {"net-unreachable", 3, 0, 1, 0},  {"host-unreachable", 3, 1, 1, 3}, {"protocol-unreachable", 3, 2, 4, 1},
    {"port-unreachable", 3, 3, 1, 4}, {"frag-needed", 3, 4, 2, 0},      {"admin-prohibited", 3, 13, 1, 1},
    {"source-quench", 4, 0, none, 0}, {"time-exceeded", 11, 0, 3, 0},   {"parameter-problem", 12, 0, 4, 0},
    {"echo", 8, 0, 128, 0},           {"echo-reply", 0, 0, 129, 0},
};

icmp_name const& find_icmp(std::string const& name) {
    auto const at =
        std::find_if(std::begin(icmp_names), std::end(icmp_names), [&](auto const& n) { return n.name == name; });
    if (at == std::end(icmp_names)) throw failure{"\"" + name + "\" is no ICMP message"};
    return *at;
}

std::string show_icmp(packet const& p) {
    bool const v6 = p.from.host.v6;
    for (auto const& n : icmp_names)
        if ((v6 ? n.type6 : n.type4) == p.icmp_type && (v6 ? n.code6 : n.code4) == p.icmp_code)
            return "icmp " + std::string{n.name};
    return "icmp type " + std::to_string(p.icmp_type) + " code " + std::to_string(p.icmp_code);
}

std::string number(std::uint32_t relative) { return std::to_string(static_cast<std::int32_t>(relative)); }

std::string show_flags(std::uint8_t flags) {
    constexpr std::pair<flag, std::string_view> names[] = {{syn, "SYN"}, {fin, "FIN"}, {rst, "RST"}, {ack, "ACK"},
                                                           {psh, "PSH"}, {urg, "URG"}, {ece, "ECE"}, {cwr, "CWR"}};
    std::string text;
    for (auto const& [f, name] : names)
        if ((flags & f) != 0) text += (text.empty() ? "" : ",") + std::string{name};
    return text.empty() ? "no flags" : text;
}

/// The packet of the stack that an ICMP error quotes: its IP header and eight bytes (RFC 792).
std::vector<std::uint8_t> quoted(segment const& s, flow const& f) {
    packet q;
    q.from = f.local, q.to = f.remote, q.protocol = f.protocol;
    q.seq = f.ours(s.about.value_or(0));
    q.flags = ack;
    auto bytes = emit(q);
    std::size_t const keep = (q.from.host.v6 ? 40U : 20U) + 8U;
    bytes.resize(std::min(bytes.size(), keep));
    return bytes;
}

void make_icmp(segment const& s, flow const& f, packet& p) {
    auto const& n = find_icmp(s.icmp);
    bool const v6 = p.from.host.v6;
    p.protocol = std::uint8_t{IPPROTO_ICMP};
    if (v6) p.protocol = std::uint8_t{IPPROTO_ICMPV6};
    p.from.port = p.to.port = 0;
    p.icmp_type = v6 ? n.type6 : n.type4;
    p.icmp_code = v6 ? n.code6 : n.code4;
    p.icmp_rest = s.mtu.value_or(0);
    if (s.about) p.payload = quoted(s, f);
}

tcp_options absolute(segment const& s, flow const& f, std::uint32_t peer_clock) {
    auto o = s.options;
    for (auto& [left, right] : o.sacks) left = f.ours(left), right = f.ours(right);
    bool const first = (s.flags & syn) != 0;
    if (!o.ts && !s.no_ts && !first && f.our_ts && f.peer_ts)
        o.ts = {peer_clock, f.last_clock};
    else if (o.ts && !s.ts_echo_given)
        o.ts->second = (s.flags & ack) != 0 ? f.last_clock : 0;
    else if (o.ts)
        o.ts->second += f.our_clock.value_or(0);
    return o;
}

/// A packet's options as scripts write them.
tcp_options relative(packet const& p, flow const& f) {
    auto o = p.options;
    for (auto& [left, right] : o.sacks) left -= f.peer_isn, right -= f.peer_isn;
    if (o.ts) o.ts->first -= f.our_clock.value_or(o.ts->first);
    return o;
}

std::string show_options(tcp_options const& o) {
    std::string text;
    if (o.mss) text += " mss " + std::to_string(*o.mss);
    if (o.wscale) text += " wscale " + std::to_string(*o.wscale);
    if (o.sackok) text += " sackok";
    if (o.ts) text += " ts " + number(o.ts->first) + " " + std::to_string(o.ts->second);
    if (!o.sacks.empty()) text += " sack";
    for (auto const& [left, right] : o.sacks) text += " " + number(left) + ":" + number(right);
    return text;
}

void compare_tcp(segment const& s, packet const& came, flow const& f, bool patterned, std::vector<std::string>& wrong) {
    auto const seq = came.seq - f.our_isn.value_or(came.has(syn) ? came.seq : 0);
    auto const flags = s.push_optional ? came.flags & ~psh : came.flags;
    if (flags != s.flags) wrong.emplace_back("flags");
    if (s.seq && *s.seq != (came.has(syn) ? 0 : seq)) wrong.emplace_back("seq");
    if (s.ack && *s.ack != came.ack - f.peer_isn) wrong.emplace_back("ack");
    if (s.window && *s.window != came.window) wrong.emplace_back("win");
    if (s.urgent && *s.urgent != came.urgent) wrong.emplace_back("urg");
    auto const has = relative(came, f);
    auto want = s.options;
    if (has.ts && want.ts && !s.ts_echo_given) want.ts->second = has.ts->second;
    if (has.ts && !want.ts && !came.has(syn)) want.ts = has.ts;  // on every segment once agreed: not worth naming
    if ((s.options.any() && !(has == want)) || (s.no_options && has.any())) wrong.emplace_back("options");
    if (patterned && !s.data && !follows_pattern(came.payload, std::uint64_t{seq} - 1)) wrong.emplace_back("payload");
}

}  // namespace

packet make(segment const& s, flow const& f, std::uint32_t peer_clock) {
    packet p;
    p.from = f.remote, p.to = f.local;
    p.protocol = s.protocol;
    p.ttl = s.ttl.value_or(64);
    p.tos = static_cast<std::uint8_t>(s.tos.value_or(0) | s.ecn.value_or(0));
    p.df = s.df.value_or(true);
    bool const reply = (s.flags & ack) != 0;
    bool const first = (s.flags & syn) != 0;
    auto const seq = s.seq.value_or(first ? 0 : f.peer_next);
    p.seq = f.theirs(seq);
    p.ack = s.ack ? f.ours(*s.ack) : reply ? f.ours(f.our_next) : 0;
    p.flags = s.flags;
    p.window = s.window.value_or(65'535);
    p.urgent = s.urgent.value_or(0);
    if (s.protocol == IPPROTO_TCP && !s.no_options) p.options = absolute(s, f, peer_clock);
    if (s.data) p.payload.assign(s.data->begin(), s.data->end());
    auto const at = s.protocol == IPPROTO_TCP ? std::uint64_t{seq} + (first ? 1U : 0U) - 1 : 0;
    for (std::uint32_t i = 0; !s.data && i < s.length; ++i) p.payload.push_back(pattern(at + i));
    if (s.protocol == IPPROTO_ICMP) make_icmp(s, f, p);
    return p;
}

std::string differences(segment const& s, packet const& came, flow const& f, bool patterned) {
    std::vector<std::string> wrong;
    bool const icmp = came.protocol == IPPROTO_ICMP || came.protocol == IPPROTO_ICMPV6;
    if ((s.protocol == IPPROTO_ICMP) != icmp || (!icmp && s.protocol != came.protocol)) return "protocol";
    if (icmp) {
        auto const& n = find_icmp(s.icmp);
        bool const v6 = came.from.host.v6;
        if (came.icmp_type != (v6 ? n.type6 : n.type4) || came.icmp_code != (v6 ? n.code6 : n.code4))
            wrong.emplace_back("message");
        if (s.mtu && *s.mtu != came.icmp_rest) wrong.emplace_back("mtu");
    } else {
        if (came.payload.size() != s.length) wrong.emplace_back("len");
    }
    if (s.data && !std::equal(s.data->begin(), s.data->end(), came.payload.begin(), came.payload.end(),
                              [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }))
        wrong.emplace_back("data");
    if (came.protocol == IPPROTO_TCP) compare_tcp(s, came, f, patterned, wrong);
    constexpr unsigned ecn_bits = 3;
    if (s.ecn && *s.ecn != (came.tos & ecn_bits)) wrong.emplace_back("ecn");
    if (s.tos && *s.tos != came.tos) wrong.emplace_back("tos");
    if (s.ttl && *s.ttl != came.ttl) wrong.emplace_back("ttl");
    if (s.df && !came.from.host.v6 && *s.df != came.df) wrong.emplace_back("df");
    std::string text;
    for (auto const& w : wrong) text += (text.empty() ? "" : ", ") + w;
    return text;
}

std::string show(packet const& p, flow const& f) {
    if (p.protocol == IPPROTO_ICMP || p.protocol == IPPROTO_ICMPV6)
        return show_icmp(p) + (p.icmp_rest != 0 ? " mtu " + std::to_string(p.icmp_rest) : "");
    auto const len = " len " + std::to_string(p.payload.size());
    if (p.protocol == IPPROTO_UDP) return "udp" + len;
    auto const isn = p.has(syn) ? p.seq : f.our_isn.value_or(0);
    std::string text = show_flags(p.flags) + " seq " + number(p.seq - isn);
    if (p.has(ack)) text += " ack " + number(p.ack - f.peer_isn);
    text += " win " + std::to_string(p.window) + len + show_options(relative(p, f));
    if (p.urgent != 0) text += " urg " + std::to_string(p.urgent);
    constexpr std::array<std::string_view, 4> ecn{"", " ect1", " ect0", " ce"};
    return text + std::string{ecn[p.tos & 3U]};
}

}  // namespace script
