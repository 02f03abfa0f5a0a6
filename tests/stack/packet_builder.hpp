// Packets made by hand, right in every field until a test spoils one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "host_pair.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/checksum.hpp"
#include "stack/wire/icmp.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/ipv6.hpp"
#include "stack/wire/protocol.hpp"
#include "stack/wire/udp.hpp"

namespace cardea::stack::test {

using raw = std::vector<std::byte>;

inline raw joined(bytes_view a, bytes_view b) {
    raw r(a.size() + b.size());
    std::copy(b.begin(), b.end(), std::copy(a.begin(), a.end(), r.begin()));
    return r;
}

inline raw ipv4(std::string_view from, std::string_view to, std::uint8_t protocol, bytes_view body,
                std::function<void(wire::ipv4_header&)> const& spoil = {}) {
    wire::ipv4_header h;
    h.source = ip(from);
    h.destination = ip(to);
    h.protocol = protocol;
    h.total_size = static_cast<std::uint16_t>(20 + body.size());
    if (spoil) spoil(h);
    raw r(20);
    wire::emit_ipv4(h, r);
    return joined(r, body);
}

inline raw ipv6(std::string_view from, std::string_view to, std::uint8_t next, bytes_view body,
                std::function<void(wire::ipv6_header&)> const& spoil = {}) {
    wire::ipv6_header h;
    h.source = ip(from);
    h.destination = ip(to);
    h.next_header = next;
    h.payload_size = static_cast<std::uint16_t>(body.size());
    if (spoil) spoil(h);
    raw r(40);
    wire::emit_ipv6(h, r);
    return joined(r, body);
}

inline raw udp(std::string_view from, std::string_view to, std::uint16_t source_port, std::uint16_t destination_port,
               bytes_view data) {
    raw r(8);
    wire::udp_header h{source_port, destination_port, static_cast<std::uint16_t>(8 + data.size()), 0};
    wire::emit_udp(h, r);
    r = joined(r, data);
    auto const sum = wire::checksum{}
                         .add_pseudo(ip(from), ip(to), wire::protocol::udp, static_cast<std::uint32_t>(r.size()))
                         .add(r)
                         .finish();
    wire::put16(r, 6, sum == 0 ? std::uint16_t{0xffff} : sum);
    return r;
}

inline raw icmp4(std::uint8_t type, std::uint8_t code, std::uint32_t rest, bytes_view body) {
    raw r(8);
    wire::emit_icmp({type, code, 0, rest}, r);
    r = joined(r, body);
    wire::put16(r, 2, wire::internet_checksum(r));
    return r;
}

inline raw icmp6(std::string_view from, std::string_view to, std::uint8_t type, std::uint8_t code, std::uint32_t rest,
                 bytes_view body) {
    raw r(8);
    wire::emit_icmp({type, code, 0, rest}, r);
    r = joined(r, body);
    wire::put16(r, 2,
                wire::checksum{}
                    .add_pseudo(ip(from), ip(to), wire::protocol::icmpv6, static_cast<std::uint32_t>(r.size()))
                    .add(r)
                    .finish());
    return r;
}

/// Octets as numbers.
inline raw octets(std::initializer_list<unsigned> values) {
    raw r;
    for (auto v : values) r.push_back(static_cast<std::byte>(v));
    return r;
}

inline raw filler(std::size_t size, unsigned salt = 0) {
    raw r(size);
    for (std::size_t i = 0; i < size; ++i) r[i] = static_cast<std::byte>((i * 7 + i / 256 + salt) & 0xff);
    return r;
}

/// One host alone: 192.0.2.1/24 and 2001:db8::1/64.
class lone_host {
  public:
    explicit lone_host(std::function<void(host_config&)> const& tune = {}) {
        auto c = config_of("192.0.2.1/24", "2001:db8::1/64", 1);
        if (tune) tune(c);
        it = std::make_unique<host>(c);
    }
    /// Feeds a packet and returns what the host emits.
    std::vector<packet> feed(bytes_view p, packet_meta const& meta = {}) {
        it->ingress(p, meta, now);
        return poll();
    }
    std::vector<packet> poll() {
        collecting_sink out;
        it->poll(now, out);
        return std::move(out.packets);
    }
    /// What the last packet was dropped for, by the difference of the counters.
    drop_reason why_dropped(bytes_view p, packet_meta const& meta = {}) {
        auto const before = it->counters();
        feed(p, meta);
        auto const after = it->counters();
        for (std::size_t i = 0; i < drop_reason_count; ++i)
            if (after.dropped[i] != before.dropped[i]) return static_cast<drop_reason>(i);
        return drop_reason::none;
    }

    std::unique_ptr<host> it;
    time_ns now = seconds(1);
};

constexpr std::string_view peer4 = "192.0.2.9";
constexpr std::string_view self4 = "192.0.2.1";
constexpr std::string_view peer6 = "2001:db8::9";
constexpr std::string_view self6 = "2001:db8::1";

}  // namespace cardea::stack::test
