// Parsing TCP segments and answering strays. Every read is inside the bounds that were checked just before it.
#include "stack/tcp/segment.hpp"

#include <algorithm>

#include "stack/tcp/option_kind.hpp"
#include "stack/wire/bytes.hpp"
#include "stack/wire/checksum.hpp"

namespace cardea::stack::tcp {
namespace {

void parse_sack(bytes_view body, segment_options& out) {
    std::size_t const blocks = std::min(body.size() / 8, max_sack_blocks);
    for (std::size_t i = 0; i < blocks; ++i)
        out.sack[i] = {sequence{wire::get32(body, i * 8)}, sequence{wire::get32(body, i * 8 + 4)}};
    out.sack_count = static_cast<std::uint8_t>(blocks);
}

/// One option's body (kind and length taken off). A length that does not fit the kind makes it an unknown option.
void parse_option(std::uint8_t kind, bytes_view body, bool syn, segment_options& out) {
    switch (kind) {
        case option::mss:
            if (syn && body.size() == 2 && wire::get16(body, 0) != 0) out.mss = wire::get16(body, 0);
            break;
        case option::window_scale:
            if (syn && body.size() == 1) out.window_shift = wire::get8(body, 0);
            break;
        case option::sack_permitted:
            if (syn && body.empty()) out.sack_permitted = true;
            break;
        case option::sack:
            if (!syn && !body.empty() && body.size() % 8 == 0) parse_sack(body, out);
            break;
        case option::timestamps:
            if (body.size() == 8) {
                out.has_timestamps = true;
                out.ts_value = wire::get32(body, 0);
                out.ts_echo = wire::get32(body, 4);
            }
            break;
        default:
            break;
    }
}

void parse_options(bytes_view b, bool syn, segment_options& out) {
    std::size_t at = 0;
    while (at < b.size()) {
        std::uint8_t const kind = wire::get8(b, at);
        if (kind == option::end) return;
        if (kind == option::nop) {
            ++at;
            continue;
        }
        if (at + 2 > b.size()) return;
        std::size_t const length = wire::get8(b, at + 1);
        if (length < 2 || at + length > b.size()) return;  // RFC 9293 MUST-7
        parse_option(kind, b.subspan(at + 2, length - 2), syn, out);
        at += length;
    }
}

}  // namespace

std::optional<segment> parse(bytes_view bytes) {
    if (bytes.size() < min_header_bytes) return {};
    std::size_t const header = std::size_t{4} * (wire::get8(bytes, 12) >> 4);
    if (header < min_header_bytes || header > bytes.size()) return {};
    segment s;
    s.source_port = wire::get16(bytes, 0);
    s.destination_port = wire::get16(bytes, 2);
    s.seq = sequence{wire::get32(bytes, 4)};
    s.ack = sequence{wire::get32(bytes, 8)};
    s.flags = wire::get8(bytes, 13);
    s.window = wire::get16(bytes, 14);
    s.urgent = wire::get16(bytes, 18);
    parse_options(bytes.subspan(min_header_bytes, header - min_header_bytes), s.has(flag::syn), s.options);
    s.payload.first = bytes.subspan(header);
    return s;
}

bool checksum_valid(bytes_view bytes, ip_address const& from, ip_address const& to) {
    wire::checksum sum;
    sum.add_pseudo(from, to, protocol_number, static_cast<std::uint32_t>(bytes.size()));
    sum.add(bytes);
    return sum.finish() == 0;
}

std::optional<segment> reset_for(segment const& s) {
    if (s.has(flag::rst)) return {};
    segment r;
    r.source_port = s.destination_port;
    r.destination_port = s.source_port;
    r.flags = flag::rst;
    if (s.has(flag::ack)) {
        r.seq = s.ack;
    } else {
        r.flags |= flag::ack;
        r.ack = s.end();
    }
    return r;
}

}  // namespace cardea::stack::tcp
