// One io_uring: set up with the best flags the kernel takes, entries to fill in, completions to look at. liburing
// underneath.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <string>

namespace cardea::detail {

class ring {
  public:
    /// Throws std::system_error naming the call that the kernel refused.
    ring();
    ~ring();
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;

    /// An entry to fill in; submits what is queued when the queue is full. nullptr: the completion queue must be looked
    /// at first (the kernel holds completions back and takes nothing new).
    io_uring_sqe* entry() noexcept;
    /// One system call, or none if there is nothing to do: submits everything, and waits for a completion at most
    /// `timeout_ns` (0: not at all; negative: for ever). Negative: why it found nothing, as -ETIME or -EINTR.
    int enter(std::int64_t timeout_ns) noexcept;
    /// Hands every completion there is to `handle(user_data, result, flags)`; true if there was one.
    template <class Handle>
    bool drain(Handle handle) noexcept {
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(&ring_, head, completion) {
            handle(completion->user_data, completion->res, completion->flags);
            ++count;
        }
        io_uring_cq_advance(&ring_, count);
        return count > 0;
    }
    /// The kernel has more than the completion queue shows: work to run, or completions it could not place.
    [[nodiscard]] bool more_inside() const noexcept;
    /// Has an eventfd(2) signalled whenever there is something for drain(), or for enter() to bring. Throws
    /// std::system_error.
    void announce_by(int eventfd);
    /// System calls after which the kernel held completions back, because the queue had no room for them.
    [[nodiscard]] std::uint64_t overflows() const noexcept { return overflows_; }
    /// Times the submission queue was full when an entry was asked for.
    [[nodiscard]] std::uint64_t full_queues() const noexcept { return full_queues_; }
    [[nodiscard]] bool has_completions() const noexcept { return io_uring_cq_ready(&ring_) != 0; }
    io_uring* native() noexcept { return &ring_; }
    /// "512 entries, 8192 completions, SINGLE_ISSUER DEFER_TASKRUN": for people.
    [[nodiscard]] std::string describe() const;

  private:
    void require_enter();
    void note_overflow() noexcept;

    io_uring ring_{};
    std::uint64_t overflows_ = 0;
    std::uint64_t full_queues_ = 0;
};

}  // namespace cardea::detail
