// IPv6 header and extension header parsing and emission.
#include "stack/wire/ipv6.hpp"

#include "stack/wire/bytes.hpp"
#include "stack/wire/icmp.hpp"
#include "stack/wire/protocol.hpp"
#include "stack/wire/udp.hpp"

namespace cardea::stack::wire {

namespace {

// A chain longer than this is an attack, not a packet (RFC 8504 section 5.3 allows such a limit).
constexpr int max_extension_headers = 16;

constexpr std::uint8_t problem_header_field = 0;
constexpr std::uint8_t problem_next_header = 1;
constexpr std::uint8_t problem_option = 2;
constexpr std::uint8_t problem_incomplete_chain = 3;  // RFC 7112

constexpr std::size_t tcp_header_size = 20;  // without options

ipv6_header read_fields(std::span<std::byte const> b) {
    ipv6_header h;
    auto const word = get32(b, 0);
    h.traffic_class = static_cast<std::uint8_t>((word >> 20) & 0xff);
    h.flow_label = word & 0xfffff;
    h.payload_size = get16(b, 4);
    h.next_header = get8(b, 6);
    h.hop_limit = get8(b, 7);
    std::array<std::uint8_t, 16> a{};
    for (std::size_t i = 0; i < 16; ++i) a[i] = get8(b, 8 + i);
    h.source = ip_address::v6(a);
    for (std::size_t i = 0; i < 16; ++i) a[i] = get8(b, 24 + i);
    h.destination = ip_address::v6(a);
    return h;
}

bool has_length(std::uint8_t extension) {
    return extension == protocol::hop_by_hop || extension == protocol::destination_options ||
           extension == protocol::routing;
}

struct chain_end {
    std::uint8_t protocol = 0;
    std::size_t at = 0;  // may lie beyond the packet
};

/// Where a chain leads to: extension headers are passed over unread, however wrong their contents are.
chain_end pass_over(std::span<std::byte const> packet, chain_end c) {
    for (int n = 0; n < max_extension_headers && c.at + 2 <= packet.size(); ++n) {
        if (!has_length(c.protocol) && c.protocol != protocol::fragment) break;
        std::size_t const size =
            has_length(c.protocol) ? (std::size_t{get8(packet, c.at + 1)} + 1) * 8 : ipv6_header::fragment_header_size;
        c.protocol = get8(packet, c.at);
        c.at += size;
    }
    return c;
}

/// Whether a fragment has all headers through the upper layer's, as the first one must (RFC 8200 section 4.5,
/// RFC 7112): else its other fragments could say what filters in between have not seen.
bool has_whole_chain(std::span<std::byte const> packet, chain_end begin) {
    auto const end = pass_over(packet, begin);
    switch (end.protocol) {
        case protocol::hop_by_hop:
        case protocol::destination_options:
        case protocol::routing:
        case protocol::fragment:
            return end.at + 2 <= packet.size();  // of those that are too many the whole packet's walk thinks
        case protocol::tcp:
            return end.at + tcp_header_size <= packet.size();
        case protocol::udp:
            return end.at + udp_header::size <= packet.size();
        case protocol::icmpv6:
            return end.at + icmp_header::size <= packet.size();
        case protocol::no_next_header:
            return end.at <= packet.size();
        default:
            return end.at < packet.size();
    }
}

class chain_walker {
  public:
    chain_walker(std::span<std::byte const> packet, ipv6_parse_result& r) : packet_{packet}, r_{r} {}

    void walk() {
        r_.upper_protocol = r_.header.next_header;
        r_.upper_at = ipv6_header::size;
        r_.upper_field = 6;
        for (int n = 0; n < max_extension_headers; ++n) {
            switch (r_.upper_protocol) {
                case protocol::hop_by_hop:
                    // Only directly after the IPv6 header (RFC 8200 section 4.1).
                    if (n != 0) return refuse(problem_next_header, r_.upper_field);
                    if (!options()) return;
                    break;
                case protocol::destination_options:
                    if (!options()) return;
                    break;
                case protocol::routing:
                    if (!routing()) return;
                    break;
                case protocol::fragment:
                    if (!fragment()) return;
                    break;
                default:
                    return;
            }
        }
        r_.refused = drop_reason::bad_options;
    }

  private:
    void refuse(std::uint8_t code, std::size_t pointer, drop_reason why = drop_reason::bad_options) {
        r_.refused = why;
        r_.problem = {true, false, code, static_cast<std::uint32_t>(pointer)};
    }

    /// The extension header's size by its own length octet; 0 when the packet ends before it does.
    std::size_t extent() {
        auto const at = r_.upper_at;
        if (at + 2 <= packet_.size()) {
            std::size_t const size = (std::size_t{get8(packet_, at + 1)} + 1) * 8;
            if (at + size <= packet_.size()) return size;
        }
        r_.refused = drop_reason::truncated;
        return 0;
    }

    void advance(std::size_t size) {
        r_.upper_field = r_.upper_at;
        r_.upper_protocol = get8(packet_, r_.upper_at);
        r_.upper_at += size;
    }

    bool options() {
        auto const size = extent();
        if (size == 0) return false;
        auto const end = r_.upper_at + size;
        for (std::size_t at = r_.upper_at + 2; at < end;) {
            auto const type = get8(packet_, at);
            if (type == 0) {  // Pad1
                ++at;
                continue;
            }
            if (at + 2 > end || at + 2 + get8(packet_, at + 1) > end) {
                refuse(problem_header_field, at);
                return false;
            }
            constexpr std::uint8_t pad_n = 1;
            constexpr std::uint8_t router_alert = 5;
            if (type != pad_n && type != router_alert && !skip_unknown(type, at)) return false;
            at += 2U + get8(packet_, at + 1);
        }
        advance(size);
        return true;
    }

    /// RFC 8200 section 4.2: the type's two high bits say what to do with an option one does not know.
    bool skip_unknown(std::uint8_t type, std::size_t at) {
        auto const action = type >> 6;
        if (action == 0) return true;
        r_.refused = drop_reason::bad_options;
        if (action >= 2) r_.problem = {true, action == 2, problem_option, static_cast<std::uint32_t>(at)};
        return false;
    }

    /// RFC 8200 section 4.4: skipped when no segments are left; RFC 5095 deprecated the rest.
    bool routing() {
        auto const size = extent();
        if (size == 0) return false;
        if (get8(packet_, r_.upper_at + 3) != 0) {
            refuse(problem_header_field, r_.upper_at + 2, drop_reason::source_routed);
            return false;
        }
        advance(size);
        return true;
    }

    /// True when the walk goes on: an atomic fragment (RFC 6946) is the whole packet.
    bool fragment() {
        auto const at = r_.upper_at;
        if (at + ipv6_header::fragment_header_size > packet_.size()) {
            r_.refused = drop_reason::truncated;
            return false;
        }
        auto const word = get16(packet_, at + 2);
        ipv6_fragment f;
        f.more = (word & 1) != 0;
        f.offset = word & 0xfff8;
        f.identification = get32(packet_, at + 4);
        f.at = at;
        f.next_field = r_.upper_field;
        bool const atomic = !f.more && f.offset == 0;
        f.present = !atomic;
        advance(ipv6_header::fragment_header_size);
        if (atomic) return true;
        r_.fragment = f;
        std::size_t const size = packet_.size() - r_.upper_at;
        if (f.more && size % 8 != 0)
            refuse(problem_header_field, 4, drop_reason::bad_header);
        else if (f.offset + size > 65535)
            refuse(problem_header_field, at + 2, drop_reason::bad_header);
        else if (size == 0)
            r_.refused = drop_reason::bad_header;
        else if (f.offset == 0 && !has_whole_chain(packet_, {r_.upper_protocol, r_.upper_at}))
            refuse(problem_incomplete_chain, 0, drop_reason::truncated);
        return false;
    }

    std::span<std::byte const> packet_;
    ipv6_parse_result& r_;
};

}  // namespace

ipv6_parse_result parse_ipv6(std::span<std::byte const> packet) {
    ipv6_parse_result r;
    if (packet.size() < ipv6_header::size) {
        r.refused = drop_reason::truncated;
        return r;
    }
    if (get8(packet, 0) >> 4 != 6) {
        r.refused = drop_reason::bad_version;
        return r;
    }
    r.header = read_fields(packet);
    std::size_t const whole = ipv6_header::size + r.header.payload_size;
    if (packet.size() < whole) {
        r.refused = drop_reason::truncated;
        return r;
    }
    chain_walker{packet.first(whole), r}.walk();
    return r;
}

ipv6_parse_result parse_quoted_ipv6(std::span<std::byte const> quoted) {
    ipv6_parse_result r;
    if (quoted.size() < ipv6_header::size) {
        r.refused = drop_reason::truncated;
        return r;
    }
    r.header = read_fields(quoted);
    if (get8(quoted, 0) >> 4 != 6)
        r.refused = drop_reason::bad_version;
    else
        chain_walker{quoted, r}.walk();
    return r;
}

std::optional<std::uint8_t> find_icmpv6_type(std::span<std::byte const> packet, std::uint8_t next, std::size_t at) {
    auto const end = pass_over(packet, {next, at});
    if (end.protocol != protocol::icmpv6 || end.at >= packet.size()) return std::nullopt;
    return get8(packet, end.at);
}

void emit_ipv6(ipv6_header const& h, std::span<std::byte> out) {
    put32(out, 0, (6U << 28) | (std::uint32_t{h.traffic_class} << 20) | (h.flow_label & 0xfffff));
    put16(out, 4, h.payload_size);
    put8(out, 6, h.next_header);
    put8(out, 7, h.hop_limit);
    for (std::size_t i = 0; i < 16; ++i) put8(out, 8 + i, h.source.bytes[i]);
    for (std::size_t i = 0; i < 16; ++i) put8(out, 24 + i, h.destination.bytes[i]);
}

void emit_ipv6_fragment(std::uint8_t next_header, ipv6_fragment const& f, std::span<std::byte> out) {
    put8(out, 0, next_header);
    put8(out, 1, 0);
    put16(out, 2, static_cast<std::uint16_t>((f.offset & 0xfff8) | (f.more ? 1 : 0)));
    put32(out, 4, f.identification);
}

}  // namespace cardea::stack::wire
