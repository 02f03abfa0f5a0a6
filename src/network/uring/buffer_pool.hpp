// The buffers that multishot receives fill: one small pool per loop, lent to the kernel through a ring of its own
// (io_uring_register_buf_ring(3)).
#pragma once

#include <cardea/lease.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>

#include "network/uring/ring.hpp"

namespace cardea::detail {

class buffer_pool {
  public:
    static constexpr std::size_t buffer_bytes = 2048;
    static constexpr std::uint16_t buffers = 1024;
    static constexpr std::uint16_t group = 0;
    static constexpr std::uint16_t none = 0xffff;

    /// Throws std::system_error where the kernel has no buffer rings.
    explicit buffer_pool(ring& of);
    ~buffer_pool();
    buffer_pool(const buffer_pool&) = delete;
    buffer_pool& operator=(const buffer_pool&) = delete;

    /// The kernel has filled this one: it is ours until give_back().
    void taken(std::uint16_t) noexcept { --lent_; }
    void give_back(std::uint16_t id) noexcept;
    [[nodiscard]] const std::byte* data(std::uint16_t id) const noexcept { return memory_->bytes + id * stride; }
    /// Lends a filled one to somebody: it comes back by itself.
    lease lend(std::uint16_t id, std::uint32_t begin, std::uint32_t end) noexcept;
    /// Whether there are enough for another connection to receive into; else it receives into its reader's own room.
    [[nodiscard]] bool plenty() const noexcept { return lent_ > buffers / 8; }
    /// A multishot ended (ENOBUFS), or was not armed, for want of buffers.
    void ran_short() noexcept { ++shortages_; }
    [[nodiscard]] std::uint64_t shortages() const noexcept { return shortages_; }

    /// Filled buffers of one connection form a list through these.
    struct chunk {
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
        std::uint16_t next = none;
    };
    [[nodiscard]] chunk& at(std::uint16_t id) noexcept { return chunks_[id]; }

  private:
    // Not a power of two: small messages at the starts of buffers would all fall into the same few sets of the caches.
    static constexpr std::size_t stride = buffer_bytes + 64;

    /// The memory, which stays as long as somebody holds a lease on a piece of it.
    class memory final : public lease::lender {
      public:
        explicit memory(buffer_pool& of);
        void take_back(std::uintptr_t what) noexcept override;
        /// The pool ends.
        void abandon() noexcept;

        std::byte* const bytes;
        std::size_t lent = 0;

      private:
        ~memory();
        buffer_pool* pool_;
        const std::thread::id owner_ = std::this_thread::get_id();
    };

    ring& ring_;
    memory* memory_ = nullptr;
    io_uring_buf_ring* lending_ = nullptr;
    unsigned lent_ = buffers;
    std::uint64_t shortages_ = 0;
    std::unique_ptr<chunk[]> chunks_;
};

}  // namespace cardea::detail
