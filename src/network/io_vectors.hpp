// The system's iovec list of a list of buffers, a stretch at a time. POSIX (writev(2)).
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cardea/buffer.hpp>
#include <cstddef>

namespace cardea::detail {

/// As many of the buffers as one call takes, from the byte at `skip` on.
class io_vectors {
  public:
    /// Small, since it lies on a fiber's stack; a stream takes what is beyond by another call.
    static constexpr std::size_t most = 32;

    template <class Buffer>
    io_vectors(const buffer_list<Buffer>& of, std::size_t skip) noexcept {
        for (const Buffer& b : of) {
            const std::size_t before = std::min(skip, b.size());
            skip -= before;
            if (before == b.size()) continue;
            if (count_ == most) break;
            // What is sent is not written to: sendmsg(2) shares its structure with recvmsg(2).
            pieces_[count_++] = {const_cast<std::byte*>(b.data()) + before, b.size() - before};
        }
    }

    [[nodiscard]] msghdr message() noexcept {
        msghdr m{};
        m.msg_iov = pieces_.data();
        m.msg_iovlen = count_;
        return m;
    }

  private:
    std::array<iovec, most> pieces_;
    std::size_t count_ = 0;
};

}  // namespace cardea::detail
