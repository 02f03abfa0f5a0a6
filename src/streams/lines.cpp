// Finding the ends of lines in what is buffered, and asking for more where there is none.
#include <algorithm>
#include <cardea/lines.hpp>

#include "socket/search.hpp"
#include "streams/failing.hpp"

namespace cardea {

std::optional<std::string_view> line_reader::next() {
    std::error_code ec;
    const auto line = next(ec);
    if (ec) detail::throw_failed(in_->source(), ec, "recv line", in_->buffered().size(), longest_);
    return line;
}

std::optional<std::string_view> line_reader::next(std::error_code& ec) noexcept {
    ec.clear();
    const std::string_view end = mark();
    std::size_t looked = 0;  // at bytes in which no end begins
    for (;;) {
        const std::string_view there = in_->buffered().text();
        const std::size_t at = there.find(end, looked);
        if (at != std::string_view::npos) {
            terminated_ = true;
            const bool has_cr = ends_ == line_end::lf_or_crlf && at > 0 && there[at - 1] == '\r';
            return take(has_cr ? at - 1 : at, at + end.size(), ec);
        }
        // One more may be the CR of an end that has not come whole.
        if (there.size() > longest_ + 1) return take(there.size(), 0, ec);
        looked = there.size() - std::min(there.size(), end.size() - 1);
        const std::size_t more = in_->fill(longest_ + 2, ec);
        if (ec) return std::nullopt;
        if (more == 0) break;
    }
    const std::size_t last = in_->buffered().size();
    if (last == 0) return std::nullopt;
    terminated_ = false;
    return take(last, last, ec);
}

std::optional<std::string_view> line_reader::take(std::size_t size, std::size_t with_end,
                                                  std::error_code& ec) noexcept {
    if (size > longest_) {
        ec = errc::too_long;
        return std::nullopt;
    }
    const std::string_view line = in_->buffered().text().substr(0, size);
    in_->consume(with_end);
    return line;
}

bool line_reader::skip() {
    std::error_code ec;
    const bool ended = skip(ec);
    if (ec) in_->source().fail(ec, "recv line");
    return ended;
}

bool line_reader::skip(std::error_code& ec) noexcept {
    ec.clear();
    const std::string_view end = mark();
    for (;;) {
        const std::string_view there = in_->buffered().text();
        const std::size_t at = there.find(end);
        if (at != std::string_view::npos) {
            in_->consume(at + end.size());
            return true;
        }
        in_->consume(there.size() - std::min(there.size(), end.size() - 1));
        if (in_->fill(longest_ + 2, ec) > 0) continue;
        in_->consume(in_->buffered().size());
        return false;
    }
}

}  // namespace cardea
