// Buffers that are borrowed for a while and handed back: for recv_lease() where the network has no memory of its own to
// lend, and for readers that hold part of a message. Each thread keeps a few for the next. Standard library only.
#pragma once

#include <cardea/lease.hpp>
#include <cstddef>
#include <utility>

namespace cardea::detail {

class lent_buffer {
  public:
    /// What a thread keeps: few of each, so that they are warm. What is bigger is given back to the heap.
    static constexpr std::size_t usual_bytes = 16 * 1024;
    static constexpr std::size_t bulk_bytes = 64 * 1024;
    static constexpr unsigned kept_of_each = 4;

    lent_buffer() noexcept = default;
    /// At least `bytes`. Empty: no memory.
    explicit lent_buffer(std::size_t bytes) noexcept;
    lent_buffer(lent_buffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    lent_buffer& operator=(lent_buffer&& other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~lent_buffer() { reset(); }

    explicit operator bool() const noexcept { return block_ != nullptr; }
    [[nodiscard]] std::byte* data() const noexcept;
    [[nodiscard]] std::size_t size() const noexcept;
    /// Hands it back.
    void reset() noexcept;
    /// Lends its first `filled` bytes to somebody; it is theirs from now on.
    lease lend(std::size_t filled) && noexcept;

    struct block;

  private:
    block* block_ = nullptr;
};

}  // namespace cardea::detail
