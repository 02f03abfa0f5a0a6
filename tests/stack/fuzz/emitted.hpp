// What both fuzzers of the stack ask of every packet that it emits: anybody may read it, header, checksums and all.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

#include "packet_builder.hpp"
#include "stack/tcp/segment.hpp"

namespace cardea::stack::test {

/// Ends the program, naming the place, as libFuzzer wants it.
inline void require(bool holds, std::source_location const& at = std::source_location::current()) {
    if (holds) return;
    std::fprintf(stderr, "%s:%u: does not hold\n", at.file_name(), static_cast<unsigned>(at.line()));
    std::abort();
}

/// A TCP segment as it left, with the addresses it travels between.
struct emitted_segment {
    tcp::segment s;
    ip_address source, destination;
};

/// The checksum field holds what the packet says it does: the whole sum, or the pseudo-header's for a device to add to.
inline void check_tcp_checksum(packet const& p, bytes_view transport, ip_address const& from, ip_address const& to) {
    if (!p.meta.checksum_partial) return require(tcp::checksum_valid(transport, from, to));
    wire::checksum pseudo;
    pseudo.add_pseudo(from, to, wire::protocol::tcp, static_cast<std::uint32_t>(transport.size()));
    require(wire::get16(transport, 16) == pseudo.partial());
    require(p.meta.checksum_offset == 16 && p.bytes.size() - transport.size() == p.meta.checksum_start);
}

/// A whole TCP segment, or nothing for what is no TCP or a later fragment. Aborts on anything malformed.
inline std::optional<emitted_segment> check_emitted(packet const& p, std::size_t mtu) {
    bytes_view const b{p.bytes};
    require(!b.empty());
    bool const large = p.meta.gso != gso_kind::none;
    require(b.size() <= mtu || (large && p.meta.gso_size != 0 && p.meta.header_size + p.meta.gso_size <= mtu));
    std::optional<emitted_segment> out;
    auto const take = [&](bytes_view transport, ip_address const& from, ip_address const& to) {
        check_tcp_checksum(p, transport, from, to);
        auto s = tcp::parse(transport);
        require(s.has_value());
        out = emitted_segment{*s, from, to};
    };
    if (wire::get8(b, 0) >> 4 == 4) {
        auto const r = wire::parse_ipv4(b);
        require(r.refused == drop_reason::none && r.header.total_size == b.size());
        if (r.header.protocol == wire::protocol::tcp && !r.header.is_fragment())
            take(b.subspan(r.header.header_size), r.header.source, r.header.destination);
    } else {
        auto const r = wire::parse_ipv6(b);
        require(r.refused == drop_reason::none && b.size() == 40U + r.header.payload_size);
        if (r.upper_protocol == wire::protocol::tcp && !r.fragment.present)
            take(b.subspan(r.upper_at), r.header.source, r.header.destination);
    }
    return out;
}

}  // namespace cardea::stack::test
