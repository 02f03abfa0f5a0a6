// Packets under way: soonest first, those of one moment in the order in which they set out. Their storage is used
// again, so that in steady state a packet costs no allocation.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <vector>

#include "sim/draw.hpp"
#include "stack/packet.hpp"

namespace cardea::sim::detail {

/// The same on every machine: words are read as little-endian ones. Four lanes, because a multiplication takes its
/// time.
inline std::uint64_t hash_of(stack::bytes_view bytes) noexcept {
    constexpr std::uint64_t odd = 0x9fb21c651e98df25U;
    constexpr int turn = 29;
    constexpr std::size_t word = 8;
    std::uint64_t lanes[4] = {bytes.size(), 1, 2, 3};
    const auto take = [&](std::uint64_t& lane, const std::byte* from, std::size_t n) {
        std::uint64_t w = 0;
        std::memcpy(&w, from, n);
        if constexpr (std::endian::native == std::endian::big) w = __builtin_bswap64(w);
        lane = std::rotl(lane ^ w, turn) * odd;
    };
    const std::byte* p = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 4 * word; left -= 4 * word) {
        for (std::uint64_t& lane : lanes) take(lane, p, word), p += word;
    }
    for (; left > 0;) {
        const std::size_t n = std::min(left, word);
        take(lanes[0], p, n);
        p += n;
        left -= n;
    }
    std::uint64_t h = 0;
    for (const std::uint64_t lane : lanes) h = mixed(h ^ lane);
    return h;
}

class flights {
  public:
    using place = std::uint32_t;
    struct parcel {
        stack::packet what;
        std::uint64_t hash = 0;
        std::size_t to = 0;
    };

    /// A copy of a packet, to be sent on its way or given up.
    place pack(const stack::packet_view& what) {
        place at = 0;
        if (free_.empty()) {
            at = static_cast<place>(parcels_.size());
            parcels_.emplace_back();
        } else {
            at = free_.back();
            free_.pop_back();
        }
        parcel& made = parcels_[at];
        made.what.bytes.clear();
        what.append_to(made.what.bytes);
        made.what.meta = what.meta;
        made.hash = hash_of(made.what.bytes);
        return at;
    }
    void send(place at, std::size_t to, std::int64_t when) {
        parcels_[at].to = to;
        under_way_.push_back({when, ++numbers_, at});
        std::push_heap(under_way_.begin(), under_way_.end(), later{});
    }
    void give_up(place at) {
        // A rare giant must not stay for ever.
        constexpr std::size_t kept = 4096;
        if (parcels_[at].what.bytes.capacity() > kept) std::vector<std::byte>().swap(parcels_[at].what.bytes);
        free_.push_back(at);
    }

    [[nodiscard]] bool empty() const noexcept { return under_way_.empty(); }
    /// When the first arrives.
    [[nodiscard]] std::int64_t when() const noexcept { return under_way_.front().when; }
    /// The first, which is no longer under way; to be given up when it has been taken in.
    place land() noexcept {
        std::pop_heap(under_way_.begin(), under_way_.end(), later{});
        const place at = under_way_.back().at;
        under_way_.pop_back();
        return at;
    }
    /// Good until it is given up.
    parcel& operator[](place at) noexcept { return parcels_[at]; }

  private:
    struct flight {
        std::int64_t when;
        std::uint64_t number;
        place at;
    };
    struct later {
        bool operator()(const flight& a, const flight& b) const noexcept {
            return a.when != b.when ? a.when > b.when : a.number > b.number;
        }
    };

    std::vector<flight> under_way_;  // a heap
    std::deque<parcel> parcels_;
    std::vector<place> free_;
    std::uint64_t numbers_ = 0;
};

}  // namespace cardea::sim::detail
