// Reading ahead: by leases, which cost nothing while waiting. Bytes are copied only where a piece comes in parts.
#include <algorithm>
#include <cardea/buffered.hpp>
#include <cstring>
#include <utility>

#include "socket/search.hpp"
#include "streams/failing.hpp"

namespace cardea {

void buffered_reader::consume(std::size_t n) noexcept {
    begin_ += n;
    size_ -= n;
}

void buffered_reader::settle() noexcept {
    if (size_ > 0) return;
    lease_.release();
    spill_.reset();
    begin_ = nullptr;
}

// Room behind what is buffered, which moves into the spill, to its front or into a bigger one.
bool buffered_reader::make_room(std::size_t longest) noexcept {
    const std::byte* const end = spill_.data() + spill_.size();
    if (spill_ && begin_ + size_ < end) return true;
    if (spill_ && begin_ > spill_.data()) {
        std::memmove(spill_.data(), begin_, size_);
    } else {
        detail::lent_buffer bigger(std::max(size_ + 1, std::min(2 * size_, longest)));
        if (!bigger) return false;
        std::memcpy(bigger.data(), begin_, size_);
        spill_ = std::move(bigger);
        lease_.release();
    }
    begin_ = spill_.data();
    return true;
}

std::size_t buffered_reader::fill(std::size_t longest, std::error_code& ec) noexcept {
    if (size_ == 0) {
        settle();
        lease_ = from_.recv_lease(ec);
        begin_ = lease_.data();
        size_ = lease_.size();
        return size_;
    }
    if (!make_room(longest)) {
        ec = std::make_error_code(std::errc::not_enough_memory);
        return 0;
    }
    std::byte* const end = spill_.data() + (begin_ - spill_.data()) + size_;
    const std::size_t n = from_.recv({end, static_cast<std::size_t>(spill_.data() + spill_.size() - end)}, ec);
    size_ += n;
    return n;
}

std::size_t buffered_reader::recv(mutable_buffer room) {
    std::error_code ec;
    const std::size_t n = recv(room, ec);
    if (ec) from_.fail(ec, "recv", n);
    return n;
}

std::size_t buffered_reader::recv(mutable_buffer room, std::error_code& ec) noexcept {
    ec.clear();
    if (room.empty()) return 0;
    if (size_ == 0) {
        settle();
        return from_.recv(room, ec);
    }
    const std::size_t n = std::min(room.size(), size_);
    std::memcpy(room.data(), begin_, n);
    consume(n);
    settle();
    return n;
}

void buffered_reader::recv_exactly(mutable_buffer room) {
    std::error_code ec;
    const std::size_t n = recv_exactly(room, ec);
    if (ec) from_.fail(ec, "recv", n);
}

std::size_t buffered_reader::recv_exactly(mutable_buffer room, std::error_code& ec) noexcept {
    ec.clear();
    std::size_t done = 0;
    while (done < room.size() && !ec) {
        const std::size_t n = recv(room.after(done), ec);
        done += n;
        if (!ec && n == 0) ec = errc::end_of_stream;
    }
    return done;
}

std::string_view buffered_reader::recv_until(std::string_view delimiter, std::size_t longest) {
    std::error_code ec;
    const std::string_view found = recv_until(delimiter, longest, ec);
    if (ec) detail::throw_failed(from_, ec, "recv until", size_, longest);
    return found;
}

std::string_view buffered_reader::recv_until(std::string_view delimiter, std::size_t longest,
                                             std::error_code& ec) noexcept {
    ec.clear();
    if (delimiter.empty()) {
        ec = std::make_error_code(std::errc::invalid_argument);
        return {};
    }
    std::size_t looked = 0;  // at bytes in which no delimiter begins
    for (;;) {
        const std::size_t within = std::min(size_, longest);
        if (within > looked) {
            const std::size_t at = detail::find({begin_ + looked, within - looked}, delimiter);
            if (at != detail::not_found) {
                const std::string_view found = buffered().text().substr(0, looked + at + delimiter.size());
                consume(found.size());
                return found;
            }
        }
        if (size_ >= longest) {
            ec = errc::too_long;
            return {};
        }
        looked = size_ - std::min(size_, delimiter.size() - 1);
        const std::size_t more = fill(longest, ec);
        if (!ec && more == 0) ec = errc::end_of_stream;
        if (ec) return {};
    }
}

const_buffer buffered_reader::recv_view(std::size_t size) {
    std::error_code ec;
    const const_buffer view = recv_view(size, ec);
    if (ec) from_.fail(ec, "recv", size_);
    return view;
}

const_buffer buffered_reader::recv_view(std::size_t size, std::error_code& ec) noexcept {
    const const_buffer there = peek(size, ec);
    if (!ec && there.size() < size) ec = errc::end_of_stream;
    if (ec) return {};
    consume(size);
    return {there.data(), size};
}

const_buffer buffered_reader::peek(std::size_t size) {
    std::error_code ec;
    const const_buffer view = peek(size, ec);
    if (ec) from_.fail(ec, "peek", size_);
    return view;
}

const_buffer buffered_reader::peek(std::size_t size, std::error_code& ec) noexcept {
    ec.clear();
    while (size_ < size && fill(size, ec) > 0) {
    }
    return buffered();
}

void buffered_reader::give_back() {
    std::error_code ec;
    give_back(ec);
    if (ec) from_.fail(ec, "put_back");
}

void buffered_reader::give_back(std::error_code& ec) noexcept {
    from_.put_back(buffered(), ec);
    if (ec) return;
    size_ = 0;
    settle();
}

}  // namespace cardea
