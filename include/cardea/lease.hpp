// Received bytes where they lie: what recv_lease() gives, instead of copying them into a buffer of the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace cardea {

/// Bytes that a stream has received and lends: on io_uring in the ring's own buffer, elsewhere in a buffer of the
/// thread's. They are taken from the stream, as by recv(): the next receive gives what follows. Move-only; the memory
/// goes back at the latest when the lease is destroyed, which every lease has to be on the thread that got it. Buffers
/// are few (a loop's connections share some hundred of 2 KiB): hold a lease while its bytes are worked on, not while
/// waiting for others. Converts to const_buffer.
class lease {
  public:
    /// Whoever the memory belongs to. For networks.
    class lender {
      public:
        virtual void take_back(std::uintptr_t what) noexcept = 0;  ///< Once for each lease.

      protected:
        ~lender() = default;
    };

    /// Empty: of recv_lease() it says that the peer has closed.
    lease() noexcept = default;
    lease(const std::byte* data, std::size_t size, lender& of, std::uintptr_t what) noexcept
        : data_(data), size_(size), lender_(&of), what_(what) {}
    lease(lease&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          lender_(std::exchange(other.lender_, nullptr)),
          what_(other.what_) {}
    lease& operator=(lease&& other) noexcept {
        lease taken(std::move(other));
        std::swap(data_, taken.data_);
        std::swap(size_, taken.size_);
        std::swap(lender_, taken.lender_);
        std::swap(what_, taken.what_);
        return *this;
    }
    ~lease() { release(); }

    [[nodiscard]] const std::byte* data() const noexcept { return data_; }  ///< Valid while the lease lives.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }       ///< Bytes.
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }        ///< No bytes.
    /// There are bytes: `while (auto bytes = peer.recv_lease()) ...`.
    explicit operator bool() const noexcept { return size_ != 0; }
    [[nodiscard]] std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }
    /// Forgets the first `n` bytes (at most size()).
    void drop_front(std::size_t n) noexcept {
        data_ += n;
        size_ -= n;
    }
    /// Gives the memory back now.
    void release() noexcept {
        data_ = nullptr;
        size_ = 0;
        if (lender_ != nullptr) std::exchange(lender_, nullptr)->take_back(what_);
    }

  private:
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    lender* lender_ = nullptr;
    std::uintptr_t what_ = 0;
};

namespace detail {

/// A buffer that is borrowed for a while and handed back: what recv_lease() lends where the network has no memory of
/// its own to lend, and what readers and writers hold while there is something in them. Each thread keeps a few.
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

}  // namespace detail
}  // namespace cardea
