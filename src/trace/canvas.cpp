// Cells to text. Uses nothing but strings.
#include "trace/canvas.hpp"

#include <algorithm>

namespace cardea::trace {

namespace {

constexpr char32_t replacement = U'\uFFFD';

char to_ascii(char32_t c) noexcept {
    switch (c) {
        case U'│':
        case U'╎':
            return '|';
        case U'├':
        case U'┤':
            return '+';
        case U'─':
            return '-';
        case U'┄':
            return '.';
        case U'▶':
            return '>';
        case U'◀':
            return '<';
        case U'╲':
            return '\\';
        case U'╱':
            return '/';
        case U'╳':
        case U'✗':
            return 'x';
        case U'┆':
        case U'⋮':
            return ':';
        case U'…':
            return '~';
        default:
            return c < 0x80 ? static_cast<char>(c) : '?';
    }
}

void append_utf8(std::string& out, char32_t c) {
    const auto byte = [&](char32_t b) { out.push_back(static_cast<char>(b)); };
    if (c < 0x80) {
        byte(c);
    } else if (c < 0x800) {
        byte(0xC0 | (c >> 6));
        byte(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        byte(0xE0 | (c >> 12));
        byte(0x80 | ((c >> 6) & 0x3F));
        byte(0x80 | (c & 0x3F));
    } else {
        byte(0xF0 | (c >> 18));
        byte(0x80 | ((c >> 12) & 0x3F));
        byte(0x80 | ((c >> 6) & 0x3F));
        byte(0x80 | (c & 0x3F));
    }
}

/// How many bytes a sequence has by its first, 0 if it cannot be a first (RFC 3629 section 3).
std::size_t sequence_length(unsigned char first) noexcept {
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first < 0xE0) return 2;
    if (first >= 0xE0 && first < 0xF0) return 3;
    return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

}  // namespace

std::u32string decode(std::string_view utf8) {
    std::u32string out;
    for (std::size_t i = 0; i < utf8.size();) {
        const auto first = static_cast<unsigned char>(utf8[i]);
        const auto length = sequence_length(first);
        bool good = length != 0 && i + length <= utf8.size();
        char32_t c = length == 1 ? first : first & (0x7FU >> length);
        for (std::size_t k = 1; good && k < length; ++k) {
            const auto next = static_cast<unsigned char>(utf8[i + k]);
            good = (next & 0xC0) == 0x80;
            c = (c << 6) | (next & 0x3F);
        }
        const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
        out.push_back(good && !control ? c : replacement);
        i += good ? length : 1;
    }
    return out;
}

char32_t& canvas::at(std::size_t row, std::size_t column) noexcept {
    if (row >= rows_.size() || column >= rows_[row].size()) return outside_ = U' ';
    return rows_[row][column];
}

void canvas::write(std::size_t row, std::size_t column, std::u32string_view text, std::size_t room) {
    const auto n = std::min(text.size(), room);
    for (std::size_t i = 0; i < n; ++i) at(row, column + i) = text[i];
    if (n < text.size() && n > 0) at(row, column + n - 1) = U'…';
}

std::string canvas::to_text(bool ascii) const {
    std::string out;
    for (const auto& row : rows_) {
        const auto last = row.find_last_not_of(U' ');
        const auto used = last == std::u32string::npos ? 0 : last + 1;
        for (std::size_t i = 0; i < used; ++i) {
            if (ascii) {
                out.push_back(to_ascii(row[i]));
            } else {
                append_utf8(out, row[i]);
            }
        }
        out.push_back('\n');
    }
    return out;
}

}  // namespace cardea::trace
