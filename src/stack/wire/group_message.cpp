// The records of reports.
#include "stack/wire/group_message.hpp"

#include "stack/wire/bytes.hpp"

namespace cardea::stack::wire {

namespace {

std::size_t put_address(std::span<std::byte> out, std::size_t at, ip_address const& a) {
    for (std::size_t i = 0; i < a.size(); ++i) put8(out, at + i, a.bytes[i]);
    return at + a.size();
}

}  // namespace

void emit_records(std::span<group_record const> records, std::span<std::byte> out) {
    std::size_t at = 0;
    for (auto const& r : records) {
        put8(out, at, static_cast<std::uint8_t>(r.kind));
        put8(out, at + 1, 0);  // no auxiliary data
        put16(out, at + 2, static_cast<std::uint16_t>(r.sources.size()));
        at = put_address(out, at + 4, r.group);
        for (auto const& s : r.sources) at = put_address(out, at, s);
    }
}

}  // namespace cardea::stack::wire
