// Bytes of a stream that come before what its network has: they were received and not read when the socket changed
// networks, or a reader has put them back.
#pragma once

#include <cardea/network.hpp>
#include <cstddef>
#include <system_error>
#include <utility>
#include <vector>

namespace cardea::detail {

class unread_bytes {
  public:
    unread_bytes() noexcept = default;
    explicit unread_bytes(native_socket& from) noexcept
        : bytes_(std::move(from.unread)), end_of_stream_(from.end_of_stream), error_(from.error) {}
    /// Nothing left to give before the network is asked.
    [[nodiscard]] bool empty() const noexcept { return taken_ == bytes_.size() && !end_of_stream_ && !error_; }
    /// Bytes, then the error (once), then the end of the stream. Not empty.
    io_result take(mutable_buffer room) noexcept;
    /// The same, and all of it stays.
    [[nodiscard]] io_result peek(mutable_buffer room) const noexcept;
    /// In front of everything else. Fails for want of memory only.
    std::error_code put_front(const_buffer bytes) noexcept;
    /// Memory for so many bytes behind those that are there, which give_to() hands on as well. False: there is none.
    [[nodiscard]] bool make_room(std::size_t bytes) noexcept;
    void give_to(native_socket& out) noexcept;

  private:
    std::vector<std::byte> bytes_;
    std::size_t taken_ = 0;
    bool end_of_stream_ = false;
    std::error_code error_;
};

}  // namespace cardea::detail
