// The stack's only source of randomness: xoshiro256** (Blackman and Vigna, 2018) from a given seed. Same seed, same
// draws, on every compiler; std:: distributions are not used because their algorithms are not specified.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace cardea::stack {

class random_source {
  public:
    explicit random_source(std::uint64_t seed) {
        for (auto& word : state_) {  // splitmix64 spreads the seed over the state
            seed += 0x9e3779b97f4a7c15U;
            auto z = seed;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
            z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
            word = z ^ (z >> 31);
        }
    }

    std::uint64_t next() {
        auto const result = std::rotl(state_[1] * 5, 7) * 9;
        auto const t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    /// 0 <= result < n; the bias of the multiplication is below 2^-32.
    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(((next() >> 32) * n) >> 32); }

  private:
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace cardea::stack
