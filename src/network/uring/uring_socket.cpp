// The calls of an io_uring socket: each is straight-line code that parks its fiber until the kernel's completion.
#include "network/uring/uring_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

#include "network/uring/perform.hpp"

namespace cardea::detail {

namespace {

constexpr std::size_t send_at_most = std::size_t{1} << 30;  // a completion's result is 32 bits
// How often a full queue of a Unix socket is tried again.
constexpr std::int64_t retry_after_ns = 1'000'000;

// What the kernel says of a request that was cancelled, or that was not to wait.
bool comes_of_cancelling(int error) noexcept { return error == ECANCELED || error == EINTR || would_block(error); }

}  // namespace

uring_socket::uring_socket(uring_network& home, int fd, family f, type t) noexcept
    : kernel_socket(fd, f, t), home_(&home), receiver_(*this) {
    home.enlist(*this);
}

uring_socket::~uring_socket() { uring_socket::close(); }

network* uring_socket::home() const noexcept { return home_; }

void uring_socket::settle_in(native_socket& from) noexcept {
    learn_linger();
    receiver_.begin_with(from);
    inherit(from);
    // io_uring waits by itself; O_NONBLOCK would make it give up. Whoever else accepts from the same listener may count
    // on it, and accepting bears it.
    if (!is_shared() || !is_listening()) set_nonblocking(false);
}

std::error_code uring_socket::explain(outcome ended) const noexcept {
    if (closing_) return errc::closed;
    // It failed by itself before the kernel could cancel it: the error has been taken out of the socket, and nobody
    // else will hear of it.
    const bool failed = ended.result < 0 && !comes_of_cancelling(-ended.result);
    if (ended.why != wake::ready && !failed) return to_error(ended.why);
    return system_error_code(-ended.result);
}

// --- making connections ---------------------------------------------------------------------------------------------

std::error_code uring_socket::accept(std::unique_ptr<network_socket>& connection, endpoint& client) noexcept {
    const use here(*this);
    if (closing_) return errc::closed;
    if (has_inherited()) return accept_inherited(*home_, connection, client);
    if (!acceptor_) acceptor_.reset(new (std::nothrow) acceptor(*this, is_shared() && is_nonblocking()));
    if (!acceptor_) return std::make_error_code(std::errc::not_enough_memory);
    int fd = -1;
    if (const std::error_code failed = acceptor_->accept(*home_, fd, client)) return failed;
    auto* made = new (std::nothrow) uring_socket(*home_, fd, family_, type_);
    if (made == nullptr) {
        ::close(fd);
        return std::make_error_code(std::errc::not_enough_memory);
    }
    if (hands_on_linger()) made->learn_linger();
    connection.reset(made);
    return {};
}

std::error_code uring_socket::connect(const endpoint& server) noexcept {
    const use here(*this);
    if (closing_) return errc::closed;
    if (family_ != family::local) return connect_to(server);
    // Blocking, it would wait in a worker thread of the kernel while the listener's queue is full.
    set_nonblocking(true);
    const std::error_code result = connect_to(server);
    set_nonblocking(false);
    return result;
}

std::error_code uring_socket::connect_to(const endpoint& server) noexcept {
    for (;;) {
        if (closing_) return errc::closed;
        const auto ended = perform([&](io_uring_sqe* e) {
            io_uring_prep_connect(e, fd_, static_cast<const sockaddr*>(server.native()),
                                  static_cast<socklen_t>(server.native_size()));
        });
        // A handshake that an ICMP error ended completes with 0 all the same (seen with Linux 6.18): SO_ERROR knows.
        if (ended.result >= 0) return type_ == type::stream ? pending_error() : std::error_code();
        if (ended.why != wake::ready) {
            abandon_connect();
            return explain(ended);
        }
        if (ended.result == -EINTR) continue;
        if (!would_block(-ended.result) || family_ != family::local) return explain(ended);
        // The listener's queue is full, and no readiness tells when it has room again (connect(2)).
        if (const std::error_code failed = pause(retry_after_ns)) return failed;
    }
}

// --- moving bytes ---------------------------------------------------------------------------------------------------

io_result uring_socket::send(const_buffer data) noexcept {
    const use here(*this);
    if (closing_) return {0, errc::closed};
    if (type_ != type::stream) {
        return uses_messages() ? send_plainly(data, nullptr) : send_record(data.data(), data.size(), nullptr);
    }
    return send_in_turn(data.size(), [&](io_uring_sqe* e, std::size_t done) {
        const const_buffer rest = data.after(done);
        io_uring_prep_send(e, fd_, rest.data(), std::min(rest.size(), send_at_most), MSG_NOSIGNAL);
    });
}

// A datagram or record leaves at once as a rule. When there is no room for it, it waits for that and tries again: a
// sendmsg in the ring would lose its data (Linux forgets where the datagram began when it tries a second time).
io_result uring_socket::send_record(const void* data, std::size_t size, const endpoint* to) noexcept {
    iovec what{const_cast<void*>(data), size};
    msghdr message{};
    message.msg_iov = &what;
    message.msg_iovlen = 1;
    if (to != nullptr) {
        message.msg_name = const_cast<void*>(to->native());
        message.msg_namelen = static_cast<socklen_t>(to->native_size());
    }
    while (!closing_) {
        const ssize_t n = ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) {
            loop::current()->count_call();
            return {static_cast<std::size_t>(n), {}};
        }
        if (errno == EINTR) continue;
        if (!would_block(errno)) return {0, last_error()};
        if (const std::error_code failed = wait_to_send(to)) return {0, failed};
    }
    return {0, errc::closed};
}

std::error_code uring_socket::wait_to_send(const endpoint* to) noexcept {
    // An unconnected Unix socket is always writable; whether its receiver has room only sendmsg(2) knows.
    if (family_ == family::local && to != nullptr) return pause(retry_after_ns);
    const auto ended = perform([&](io_uring_sqe* e) { io_uring_prep_poll_add(e, fd_, POLLOUT); });
    return ended.result >= 0 || ended.result == -EINTR ? std::error_code() : explain(ended);
}

io_result uring_socket::recv(mutable_buffer room) noexcept {
    const use here(*this);
    if (closing_) return {0, errc::closed};
    return type_ == type::stream ? receiver_.recv(*home_, room) : recv_record(room);
}

io_result uring_socket::send_to(const_buffer datagram, const endpoint& to) noexcept {
    const use here(*this);
    if (closing_) return {0, errc::closed};
    if (uses_messages()) return send_plainly(datagram, &to);
    return send_record(datagram.data(), datagram.size(), &to);
}

io_result uring_socket::recv_from(mutable_buffer room, endpoint& from, bool& truncated) noexcept {
    const use here(*this);
    if (closing_) return {0, errc::closed};
    if (uses_messages()) return recv_plainly(room, from, truncated);
    sockaddr_storage sender;
    iovec where{room.data(), room.size()};
    for (;;) {
        msghdr message{};
        message.msg_name = &sender;
        message.msg_namelen = sizeof sender;
        message.msg_iov = &where;
        message.msg_iovlen = 1;
        outcome ended{0, wake::ready};
        const ssize_t n = ::recvmsg(fd_, &message, MSG_DONTWAIT);
        if (n >= 0) {
            ended.result = static_cast<std::int32_t>(n);
        } else if (would_block(errno)) {
            ended = perform([&](io_uring_sqe* e) { io_uring_prep_recvmsg(e, fd_, &message, 0); });
        } else {
            ended.result = -errno;
        }
        if (ended.result == -EINTR && ended.why == wake::ready && !closing_) continue;
        if (ended.result < 0) return {0, explain(ended)};
        from = endpoint::from_native(&sender, message.msg_namelen);
        truncated = (message.msg_flags & MSG_TRUNC) != 0;
        if (n >= 0) loop::current()->count_call();
        return {static_cast<std::size_t>(ended.result), {}};
    }
}

// --- ending ---------------------------------------------------------------------------------------------------------

void uring_socket::received(std::int32_t result, std::uint32_t flags) noexcept {
    receiver_.completed(*home_, result, flags);
    note_progress();
}

void uring_socket::arrived(std::int32_t result, std::uint32_t flags) noexcept {
    acceptor_->completed(*home_, result, flags);
    note_progress();
}

bool uring_socket::quiet() const noexcept {
    return calls_ == 0 && !receiver_.armed() && (!acceptor_ || !acceptor_->armed());
}

void uring_socket::note_progress() noexcept {
    if (closer_ != nullptr && quiet()) loop::current()->make_ready(*closer_);
}

// Ends whatever the kernel has of this socket, and wakes whoever waits without the kernel.
void uring_socket::stop_everything() noexcept {
    if (calls_ > 0) {
        io_uring_sqe* e = home_->entry();
        io_uring_prep_cancel_fd(e, fd_, IORING_ASYNC_CANCEL_ALL);
        e->user_data = tag(nullptr, target::nobody);
    }
    // No entry may be free (the kernel holds completions back): then those are looked at first.
    while (!receiver_.stop(*home_)) home_->wait(0);
    receiver_.wake_everybody();
    if (acceptor_) {
        while (!acceptor_->stop(*home_)) home_->wait(0);
        acceptor_->wake_everybody();
    }
    senders_.wake_all();
}

void uring_socket::wait_until_quiet() noexcept {
    loop* here = loop::current();
    if (here == nullptr || here->running() == nullptr) {
        home_->pump_until([this] { return quiet(); });
        return;
    }
    closer_ = here->running();
    while (!quiet()) here->park(patience::uninterruptible);
    closer_ = nullptr;
}

// Not inline: g++ 12 takes what is linked to, and waited for, in one function for something that dangles.
[[gnu::noinline]] void uring_socket::stand_by(closed_wait& one) noexcept {
    one.next = closers_;
    closers_ = &one;
}

// Another fiber is about to close it: it must have done so before this one may, perhaps, destroy it.
void uring_socket::wait_for_closer() noexcept {
    const loop* here = loop::current();
    if (closer_ == nullptr || here == nullptr || here->running() == nullptr) return;
    closed_wait mine{here->running()};
    stand_by(mine);
    while (!mine.over) loop::current()->park(patience::uninterruptible);
}

void uring_socket::let_closers_go() noexcept {
    closed_wait* next = std::exchange(closers_, nullptr);
    while (next != nullptr) {
        closed_wait& one = *std::exchange(next, next->next);
        one.over = true;
        loop::current()->make_ready(*one.who);
    }
}

void uring_socket::check_thread() const noexcept {
    const loop* here = loop::current();
    if (here != nullptr && &here->net() == home_) return;
    std::fputs("cardea: a socket of a running loop was closed on another thread; hand it over with detach()\n", stderr);
    std::abort();
}

std::error_code uring_socket::close() noexcept {
    if (std::exchange(closing_, true)) {
        wait_for_closer();
        return {};
    }
    if (home_ != nullptr) {
        check_thread();
        if (!quiet()) {
            stop_everything();
            wait_until_quiet();
        }
        receiver_.discard(home_->buffers());
        home_->strike_off(*this);
    }
    acceptor_.reset();
    const int fd = fd_;
    const bool waits_for_peer = lingers();
    let_closers_go();
    close_beside_loop(fd, waits_for_peer);  // whoever destroys it may have done so meanwhile
    return {};
}

std::error_code uring_socket::release(native_socket& out) noexcept {
    if (closing_) return errc::closed;
    if (home_ != nullptr) {
        const loop* here = loop::current();
        if (calls_ > 0 || here == nullptr || &here->net() != home_) return errc::wrong_network;
        closing_ = true;
        if (!quiet()) {
            stop_everything();
            wait_until_quiet();
        }
        if (!receiver_.can_give_up()) return refuse_release();
        home_->strike_off(*this);
    }
    receiver_.give_up(home_ != nullptr ? &home_->buffers() : nullptr, out);
    closing_ = true;
    give_inherited_to(out);
    if (acceptor_) acceptor_->give_up(out);
    acceptor_.reset();
    out.descriptor = fd_;
    out.family = family_;
    out.type = type_;
    let_closers_go();
    return {};
}

// No memory for what was received: it stays a socket of this loop, unless somebody has closed it meanwhile.
std::error_code uring_socket::refuse_release() noexcept {
    closing_ = false;
    if (closers_ == nullptr) return std::make_error_code(std::errc::not_enough_memory);
    uring_socket::close();
    return errc::closed;
}

void uring_socket::orphan() noexcept {
    if (!quiet()) {
        stop_everything();
        wait_until_quiet();
    }
    native_socket kept;
    receiver_.give_up(&home_->buffers(), kept);
    receiver_.begin_with(kept);
    home_->strike_off(*this);
    home_ = nullptr;
}

}  // namespace cardea::detail
