// A sheet of character cells that grows downwards, written out as UTF-8 or as ASCII. One code point is one column.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::trace {

/// UTF-8 to code points; what is malformed or a control character becomes U+FFFD.
std::u32string decode(std::string_view utf8);

class canvas {
  public:
    canvas(std::size_t width, std::size_t height) : rows_(height, std::u32string(width, U' ')) {}

    [[nodiscard]] std::size_t width() const noexcept { return rows_.empty() ? 0 : rows_.front().size(); }
    /// The cell; outside of the sheet a cell that nobody looks at.
    char32_t& at(std::size_t row, std::size_t column) noexcept;
    /// `text` from `column` rightwards; what does not fit into `room` columns is cut and marked.
    void write(std::size_t row, std::size_t column, std::u32string_view text, std::size_t room);
    /// Lines without blanks at their ends.
    [[nodiscard]] std::string to_text(bool ascii) const;

  private:
    std::vector<std::u32string> rows_;
    char32_t outside_ = U' ';
};

}  // namespace cardea::trace
