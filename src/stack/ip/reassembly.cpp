// Fragment reassembly.
#include "stack/ip/reassembly.hpp"

#include <algorithm>
#include <new>

#include "stack/wire/bytes.hpp"
#include "stack/wire/ipv4.hpp"
#include "stack/wire/ipv6.hpp"
#include "stack/wire/protocol.hpp"

namespace cardea::stack::ip {

namespace {

std::vector<std::byte> copy(bytes_view b) { return {b.begin(), b.end()}; }

}  // namespace

/// Where memory fails the whole datagram is as if lost.
reassembly_result reassembler::add(fragment const& f, time_ns now) {
    key const k{f.source, f.destination, f.identification, f.source.is_v4() ? f.protocol : std::uint8_t{0}};
    try {
        return take_in(k, f, now);
    } catch (std::bad_alloc const&) {
        if (auto const it = pending_.find(k); it != pending_.end()) erase(it);
        return {drop_reason::out_of_memory, {}};
    }
}

reassembly_result reassembler::take_in(key const& k, fragment const& f, time_ns now) {
    std::size_t const cost =
        fragment_overhead + f.data.size() + (f.offset == 0 ? f.header.size() + f.original.size() : 0);
    auto it = pending_.find(k);
    std::size_t const base = it == pending_.end() ? datagram_overhead : 0;
    if (!make_room(cost + base, k)) return {drop_reason::fragment_limit, {}};
    it = pending_.find(k);
    if (it == pending_.end()) {
        it = pending_.emplace(k, datagram{}).first;
        it->second.expires = now + config_.reassembly_timeout;
        it->second.serial = next_serial_++;
        by_age_.emplace(it->second.serial, k);
        charge(it->second, datagram_overhead);
    }
    auto& d = it->second;
    auto const refused = d.dead ? drop_reason::fragment_overlap : insert(d, f);
    if (refused == drop_reason::fragment_overlap || refused == drop_reason::bad_header) kill(d);
    if (refused != drop_reason::none) return {refused, {}};
    if (!d.size || d.received != *d.size) return {};
    auto result = complete(d);
    erase(it);
    return result;
}

drop_reason reassembler::insert(datagram& d, fragment const& f) {
    std::size_t const begin = f.offset;
    std::size_t const end = begin + f.data.size();
    auto const next =
        std::find_if(d.pieces.begin(), d.pieces.end(), [begin](auto const& p) { return p.offset >= begin; });
    bool const duplicate = next != d.pieces.end() && next->offset == begin && next->data.size() == f.data.size() &&
                           std::equal(f.data.begin(), f.data.end(), next->data.begin());
    if (duplicate) return drop_reason::none;
    if (next != d.pieces.end() && next->offset < end) return drop_reason::fragment_overlap;
    if (next != d.pieces.begin() && std::prev(next)->offset + std::prev(next)->data.size() > begin)
        return drop_reason::fragment_overlap;
    // Data past the end, or two different ends, contradict each other: the datagram cannot be trusted.
    if (d.size && (end > *d.size || (!f.more && end != *d.size))) return drop_reason::bad_header;
    if (!f.more && !d.pieces.empty() && d.pieces.back().offset + d.pieces.back().data.size() > end)
        return drop_reason::bad_header;
    if (d.pieces.size() >= max_fragments) return drop_reason::fragment_limit;

    if (!f.more) d.size = end;
    if (f.offset == 0) {
        d.header = copy(f.header);
        d.original = copy(f.original);
        charge(d, d.header.size() + d.original.size());
    }
    d.ecn_seen = static_cast<std::uint8_t>(d.ecn_seen | (1U << f.ecn));
    d.received += f.data.size();
    charge(d, fragment_overhead + f.data.size());
    d.pieces.insert(next, piece{begin, copy(f.data)});
    return drop_reason::none;
}

reassembly_result reassembler::complete(datagram& d) {
    constexpr std::uint8_t ce_bit = 1U << wire::ecn::ce;
    constexpr std::uint8_t not_ect_bit = 1U << wire::ecn::not_ect;
    // RFC 3168 section 5.3: any CE marks the whole, unless some sender said it does not do ECN.
    bool const ce = (d.ecn_seen & ce_bit) != 0;
    if (ce && (d.ecn_seen & not_ect_bit) != 0) return {drop_reason::fragment_ecn, {}};
    auto whole = std::move(d.header);
    std::size_t const header_size = whole.size();
    bool const v4 = wire::get8(whole, 0) >> 4 == 4;
    // The length fields are 16 bits; IPv6 does not count its own header in it.
    std::size_t const uncounted = v4 ? 0 : wire::ipv6_header::size;
    if (header_size + *d.size - uncounted > 65'535) return {drop_reason::bad_header, {}};
    whole.reserve(header_size + *d.size);
    for (auto const& p : d.pieces) whole.insert(whole.end(), p.data.begin(), p.data.end());

    std::span<std::byte> const b{whole};
    if (v4) {
        if (ce) wire::put8(b, 1, static_cast<std::uint8_t>(wire::get8(b, 1) | wire::ecn::ce));
        wire::put16(b, 2, static_cast<std::uint16_t>(whole.size()));
        wire::put16(b, 6, 0);
        wire::refresh_ipv4_checksum(b.first(header_size));
    } else {
        if (ce) wire::put8(b, 1, static_cast<std::uint8_t>(wire::get8(b, 1) | (wire::ecn::ce << 4)));
        wire::put16(b, 4, static_cast<std::uint16_t>(whole.size() - wire::ipv6_header::size));
    }
    return {drop_reason::none, std::move(whole)};
}

/// Makes way by dropping the oldest datagrams; false when `bytes` cannot fit at all.
bool reassembler::make_room(std::size_t bytes, key const& keep) {
    bool const is_new = pending_.find(keep) == pending_.end();
    if (bytes > config_.reassembly_bytes || config_.reassembly_datagrams == 0) return false;
    auto const fits = [&] {
        return held_ + bytes <= config_.reassembly_bytes && (!is_new || pending_.size() < config_.reassembly_datagrams);
    };
    while (!fits()) {
        auto const victim =
            std::find_if(by_age_.begin(), by_age_.end(), [&](auto const& e) { return e.second != keep; });
        if (victim == by_age_.end()) return false;
        erase(pending_.find(victim->second));
    }
    return true;
}

void reassembler::charge(datagram& d, std::size_t bytes) {
    d.charge += bytes;
    held_ += bytes;
}

void reassembler::kill(datagram& d) {
    d.dead = true;
    d.pieces = {};
    d.header = {};
    d.original = {};
    held_ -= d.charge - datagram_overhead;
    d.charge = datagram_overhead;
}

void reassembler::erase(table::iterator it) {
    held_ -= it->second.charge;
    by_age_.erase(it->second.serial);
    pending_.erase(it);
}

time_ns reassembler::next_deadline() const {
    if (by_age_.empty()) return never;
    return pending_.at(by_age_.begin()->second).expires;
}

std::optional<std::vector<std::byte>> reassembler::expire_one(time_ns now) {
    if (next_deadline() > now) return std::nullopt;
    auto const it = pending_.find(by_age_.begin()->second);
    auto original = std::move(it->second.original);
    erase(it);
    return original;
}

}  // namespace cardea::stack::ip
