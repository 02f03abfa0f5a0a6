// What a loop over epoll keeps of one socket: what is known of each direction's readiness, and who waits for it.
// It belongs to the network and can outlive the socket, so that no event ever meets freed memory.
#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>

#include "fiber/loop.hpp"

namespace cardea::detail {

class epoll_socket;

/// One fiber's place in a queue. Lives on that fiber's stack; after `closed` the socket may be gone.
struct epoll_waiter {
    explicit epoll_waiter(fiber& waits) noexcept : who(waits) {}

    fiber& who;
    epoll_waiter* next = nullptr;
    epoll_waiter* previous = nullptr;
    bool closed = false;
};

/// One direction of a socket. Edge-triggered events only ever set `ready`; only a call that found nothing clears it.
class epoll_side {
  public:
    /// A call may find something: true until one has shown the contrary.
    bool ready = true;

    [[nodiscard]] bool idle() const noexcept { return first_ == nullptr; }
    [[nodiscard]] bool is_first(const epoll_waiter& w) const noexcept { return first_ == &w; }

    void join(epoll_waiter& w) noexcept {
        w.previous = last_;
        *(last_ == nullptr ? &first_ : &last_->next) = &w;
        last_ = &w;
    }
    /// Whoever is next goes on with what readiness is left.
    void leave(epoll_waiter& w) noexcept {
        *(w.previous == nullptr ? &first_ : &w.previous->next) = w.next;
        *(w.next == nullptr ? &last_ : &w.next->previous) = w.previous;
        if (ready) wake_first();
    }
    void event() noexcept {
        ready = true;
        wake_first();
    }
    void close() noexcept {
        while (first_ != nullptr) {
            epoll_waiter& w = *first_;
            first_ = w.next;
            w.closed = true;
            w.who.home.make_ready(w.who);
        }
        last_ = nullptr;
    }

  private:
    void wake_first() noexcept {
        if (first_ != nullptr) first_->who.home.make_ready(first_->who);
    }

    epoll_waiter* first_ = nullptr;
    epoll_waiter* last_ = nullptr;
};

/// Registered for when a call in that direction first has to wait; never taken back. Reading waits on most sockets,
/// writing on few, and EPOLLOUT costs UDP and Unix sockets an event for every datagram that leaves.
inline constexpr std::uint32_t epoll_reading = EPOLLIN | EPOLLPRI | EPOLLRDHUP | std::uint32_t{EPOLLET};
inline constexpr std::uint32_t epoll_writing = epoll_reading | EPOLLOUT;
/// No event tells when to try again, only time.
inline constexpr std::uint32_t epoll_tells_nothing = 0;

struct epoll_registration {
    epoll_registration(epoll_socket& s, bool counts_on_short_reads) noexcept
        : short_read_drains(counts_on_short_reads), owner(&s) {}

    [[nodiscard]] bool idle() const noexcept { return in.idle() && out.idle() && errors.idle(); }

    void event(std::uint32_t what) noexcept {
        // After these there is something to find behind the last byte, or in front of urgent data (tcp(7)).
        if ((what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)) != 0) short_read_drains = false;
        if ((what & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)) != 0) in.event();
        if ((what & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) out.event();
        if ((what & (EPOLLHUP | EPOLLERR)) != 0) errors.event();
    }
    /// A read gave `n` of `room` bytes. Less than it could have taken means that there is no more (epoll(7), "Questions
    /// and answers"), and the next one waits without asking: if epoll watches, and will tell.
    void read_gave(std::size_t n, std::size_t room) noexcept {
        if (n > 0 && n < room && short_read_drains && interest != 0) in.ready = false;
    }
    void close() noexcept {
        in.close();
        out.close();
        errors.close();
    }

    epoll_side in;
    epoll_side out;
    /// Who waits for the error queue.
    epoll_side errors;
    /// What epoll watches; 0: not registered.
    std::uint32_t interest = 0;
    bool short_read_drains;
    /// Links of the network's list of its sockets.
    epoll_registration* next = nullptr;
    epoll_registration* previous = nullptr;
    /// Link of the list of those whose socket has ended on another thread.
    epoll_registration* next_abandoned = nullptr;
    epoll_socket* owner;
};

}  // namespace cardea::detail
