// One epoll_pwait2(2) a turn, and what it tells goes to the registrations. Fibers run only between two turns, so a
// socket that this thread closes is never in a batch that is still being handled.
#include "network/epoll/epoll_network.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <mutex>
#include <new>

#include "network/epoll/epoll_socket.hpp"
#include "network/splice_pipe.hpp"

namespace cardea::detail {

namespace {

constexpr long epoll_pwait2_number = 441;  // Linux 5.11, the same number on every architecture

int milliseconds(std::int64_t timeout_ns) noexcept {
    if (timeout_ns < 0) return -1;
    const std::int64_t rounded_up = timeout_ns / 1'000'000 + (timeout_ns % 1'000'000 != 0 ? 1 : 0);
    return static_cast<int>(std::min<std::int64_t>(rounded_up, std::numeric_limits<int>::max()));
}

}  // namespace

epoll_network::epoll_network() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
    // Edge-triggered, every signal is an event by itself (eventfd(2)), and nobody needs to read it.
    epoll_event awake{};
    awake.events = EPOLLIN | std::uint32_t{EPOLLET};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_.descriptor(), &awake) == 0) return;
    const std::error_code failed = last_error();
    ::close(epoll_);
    throw std::system_error(failed, "epoll_ctl");
}

epoll_network::~epoll_network() {
    {
        std::lock_guard held(epoll_socket::ends);
        for (epoll_registration* r = first_; r != nullptr;) {
            const std::unique_ptr<epoll_registration> dying(r);
            if (r->owner != nullptr) r->owner->orphan();
            r = r->next;
        }
    }
    ::close(epoll_);
    splice_pipe::forget_kept();
}

bool epoll_network::runs_here(const epoll_network* net) noexcept {
    const loop* here = loop::current();
    return here != nullptr && &here->net() == net;
}

std::error_code epoll_network::open(family f, type t, int protocol, std::unique_ptr<network_socket>& out) noexcept {
    int fd = -1;
    if (const std::error_code failed = open_descriptor(f, t, protocol, SOCK_NONBLOCK, fd)) return failed;
    out.reset(make(fd, f, t));
    if (out) return {};
    ::close(fd);
    return std::make_error_code(std::errc::not_enough_memory);
}

std::error_code epoll_network::adopt(native_socket&& from, std::unique_ptr<network_socket>& out) noexcept {
    if (const std::error_code unknown = identify(from)) return unknown;
    const int flags = ::fcntl(from.descriptor, F_GETFL);
    if (flags < 0) return last_error();
    // Calls that move datagrams say MSG_DONTWAIT each; who else has the socket may not bear the flag.
    const bool wanted = from.type != type::datagram;
    if (wanted && (flags & O_NONBLOCK) == 0 && ::fcntl(from.descriptor, F_SETFL, flags | O_NONBLOCK) != 0)
        return last_error();
    epoll_socket* made = make(from.descriptor, from.family, from.type);
    if (made == nullptr) return std::make_error_code(std::errc::not_enough_memory);
    made->settle_in(from);
    out.reset(made);
    return {};
}

epoll_socket* epoll_network::make(int fd, family f, type t) noexcept {
    auto* made = new (std::nothrow) epoll_socket(*this, fd, f, t);
    if (made == nullptr) return nullptr;
    // A Unix stream also cuts reads short where the sender passed descriptors (unix(7)).
    const bool counts_on_short_reads = t == type::stream && f != family::local;
    auto* r = new (std::nothrow) epoll_registration(*made, counts_on_short_reads);
    if (r == nullptr) {
        made->disown();
        delete made;
        return nullptr;
    }
    made->register_as(*r);
    r->next = first_;
    if (first_ != nullptr) first_->previous = r;
    first_ = r;
    ++sockets_;
    return made;
}

std::error_code epoll_network::watch(epoll_registration& r, int fd, std::uint32_t wanted) noexcept {
    if ((r.interest & wanted) == wanted) return {};
    epoll_event event{};
    event.events = r.interest | wanted;
    event.data.ptr = &r;
    if (::epoll_ctl(epoll_, r.interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0) return last_error();
    r.interest = event.events;
    return {};
}

// close(2) alone would do, but for a descriptor that a forked child or dup(2) keeps alive: its events would go on.
void epoll_network::unwatch(epoll_registration& r, int fd) noexcept {
    if (r.interest != 0) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
    r.interest = 0;
}

void epoll_network::forget(epoll_registration& r, int fd) noexcept {
    unwatch(r, fd);
    r.close();
    drop(r);
}

void epoll_network::drop(epoll_registration& r) noexcept {
    *(r.previous == nullptr ? &first_ : &r.previous->next) = r.next;
    if (r.next != nullptr) r.next->previous = r.previous;
    --sockets_;
    delete &r;
}

void epoll_network::abandon(epoll_registration& r, int fd) noexcept {
    unwatch(r, fd);
    r.owner = nullptr;
    r.next_abandoned = abandoned_;
    abandoned_ = &r;
    any_abandoned_.store(true, std::memory_order_release);
    wake_up();
}

// They left epoll before they came here, and the batch that may have named them is done.
void epoll_network::collect_abandoned() noexcept {
    std::lock_guard held(epoll_socket::ends);
    any_abandoned_.store(false, std::memory_order_relaxed);
    while (abandoned_ != nullptr) {
        epoll_registration& r = *abandoned_;
        abandoned_ = r.next_abandoned;
        r.close();
        drop(r);
    }
}

int epoll_network::look(std::int64_t timeout_ns) noexcept {
    if (timeout_ns > 0 && !no_nanoseconds_) {
        const timespec limit{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
        const long n = ::syscall(epoll_pwait2_number, epoll_, events_.data(), events_per_turn, &limit, nullptr, 0);
        if (n >= 0 || errno == EINTR) return static_cast<int>(n);
        no_nanoseconds_ = true;  // an older kernel, or a filter of system calls that does not know it
    }
    return ::epoll_wait(epoll_, events_.data(), events_per_turn, milliseconds(timeout_ns));
}

void epoll_network::wait(std::int64_t timeout_ns) noexcept {
    const int n = look(timeout_ns);
    for (int i = 0; i < n; ++i) {
        const epoll_event& e = events_[static_cast<std::size_t>(i)];
        auto* r = static_cast<epoll_registration*>(e.data.ptr);
        if (r != nullptr) r->event(e.events);  // null: wake_up()
    }
    if (any_abandoned_.load(std::memory_order_acquire)) collect_abandoned();
}

std::unique_ptr<epoll_network_base> make_epoll_network() { return std::make_unique<epoll_network>(); }

}  // namespace cardea::detail
