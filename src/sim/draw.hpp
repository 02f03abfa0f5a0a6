// Labelled random numbers: draw n of a label depends on the seed, the label and n alone, so that a new draw elsewhere
// shifts nothing. Uses the standard library only.
#pragma once

#include <cstdint>
#include <string_view>

namespace cardea::sim::detail {

/// The finalizer of splitmix64 (Steele et al. 2014).
constexpr std::uint64_t mixed(std::uint64_t z) noexcept {
    z += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

constexpr std::uint64_t hash_of(std::string_view text) noexcept {
    std::uint64_t h = 0xcbf29ce484222325U;  // FNV-1a
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return h;
}

class draws {
  public:
    draws(std::uint64_t seed, std::string_view label) noexcept : key_(mixed(seed ^ hash_of(label))) {}
    std::uint64_t next() noexcept { return mixed(key_ ^ mixed(++count_)); }
    /// True with that probability. The same with every compiler: the comparison is exact.
    bool happens(double probability) noexcept {
        constexpr double unit = 1.0 / 9007199254740992.0;  // 2^-53
        return static_cast<double>(next() >> 11U) * unit < probability;
    }

  private:
    std::uint64_t key_;
    std::uint64_t count_ = 0;
};

}  // namespace cardea::sim::detail
