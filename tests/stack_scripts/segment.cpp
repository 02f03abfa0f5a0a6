// See segment.hpp: reading a packet's words.
#include "segment.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>

namespace script {

namespace {

constexpr std::pair<std::string_view, flag> flag_names[] = {
    {"SYN", syn}, {"FIN", fin}, {"RST", rst}, {"ACK", ack}, {"PSH", psh}, {"URG", urg}, {"ECE", ece}, {"CWR", cwr},
};

void read_flags(segment& s, std::string const& word) {
    std::size_t at = 0;
    do {
        auto const comma = std::min(word.find(',', at), word.size());
        auto name = word.substr(at, comma - at);
        if (name == "PSH?") s.push_optional = true, name = "PSH";
        auto const known =
            std::find_if(std::begin(flag_names), std::end(flag_names), [&](auto const& f) { return f.first == name; });
        if (known == std::end(flag_names)) throw failure{"\"" + name + "\" is no flag"};
        s.flags = static_cast<std::uint8_t>(s.flags | known->second);
        at = comma + 1;
    } while (at <= word.size());
    if (s.push_optional) s.flags = static_cast<std::uint8_t>(s.flags & ~psh);
}

std::uint32_t relative(words& w) { return static_cast<std::uint32_t>(read_number(w.take("a relative number"))); }
std::uint16_t read_u16(words& w) {
    auto const n = read_u32(w.take("a number"));
    if (n > 0xffff) throw failure{std::to_string(n) + " does not fit into 16 bits"};
    return static_cast<std::uint16_t>(n);
}
std::uint8_t read_u8(words& w) {
    auto const n = read_u16(w);
    if (n > 0xff) throw failure{std::to_string(n) + " does not fit into 8 bits"};
    return static_cast<std::uint8_t>(n);
}
bool is_number(std::string const& word) { return !word.empty() && word.find_first_not_of("0123456789") == word.npos; }

void read_sacks(segment& s, words& w) {
    for (auto colon = w.peek().find(':'); colon != std::string::npos; colon = w.peek().find(':')) {
        auto const word = w.take("a SACK block");
        s.options.sacks.emplace_back(read_u32(word.substr(0, colon)), read_u32(word.substr(colon + 1)));
    }
    if (s.options.sacks.empty()) throw failure{"sack is followed by LEFT:RIGHT"};
}

void read_timestamps(segment& s, words& w) {
    auto const value = read_u32(w.take("a timestamp"));
    s.ts_echo_given = is_number(w.peek());
    s.options.ts = {value, s.ts_echo_given ? read_u32(w.take("an echo")) : 0};
}

using reader = std::function<void(segment&, words&)>;

std::map<std::string, reader, std::less<>> const& readers() {
    static std::map<std::string, reader, std::less<>> const all{
        {"seq", [](segment& s, words& w) { s.seq = relative(w); }},
        {"ack", [](segment& s, words& w) { s.ack = relative(w); }},
        {"isn", [](segment& s, words& w) { s.isn = read_u32(w.take("a sequence number")); }},
        {"win", [](segment& s, words& w) { s.window = read_u16(w); }},
        {"urg", [](segment& s, words& w) { s.urgent = read_u16(w); }},
        {"len", [](segment& s, words& w) { s.length = read_u32(w.take("a length")); }},
        {"data",
         [](segment& s, words& w) {
             auto const text = w.take("a text");
             if (text.front() != '"') throw failure{"data is followed by a \"text\""};
             s.data = text.substr(1);
             s.length = static_cast<std::uint32_t>(s.data->size());
         }},
        {"mss", [](segment& s, words& w) { s.options.mss = read_u16(w); }},
        {"wscale", [](segment& s, words& w) { s.options.wscale = read_u8(w); }},
        {"sackok", [](segment& s, words&) { s.options.sackok = true; }},
        {"sack", read_sacks},
        {"ts", read_timestamps},
        {"nots", [](segment& s, words&) { s.no_ts = true; }},
        {"nooptions", [](segment& s, words&) { s.no_options = true; }},
        {"tos", [](segment& s, words& w) { s.tos = read_u8(w); }},
        {"ttl", [](segment& s, words& w) { s.ttl = read_u8(w); }},
        {"notect", [](segment& s, words&) { s.ecn = 0; }},
        {"ect1", [](segment& s, words&) { s.ecn = 1; }},
        {"ect0", [](segment& s, words&) { s.ecn = 2; }},
        {"ce", [](segment& s, words&) { s.ecn = 3; }},
        {"df", [](segment& s, words&) { s.df = true; }},
        {"nodf", [](segment& s, words&) { s.df = false; }},
        {"badsum", [](segment& s, words&) { s.bad_checksum = true; }},
        {"mtu", [](segment& s, words& w) { s.mtu = read_u32(w.take("an MTU")); }},
        {"about", [](segment& s, words& w) { s.about = w.take_if("seq") ? relative(w) : 0; }},
    };
    return all;
}

std::string joined(words w) {
    std::string text;
    while (!w.empty()) {
        auto word = w.take("");
        if (word.front() == '"') word += '"';
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

}  // namespace

segment read_segment(words& w) {
    segment s;
    s.text = joined(w);
    auto const kind = w.take("a packet");
    if (kind == "udp") {
        s.protocol = IPPROTO_UDP;
    } else if (kind == "icmp") {
        s.protocol = IPPROTO_ICMP;
        s.icmp = w.take("an ICMP message");
    } else {
        read_flags(s, kind);
    }
    while (!w.empty()) {
        auto const word = w.take("");
        if (word.size() > 1 && word.front() == 'x' && is_number(word.substr(1))) {
            s.times = read_u32(word.substr(1));
            continue;
        }
        auto const known = readers().find(word);
        if (known == readers().end()) throw failure{"\"" + word + "\" is no word of a packet"};
        known->second(s, w);
    }
    return s;
}

bool follows_pattern(std::vector<std::uint8_t> const& bytes, std::uint64_t at) {
    return std::all_of(bytes.begin(), bytes.end(), [&at](std::uint8_t b) { return b == pattern(at++); });
}

void flow::saw_from_stack(packet const& p) {
    if (local.port == 0) local.port = p.from.port;
    if (remote.port == 0) remote.port = p.to.port;
    if (p.has(syn)) {
        our_isn = p.seq;
        our_next = 0;
        our_ts = p.options.ts.has_value();
        if (our_ts) our_clock = p.options.ts->first;
    }
    if (p.options.ts) {
        if (!our_clock) our_clock = p.options.ts->first;  // of a cookie or a reset: there was no SYN to see
        last_clock = p.options.ts->first;
    }
    auto const end = p.seq - our_isn.value_or(0) + p.length();
    if (!p.has(rst) && static_cast<std::int32_t>(end - our_next) > 0) our_next = end;
}

void flow::saw_from_peer(packet const& p) {
    if (p.has(syn)) peer_ts = p.options.ts.has_value();
    auto const end = p.seq - peer_isn + p.length();
    if (p.has(syn) || static_cast<std::int32_t>(end - peer_next) > 0) peer_next = end;
}

}  // namespace script
