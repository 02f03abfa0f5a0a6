// See unread_bytes.hpp.
#include "network/unread_bytes.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace cardea::detail {

io_result unread_bytes::peek(mutable_buffer room) const noexcept {
    const std::size_t n = std::min(room.size(), bytes_.size() - taken_);
    if (n > 0) std::memcpy(room.data(), bytes_.data() + taken_, n);
    return {n, n > 0 ? std::error_code() : error_};
}

io_result unread_bytes::take(mutable_buffer room) noexcept {
    const io_result given = peek(room);
    taken_ += given.bytes;
    if (taken_ == bytes_.size() && taken_ > 0) {
        bytes_ = {};
        taken_ = 0;
    }
    if (given.bytes == 0) error_.clear();
    return given;
}

std::error_code unread_bytes::put_front(const_buffer bytes) noexcept {
    if (bytes.empty()) return {};
    try {
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(taken_));
        taken_ = 0;
        bytes_.insert(bytes_.begin(), bytes.data(), bytes.data() + bytes.size());
        return {};
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
}

bool unread_bytes::make_room(std::size_t bytes) noexcept {
    if (bytes == 0) return true;
    try {
        bytes_.reserve(bytes_.size() + bytes);
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

void unread_bytes::give_to(native_socket& out) noexcept {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(taken_));
    out.unread = std::move(bytes_);
    out.end_of_stream = end_of_stream_;
    out.error = error_;
    taken_ = 0;
}

}  // namespace cardea::detail
