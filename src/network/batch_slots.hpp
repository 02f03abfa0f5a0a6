// The inside of a datagram_batch: one slot per buffer, and what recvmmsg(2) wants to know of each, kept from call to
// call so that only what the last one used is written again.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cardea/message.hpp>
#include <cstddef>
#include <memory>
#include <vector>

namespace cardea::detail {

struct batch_slots {
    static constexpr std::size_t most = 64;

    struct slot {
        std::size_t step = 0;  ///< of each datagram but the last, which may be shorter
        datagram_info info;
    };
    /// What the kernel fills in beside the bytes.
    struct native {
        iovec where{};
        sockaddr_storage from;
        alignas(cmsghdr) std::array<unsigned char, 320> control;
    };

    explicit batch_slots(std::size_t buffers);

    [[nodiscard]] std::byte* room(std::size_t i) noexcept { return memory.get() + i * datagram_batch::buffer_bytes; }
    [[nodiscard]] const std::byte* room(std::size_t i) const noexcept {
        return memory.get() + i * datagram_batch::buffer_bytes;
    }
    void clear() noexcept { filled = datagrams = 0; }
    /// The next slot holds one datagram, or several of `step` bytes, the last one of what is left. Its info is in
    /// place.
    void add(std::size_t step = 0) noexcept;
    [[nodiscard]] datagram_info& next() noexcept { return slots[filled].info; }

    std::size_t buffers;
    std::size_t filled = 0;
    std::size_t datagrams = 0;
    std::unique_ptr<std::byte[]> memory;
    std::vector<slot> slots;
    std::vector<native> natives;
    std::vector<mmsghdr> messages;
    std::size_t used = 0;  ///< headers that the kernel has written to since they were made ready
};

}  // namespace cardea::detail
