// Completions to waiting fibers; opening, adopting and, at the end, orphaning sockets.
#include "network/uring/uring_network.hpp"

#include <poll.h>
#include <unistd.h>

#include <new>

#include "network/splice_pipe.hpp"
#include "network/uring/self_test.hpp"
#include "network/uring/uring_socket.hpp"

namespace cardea::detail {

uring_network::uring_network() : buffers_(ring_) {
    require_multishot_receive(ring_, buffers_);
    watch_waker();
}

uring_network::~uring_network() {
    // Sockets that outlive their loop keep their descriptor and what was received: the next user's network adopts them.
    while (sockets_ != nullptr) sockets_->orphan();
    splice_pipe::forget_kept();
}

std::error_code uring_network::open(family f, type t, int protocol, std::unique_ptr<network_socket>& out) noexcept {
    int fd = -1;
    if (const std::error_code failed = open_descriptor(f, t, protocol, 0, fd)) return failed;
    out.reset(new (std::nothrow) uring_socket(*this, fd, f, t));
    if (out) return {};
    ::close(fd);
    return std::make_error_code(std::errc::not_enough_memory);
}

std::error_code uring_network::adopt(native_socket&& from, std::unique_ptr<network_socket>& out) noexcept {
    if (const std::error_code unknown = identify(from)) return unknown;
    auto* made = new (std::nothrow) uring_socket(*this, from.descriptor, from.family, from.type);
    if (made == nullptr) return std::make_error_code(std::errc::not_enough_memory);
    out.reset(made);
    made->settle_in(from);
    return {};
}

io_uring_sqe* uring_network::entry() noexcept {
    for (;;) {
        if (io_uring_sqe* e = ring_.entry(); e != nullptr) return e;
        drain();
        ring_.enter(0);
    }
}

bool uring_network::try_cancel(std::uint64_t user_data) noexcept {
    io_uring_sqe* e = ring_.entry();
    if (e == nullptr) return false;
    io_uring_prep_cancel64(e, user_data, 0);
    e->user_data = tag(nullptr, target::nobody);
    return true;
}

wake uring_network::await(operation& op) noexcept {
    loop& here = *loop::current();
    op.waits = here.running();
    wake why = wake::ready;
    while (!op.done && why == wake::ready) why = here.park(patience::interruptible);
    if (op.done) return wake::ready;
    while (!try_cancel(tag(&op, target::operation))) wait(0);
    while (!op.done) here.park(patience::uninterruptible);
    return why;
}

void uring_network::complete(std::uint64_t user_data, std::int32_t result, std::uint32_t flags) noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel hands addresses back as integers
    void* const address = reinterpret_cast<void*>(static_cast<std::uintptr_t>(user_data & ~target_bits));
    switch (static_cast<target>(user_data & target_bits)) {
        case target::operation: {
            auto& op = *static_cast<operation*>(address);
            op.result = result;
            op.done = true;
            loop::current()->make_ready(*op.waits);
            break;
        }
        case target::receiver:
            static_cast<uring_socket*>(address)->received(result, flags);
            break;
        case target::acceptor:
            static_cast<uring_socket*>(address)->arrived(result, flags);
            break;
        case target::waker:
            waker_.drain();
            watching_ = (flags & IORING_CQE_F_MORE) != 0;
            break;
        case target::nobody:
            break;
    }
}

bool uring_network::drain() noexcept {
    return ring_.drain([this](std::uint64_t user_data, std::int32_t result, std::uint32_t flags) {
        complete(user_data, result, flags);
    });
}

void uring_network::watch_waker() noexcept {
    io_uring_sqe* e = ring_.entry();
    if (e == nullptr) return;  // the queue is full: the next turn tries again
    io_uring_prep_poll_multishot(e, waker_.descriptor(), POLLIN);
    e->user_data = tag(nullptr, target::waker);
    watching_ = true;
}

void uring_network::wait(std::int64_t timeout_ns) noexcept {
    // Bounds the rounds of one turn, so that a flood of completions does not keep ready fibers waiting.
    constexpr int rounds = 4;
    if (announced_) announced_->drain();
    if (!watching_) watch_waker();
    ring_.enter(timeout_ns);
    for (int i = 0; drain() && ring_.more_inside() && i < rounds; ++i) ring_.enter(0);
    if (announced_ && (ring_.more_inside() || ring_.has_completions())) announced_->signal();
}

// The ring's own descriptor would do, but that poll(2) on it does not hear of work that is put off until the next enter
// (DEFER_TASKRUN; seen with Linux 6.18).
int uring_network::pollable() {
    if (!announced_) {
        announced_ = std::make_unique<wake_event>();
        ring_.announce_by(announced_->descriptor());
    }
    return announced_->descriptor();
}

void uring_network::enlist(uring_socket& s) noexcept {
    s.next_ = sockets_;
    s.previous_ = nullptr;
    if (sockets_ != nullptr) sockets_->previous_ = &s;
    sockets_ = &s;
    ++open_;
}

void uring_network::strike_off(uring_socket& s) noexcept {
    (s.previous_ != nullptr ? s.previous_->next_ : sockets_) = s.next_;
    if (s.next_ != nullptr) s.next_->previous_ = s.previous_;
    s.next_ = s.previous_ = nullptr;
    --open_;
}

std::unique_ptr<uring_network_base> make_uring_network() { return std::make_unique<uring_network>(); }

std::string describe_uring(const network& made) { return static_cast<const uring_network&>(made).describe(); }

uring_pressure pressure_on_uring(const network& made) noexcept {
    return static_cast<const uring_network&>(made).pressure();
}

}  // namespace cardea::detail
