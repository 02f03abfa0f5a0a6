// Lines of text from a stream: `line_reader in(peer); while (auto line = in.next()) ...`.
#pragma once

#include <cardea/buffered.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cardea {

/// What ends a line.
enum class line_end : std::uint8_t {
    lf_or_crlf,  ///< a line feed, or carriage return and line feed: what people and most programs send
    crlf,        ///< CRLF alone; a bare CR or LF is part of the line, for the protocol to refuse (SMTP, RFC 5321 2.3.8)
};

/// Reads lines, up to a bound. On a stream, with a buffered_reader of its own; or on one that is used for more (HTTP:
/// lines, then bytes). See buffered_reader for blocking, memory, deadlines and who may use it.
class line_reader {
  public:
    static constexpr std::size_t default_longest = 8 * 1024;  ///< Bytes, without the end of the line.

    explicit line_reader(stream_ref from, std::size_t longest = default_longest,
                         line_end ends = line_end::lf_or_crlf) noexcept
        : own_(std::in_place, from), in_(&*own_), longest_(longest), ends_(ends) {}
    explicit line_reader(buffered_reader& from, std::size_t longest = default_longest,
                         line_end ends = line_end::lf_or_crlf) noexcept
        : in_(&from), longest_(longest), ends_(ends) {}
    line_reader(const line_reader&) = delete;
    line_reader& operator=(const line_reader&) = delete;

    /// The next line without its end, as a view until the next call on the reader; nullopt: the end of the stream. What
    /// comes before the stream's end without an end of its own is a line too: terminated() tells. Longer than the
    /// bound: errc::too_long, naming it; see skip().
    std::optional<std::string_view> next();
    std::optional<std::string_view> next(std::error_code& ec) noexcept;
    /// The last line that next() gave had its end; false: the stream ended instead (the peer may have been cut off).
    [[nodiscard]] bool terminated() const noexcept { return terminated_; }
    /// Throws away the rest of the line that was too long, in pieces. False: the stream ended before the line did.
    bool skip();
    bool skip(std::error_code& ec) noexcept;
    /// For what is no line.
    [[nodiscard]] buffered_reader& buffer() noexcept { return *in_; }

  private:
    std::optional<std::string_view> take(std::size_t size, std::size_t with_end, std::error_code& ec) noexcept;
    [[nodiscard]] std::string_view mark() const noexcept { return ends_ == line_end::crlf ? "\r\n" : "\n"; }

    std::optional<buffered_reader> own_;
    buffered_reader* in_;
    std::size_t longest_;
    line_end ends_;
    bool terminated_ = true;
};

}  // namespace cardea
