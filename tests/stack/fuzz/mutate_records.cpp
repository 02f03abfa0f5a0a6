// Mutations that keep the records whole: one is made, doubled, dropped, moved, or has a field changed. Linked into
// connection_fuzz; libFuzzer finds it by its name.
#include <algorithm>
#include <random>

#include "record.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using cardea::stack::test::record;

/// Offsets and widths of a record's fields.
struct field {
    std::size_t at, width;
};
constexpr std::array<field, 10> fields{
    {{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 2}, {6, 2}, {8, 2}, {10, 2}, {12, 2}, {14, 2}}};
/// Small steps around an edge are where sequence arithmetic goes wrong; so are these.
constexpr std::array<std::uint16_t, 12> edges{0, 1, 2, 0xffff, 0xfffe, 536, 1448, 1460, 0x7fff, 0x8000, 4096, 40};

class mutation {
  public:
    mutation(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed)
        : data_{data}, count_{size / record::size}, most_{max_size / record::size}, random_{seed} {}

    std::size_t run() {
        for (auto n = 1 + below(3); n != 0; --n) one();
        return count_ * record::size;
    }

  private:
    std::size_t below(std::size_t n) { return random_() % n; }
    std::uint8_t* row(std::size_t i) { return data_ + i * record::size; }
    void open_gap(std::size_t at) {
        std::memmove(row(at + 1), row(at), (count_ - at) * record::size);
        ++count_;
    }
    void one() {
        auto const what = below(10);
        if (count_ == 0 || (what == 0 && count_ < most_)) return fresh();
        if (what == 1 && count_ < most_) {
            auto const from = below(count_);
            std::array<std::uint8_t, record::size> copy;
            std::memcpy(copy.data(), row(from), copy.size());
            auto const to = below(count_ + 1);
            open_gap(to);
            std::memcpy(row(to), copy.data(), copy.size());
        } else if (what == 2 && count_ > 1) {
            auto const at = below(count_);
            std::memmove(row(at), row(at + 1), (count_ - at - 1) * record::size);
            --count_;
        } else if (what == 3) {
            auto* const a = row(below(count_));
            auto* const b = row(below(count_));
            if (a != b) std::swap_ranges(a, a + record::size, b);
        } else {
            change(row(below(count_)));
        }
    }
    void fresh() {
        if (count_ >= most_) return;
        auto const at = below(count_ + 1);
        open_gap(at);
        for (std::size_t i = 0; i < record::size; ++i) row(at)[i] = static_cast<std::uint8_t>(random_());
        if (below(2) == 0) std::memset(row(at) + 4, 0, 4);  // exactly at the edge
    }
    void change(std::uint8_t* r) {
        field const f = fields[below(fields.size())];
        std::uint16_t value = 0;
        std::memcpy(&value, r + f.at, f.width);
        switch (below(5)) {
            case 0:
                value = edges[below(edges.size())];
                break;
            case 1:
                value = static_cast<std::uint16_t>(value + 1 + below(4));
                break;
            case 2:
                value = static_cast<std::uint16_t>(value - 1 - below(4));
                break;
            case 3:
                value = static_cast<std::uint16_t>(value ^ (1U << below(8 * f.width)));
                break;
            default:
                value = static_cast<std::uint16_t>(random_());
                break;
        }
        std::memcpy(r + f.at, &value, f.width);
    }

    std::uint8_t* data_;
    std::size_t count_, most_;
    std::minstd_rand random_;
};

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
    if (max_size < cardea::stack::test::record::size) return size;
    if (seed % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
    return mutation{data, size, max_size, seed}.run();
}
