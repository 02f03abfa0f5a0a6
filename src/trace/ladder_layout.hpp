// Where everything of a ladder stands on a sheet of a given width: rows, gutters, bars. Drawn by ladder_text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "trace/ladder_model.hpp"

namespace cardea::trace {

/// A call in its gutter. Bars of calls that overlap stand beside each other: `slot` 0 is next to the lifeline.
struct placed_call {
    side at = side::client;
    std::u32string text;
    std::u32string result;
    std::size_t slot = 0;
    std::size_t first_row = 0;
    std::size_t last_row = 0;  ///< of its return; a row of its own at the end if it never returned
    bool returned = false;
    bool one_line = false;  ///< text and result in the first row
};

/// Rows: one for each moment, one more where a call needs two, one for a gap before a moment.
struct layout {
    std::size_t left = 0;    ///< columns of the client's gutter
    std::size_t middle = 0;  ///< between the lifelines
    std::size_t right = 0;
    std::vector<std::size_t> row_of;       ///< of each moment
    std::vector<std::int64_t> gap_before;  ///< ns passed before each moment, 0: nothing to mention
    std::size_t rows = 0;
    std::vector<placed_call> calls;

    [[nodiscard]] std::size_t left_line() const noexcept;
    [[nodiscard]] std::size_t right_line() const noexcept;
};

inline constexpr std::size_t time_columns = 8;
/// Of one bar and the blank beside it.
inline constexpr std::size_t bar_columns = 2;

layout lay_out(const ladder_model& model, std::size_t width);

}  // namespace cardea::trace
