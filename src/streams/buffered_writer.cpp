// Gathering what is sent. What a failed send leaves stays in the buffer, in order.
#include <algorithm>
#include <cardea/buffered.hpp>
#include <cstring>

namespace cardea {

void buffered_writer::send_all(const_buffer data) {
    std::error_code ec;
    const std::size_t n = send_all(data, ec);
    if (ec) to_.fail(ec, "send", n);
}

std::size_t buffered_writer::send_all(const_buffer data, std::error_code& ec) noexcept {
    ec.clear();
    if (data.empty()) return 0;
    if (data.size() > capacity_ - std::min(capacity_, begin_ + size_)) {
        // Full: all of it in one call.
        const const_buffer before(spill_.data() + begin_, size_);
        const std::size_t went = to_.send_vectored({before, data}, ec);
        const std::size_t of_before = std::min(went, size_);
        sent(of_before);
        return went - of_before;
    }
    if (!spill_) spill_ = detail::lent_buffer(capacity_);
    if (!spill_) {
        ec = std::make_error_code(std::errc::not_enough_memory);
        return 0;
    }
    std::memcpy(spill_.data() + begin_ + size_, data.data(), data.size());
    size_ += data.size();
    return data.size();
}

void buffered_writer::flush() {
    std::error_code ec;
    flush(ec);
    if (ec) to_.fail(ec, "flush");
}

void buffered_writer::flush(std::error_code& ec) noexcept {
    ec.clear();
    if (size_ > 0) sent(to_.send_all({spill_.data() + begin_, size_}, ec));
}

void buffered_writer::sent(std::size_t n) noexcept {
    begin_ += n;
    size_ -= n;
    if (size_ > 0) return;
    begin_ = 0;
    spill_.reset();
}

}  // namespace cardea
