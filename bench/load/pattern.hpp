// The byte stream that every connection sends and expects back. Its period is prime, so no message size hides a lost
// or doubled message. Standard library only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <random>
#include <vector>

namespace load {

class pattern {
  public:
    static constexpr std::size_t period = 65521;
    static constexpr std::size_t chunk = 65536;  // the most bytes that one call may ask about

    pattern() : bytes_(period + chunk) {
        std::minstd_rand random;
        std::generate_n(bytes_.begin(), period, [&] { return static_cast<char>(random() >> 8); });
        for (std::size_t i = period; i < bytes_.size(); ++i) bytes_[i] = bytes_[i - period];
    }

    const char* at(std::size_t position) const { return bytes_.data() + position; }
    bool matches(std::size_t position, const char* bytes, std::size_t length) const {
        return std::memcmp(at(position), bytes, length) == 0;
    }

    /// `position` after `length <= chunk` more bytes.
    static std::size_t advance(std::size_t position, std::size_t length) { return (position + length) % period; }

  private:
    std::vector<char> bytes_;
};

}  // namespace load
