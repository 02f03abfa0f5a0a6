// See packet.hpp. RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 792, RFC 4443.
#include "packet.hpp"

#include <algorithm>
#include <initializer_list>

namespace script {

namespace {

using bytes = std::vector<std::uint8_t>;

constexpr std::size_t v4_header = 20;
constexpr std::size_t v6_header = 40;
constexpr std::size_t tcp_header = 20;
constexpr std::size_t udp_header = 8;

void put(bytes& b, std::initializer_list<std::uint8_t> all) {
    for (auto const one : all) b.push_back(one);
}
void put16(bytes& b, std::uint32_t v) {
    b.push_back(static_cast<std::uint8_t>(v >> 8));
    b.push_back(static_cast<std::uint8_t>(v));
}
void put32(bytes& b, std::uint32_t v) { put16(b, v >> 16), put16(b, v); }
void put16_at(bytes& b, std::size_t at, std::uint32_t v) {
    b[at] = static_cast<std::uint8_t>(v >> 8);
    b[at + 1] = static_cast<std::uint8_t>(v);
}
std::uint16_t get16(bytes const& b, std::size_t at) {
    return static_cast<std::uint16_t>((b.at(at) << 8) | b.at(at + 1));
}
std::uint32_t get32(bytes const& b, std::size_t at) { return (std::uint32_t{get16(b, at)} << 16) | get16(b, at + 2); }

std::uint16_t checksum(bytes const& b) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < b.size(); i += 2) sum += get16(b, i);
    if (b.size() % 2 != 0) sum += static_cast<std::uint32_t>(b.back() << 8);
    while ((sum >> 16) != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

/// Of a transport's bytes behind their pseudo-header; ICMP over IPv4 has none.
std::uint16_t transport_checksum(packet const& p, bytes const& transport) {
    bytes b;
    std::size_t const n = p.from.host.v6 ? 16 : 4;
    if (p.protocol != IPPROTO_ICMP) {
        b.insert(b.end(), p.from.host.bytes.begin(), p.from.host.bytes.begin() + static_cast<std::ptrdiff_t>(n));
        b.insert(b.end(), p.to.host.bytes.begin(), p.to.host.bytes.begin() + static_cast<std::ptrdiff_t>(n));
        put32(b, static_cast<std::uint32_t>(transport.size()));
        put32(b, p.protocol);
    }
    b.insert(b.end(), transport.begin(), transport.end());
    return checksum(b);
}

bytes emit_options(tcp_options const& o) {
    bytes b;
    if (o.mss) put(b, {2, 4}), put16(b, *o.mss);
    if (o.wscale) put(b, {1, 3, 3, *o.wscale});
    if (o.sackok) put(b, {1, 1, 4, 2});
    if (o.ts) put(b, {1, 1, 8, 10}), put32(b, o.ts->first), put32(b, o.ts->second);
    if (!o.sacks.empty()) {
        put(b, {1, 1, 5, static_cast<std::uint8_t>(2 + 8 * o.sacks.size())});
        for (auto const& [left, right] : o.sacks) put32(b, left), put32(b, right);
    }
    if (b.size() > 40) throw failure{"the options do not fit into 40 bytes"};
    return b;
}

/// The transport's bytes, its checksum zero, and where that is.
bytes emit_transport(packet const& p, std::size_t& checksum_at) {
    bytes b;
    if (p.protocol == IPPROTO_TCP) {
        auto const options = emit_options(p.options);
        put16(b, p.from.port), put16(b, p.to.port), put32(b, p.seq), put32(b, p.ack);
        b.push_back(static_cast<std::uint8_t>((tcp_header + options.size()) / 4 << 4));
        b.push_back(p.flags);
        put16(b, p.window), put16(b, 0), put16(b, p.urgent);
        b.insert(b.end(), options.begin(), options.end());
        checksum_at = 16;
    } else if (p.protocol == IPPROTO_UDP) {
        put16(b, p.from.port), put16(b, p.to.port);
        put16(b, static_cast<std::uint32_t>(udp_header + p.payload.size())), put16(b, 0);
        checksum_at = 6;
    } else {
        put(b, {p.icmp_type, p.icmp_code});
        put16(b, 0), put32(b, p.icmp_rest);
        checksum_at = 2;
    }
    b.insert(b.end(), p.payload.begin(), p.payload.end());
    return b;
}

void read_options(bytes const& b, std::size_t at, std::size_t end, tcp_options& o) {
    while (at < end && b[at] != 0) {
        if (b[at] == 1) {
            ++at;
            continue;
        }
        std::size_t const size = at + 1 < end ? b[at + 1] : 0U;
        if (size < 2 || at + size > end) throw failure{"the stack sent a malformed TCP option"};
        switch (b[at]) {
            case 2:
                o.mss = get16(b, at + 2);
                break;
            case 3:
                o.wscale = b[at + 2];
                break;
            case 4:
                o.sackok = true;
                break;
            case 5:
                for (auto i = at + 2; i + 8 <= at + size; i += 8) o.sacks.emplace_back(get32(b, i), get32(b, i + 4));
                break;
            case 8:
                o.ts = {get32(b, at + 2), get32(b, at + 6)};
                break;
            default:
                throw failure{"the stack sent TCP option " + std::to_string(b[at])};
        }
        at += size;
    }
}

void read_transport(packet& p, bytes const& t, bool partial) {
    if (t.size() < udp_header) throw failure{"the stack sent a packet without a whole transport header"};
    if (!partial && transport_checksum(p, t) != 0) throw failure{"the stack sent a bad transport checksum"};
    std::size_t header = udp_header;
    if (p.protocol == IPPROTO_TCP) {
        if (t.size() < tcp_header) throw failure{"the stack sent a short TCP header"};
        header = static_cast<std::size_t>(t[12] >> 4) * 4;
        if (header < tcp_header || header > t.size()) throw failure{"the stack sent a bad TCP data offset"};
        p.seq = get32(t, 4), p.ack = get32(t, 8);
        p.flags = t[13];
        p.window = get16(t, 14), p.urgent = get16(t, 18);
        read_options(t, tcp_header, header, p.options);
    }
    if (p.protocol == IPPROTO_TCP || p.protocol == IPPROTO_UDP) {
        p.from.port = get16(t, 0), p.to.port = get16(t, 2);
    } else {
        p.icmp_type = t[0], p.icmp_code = t[1], p.icmp_rest = get32(t, 4);
    }
    p.payload.assign(t.begin() + static_cast<std::ptrdiff_t>(header), t.end());
}

}  // namespace

bytes emit(packet const& p, bool bad_checksum) {
    std::size_t checksum_at = 0;
    auto transport = emit_transport(p, checksum_at);
    auto sum = transport_checksum(p, transport);
    if (p.protocol == IPPROTO_UDP && sum == 0) sum = 0xffff;
    put16_at(transport, checksum_at, bad_checksum ? sum ^ 0x5555U : sum);
    bytes b;
    if (p.from.host.v6) {
        put32(b, 0x60000000U | (std::uint32_t{p.tos} << 20));
        put16(b, static_cast<std::uint32_t>(transport.size()));
        put(b, {p.protocol, p.ttl});
        b.insert(b.end(), p.from.host.bytes.begin(), p.from.host.bytes.end());
        b.insert(b.end(), p.to.host.bytes.begin(), p.to.host.bytes.end());
    } else {
        put(b, {0x45, p.tos});
        put16(b, static_cast<std::uint32_t>(v4_header + transport.size()));
        put16(b, 0), put16(b, p.df ? 0x4000U : 0U);
        put(b, {p.ttl, p.protocol, 0, 0});
        b.insert(b.end(), p.from.host.bytes.begin(), p.from.host.bytes.begin() + 4);
        b.insert(b.end(), p.to.host.bytes.begin(), p.to.host.bytes.begin() + 4);
        put16_at(b, 10, checksum(b));
    }
    b.insert(b.end(), transport.begin(), transport.end());
    return b;
}

packet parse(bytes const& b, bool partial) {
    packet p;
    std::size_t const v6 = !b.empty() && b[0] >> 4 == 6 ? 1 : 0;
    std::size_t const header = v6 != 0 ? v6_header : v4_header;
    if (b.size() < header) throw failure{"the stack sent a short packet"};
    p.from.host.v6 = p.to.host.v6 = v6 != 0;
    auto const at = [&b](std::size_t i) { return b.begin() + static_cast<std::ptrdiff_t>(i); };
    if (v6 != 0) {
        if (get16(b, 4) + v6_header != b.size()) throw failure{"the stack sent a wrong IPv6 length"};
        p.tos = static_cast<std::uint8_t>((b[0] << 4) | (b[1] >> 4));
        p.protocol = b[6], p.ttl = b[7];
        std::copy(at(8), at(24), p.from.host.bytes.begin());
        std::copy(at(24), at(40), p.to.host.bytes.begin());
    } else {
        if (b[0] != 0x45) throw failure{"the stack sent something other than IPv4 without options, or IPv6"};
        if (get16(b, 2) != b.size()) throw failure{"the stack sent a wrong IPv4 length"};
        if (checksum(bytes{at(0), at(v4_header)}) != 0) throw failure{"the stack sent a bad IPv4 checksum"};
        if ((get16(b, 6) & 0x3fff) != 0) throw failure{"the stack sent a fragment"};
        p.tos = b[1], p.df = (b[6] & 0x40) != 0;
        p.ttl = b[8], p.protocol = b[9];
        std::copy(at(12), at(16), p.from.host.bytes.begin());
        std::copy(at(16), at(20), p.to.host.bytes.begin());
    }
    read_transport(p, bytes{at(header), b.end()}, partial);
    return p;
}

std::vector<packet> cut(packet const& p, std::size_t size) {
    if (size == 0) return {p};
    std::vector<packet> parts;
    for (std::size_t begin = 0; begin < p.payload.size(); begin += size) {
        auto const end = std::min(begin + size, p.payload.size());
        auto part = p;
        part.seq += static_cast<std::uint32_t>(begin);
        part.payload.assign(p.payload.begin() + static_cast<std::ptrdiff_t>(begin),
                            p.payload.begin() + static_cast<std::ptrdiff_t>(end));
        if (end != p.payload.size()) part.flags &= static_cast<std::uint8_t>(~(fin | psh));
        if (begin != 0) part.flags &= static_cast<std::uint8_t>(~cwr);
        parts.push_back(std::move(part));
    }
    return parts;
}

}  // namespace script
