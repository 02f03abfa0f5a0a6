// Blocking calls: socket(7), recv(2), send(2), accept(2), connect(2), poll(2). EINTR restarts with the time that
// remains.
#include "network/thread/thread_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <new>

#include "fiber/thread_execution.hpp"
#include "network/thread/thread_transfer.hpp"

namespace cardea::detail {

namespace {
// How often a full queue of a Unix socket is tried again: no readiness tells of it.
constexpr std::int64_t retry_after_ns = 1'000'000;
}  // namespace

std::error_code thread_socket::wait_for(short events) noexcept {
    thread_execution& me = this_thread_execution();
    const std::int64_t call_ends = me.call_end();
    for (;;) {
        if (me.cancel_requested()) return errc::cancelled;
        const std::int64_t until = std::min(me.nearest_deadline(), call_ends);
        pollfd watched[2] = {{fd_, events, 0}, {-1, POLLIN, 0}};
        int n = 0;
        int failure = 0;
        {
            const kernel_wait wait(me, until);
            watched[1].fd = wait.descriptor();
            n = ::ppoll(watched, 2, wait.limit(), nullptr);
            failure = errno;
        }
        if (!is_open()) return errc::closed;
        if (n < 0 && failure != EINTR) return system_error_code(failure);
        if (n > 0 && watched[0].revents != 0) return {};
        // A deadline may have been moved meanwhile.
        if (n == 0 && me.now_ns() >= std::min(me.nearest_deadline(), call_ends)) return errc::timed_out;
    }
}

io_result thread_socket::send(const_buffer data) noexcept {
    if (type_ != type::stream) return uses_messages() ? send_plainly(data, nullptr) : send_all(data);
    return in_turn([&] { return send_all(data); });
}

io_result thread_socket::send_all(const_buffer data) noexcept {
    io_result all;
    do {
        const const_buffer rest = data.after(all.bytes);
        const io_result part =
            transfer(POLLOUT, [&](int flags) { return ::send(fd_, rest.data(), rest.size(), flags | MSG_NOSIGNAL); });
        all.bytes += part.bytes;
        all.error = part.error;
        if (part.bytes > 0) this_thread_execution().made_progress();
    } while (!all.error && all.bytes < data.size());
    return all;
}

io_result thread_socket::recv(mutable_buffer room) noexcept {
    if (type_ != type::stream) return recv_record(room);
    io_result unread;
    if (take_unread(unread, room, false)) return unread;
    return transfer(POLLIN, [&](int flags) { return ::recv(fd_, room.data(), room.size(), flags); });
}

io_result thread_socket::send_to(const_buffer datagram, const endpoint& to) noexcept {
    if (uses_messages()) return send_plainly(datagram, &to);
    const auto attempt = [&](int flags) {
        return ::sendto(fd_, datagram.data(), datagram.size(), flags | MSG_NOSIGNAL,
                        static_cast<const sockaddr*>(to.native()), static_cast<socklen_t>(to.native_size()));
    };
    if (family_ != family::local || !this_thread_execution().interruptible()) return transfer(POLLOUT, attempt);
    // An unconnected Unix socket is always writable, to poll(2); whether its receiver has room only sendto(2) knows.
    for (;;) {
        const use here(*this);
        if (!here) return {0, errc::closed};
        const ssize_t n = attempt(MSG_DONTWAIT);
        if (n >= 0) return {static_cast<std::size_t>(n), {}};
        if (errno == EINTR) continue;
        if (!would_block(errno)) return {0, here.explain(last_error())};
        if (const std::error_code failed = pause(retry_after_ns)) return {0, failed};
    }
}

io_result thread_socket::recv_from(mutable_buffer room, endpoint& from, bool& truncated) noexcept {
    if (uses_messages() || family_ == family::packet) return recv_plainly(room, from, truncated);
    sockaddr_storage sender{};
    iovec where{room.data(), room.size()};
    msghdr message{};
    const io_result done = transfer(POLLIN, [&](int flags) {
        message = {};
        message.msg_name = &sender;
        message.msg_namelen = sizeof sender;
        message.msg_iov = &where;
        message.msg_iovlen = 1;
        return ::recvmsg(fd_, &message, flags);
    });
    if (!done.error) {
        from = endpoint::from_native(&sender, message.msg_namelen);
        truncated = (message.msg_flags & MSG_TRUNC) != 0;
    }
    return done;
}

std::error_code thread_socket::bind(const endpoint& where) noexcept {
    const use here(*this);
    return here ? kernel_socket::bind(where) : errc::closed;
}

std::error_code thread_socket::listen(int backlog) noexcept {
    const use here(*this);
    if (!here) return errc::closed;
    // Readable may mean a connection that another thread takes first: accept itself must not block.
    if (const std::error_code failed = set_nonblocking(true)) return failed;
    return kernel_socket::listen(backlog);
}

std::error_code thread_socket::shutdown(direction how) noexcept {
    const use here(*this);
    return here ? kernel_socket::shutdown(how) : errc::closed;
}

std::error_code thread_socket::local(endpoint& out) const noexcept {
    const use here(*this);
    return here ? kernel_socket::local(out) : errc::closed;
}

std::error_code thread_socket::peer(endpoint& out) const noexcept {
    const use here(*this);
    return here ? kernel_socket::peer(out) : errc::closed;
}

std::error_code thread_socket::set_option(option_id option, option_value value) noexcept {
    const use here(*this);
    return here ? kernel_socket::set_option(option, value) : errc::closed;
}

std::error_code thread_socket::get_option(option_id option, option_value& value) const noexcept {
    const use here(*this);
    return here ? kernel_socket::get_option(option, value) : errc::closed;
}

std::error_code thread_socket::set_text_option(option_id option, const std::string& value) noexcept {
    const use here(*this);
    return here ? kernel_socket::set_text_option(option, value) : errc::closed;
}

std::error_code thread_socket::get_text_option(option_id option, std::string& value) const noexcept {
    const use here(*this);
    return here ? kernel_socket::get_text_option(option, value) : errc::closed;
}

std::error_code thread_socket::info(cardea::tcp_info& out) const noexcept {
    const use here(*this);
    return here ? kernel_socket::info(out) : errc::closed;
}

std::error_code thread_socket::set_membership(const group_membership& of, bool member) noexcept {
    const use here(*this);
    return here ? kernel_socket::set_membership(of, member) : errc::closed;
}

std::error_code thread_socket::peer_credentials(credentials& out) const noexcept {
    const use here(*this);
    return here ? kernel_socket::peer_credentials(out) : errc::closed;
}

std::error_code thread_socket::accept(std::unique_ptr<network_socket>& connection, endpoint& client) noexcept {
    const use here(*this);
    if (!here) return errc::closed;
    {
        const std::lock_guard held(unread_guard_);
        if (has_inherited()) return accept_inherited(home_, connection, client);
    }
    for (;;) {
        sockaddr_storage raw{};
        socklen_t size = sizeof raw;
        const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&raw), &size, SOCK_CLOEXEC);
        if (fd >= 0) {
            client = endpoint::from_native(&raw, size);
            connection.reset(new (std::nothrow) thread_socket(home_, fd, family_, type_));
            if (connection) return {};
            ::close(fd);
            return std::make_error_code(std::errc::not_enough_memory);
        }
        if (accept_again(errno)) continue;
        if (!would_block(errno)) return here.explain(last_error());
        if (const std::error_code failed = wait_for(POLLIN)) return failed;
    }
}

std::error_code thread_socket::connect(const endpoint& server) noexcept {
    const use here(*this);
    if (!here) return errc::closed;
    const auto* raw = static_cast<const sockaddr*>(server.native());
    // A Unix connect that waits for room in the listener's queue hears nothing of a close() of its own socket.
    if (this_thread_execution().interruptible() || family_ == family::local) {
        return here.explain(connect_bounded(server));
    }
    if (::connect(fd_, raw, static_cast<socklen_t>(server.native_size())) == 0) return {};
    // A signal does not end the handshake (connect(2)): wait for its outcome.
    if (errno != EINTR) return here.explain(last_error());
    const std::error_code failed = wait_for(POLLOUT);
    return failed ? failed : pending_error();
}

std::error_code thread_socket::connect_bounded(const endpoint& server) noexcept {
    const auto* raw = static_cast<const sockaddr*>(server.native());
    if (const std::error_code failed = set_nonblocking(true)) return failed;
    std::error_code result;
    while (::connect(fd_, raw, static_cast<socklen_t>(server.native_size())) != 0) {
        if (errno == EAGAIN && family_ == family::local) {
            // The listener's queue is full, and no readiness tells when it has room again (connect(2)).
            result = is_open() ? pause(retry_after_ns) : errc::closed;
            if (result) break;
            continue;
        }
        result = last_error();
        if (errno == EINPROGRESS || errno == EINTR) {
            result = wait_for(POLLOUT);
            if (!result) {
                result = pending_error();
            } else {
                abandon_connect();
            }
        }
        break;
    }
    set_nonblocking(false);
    return result;
}

void thread_socket::close_descriptor() const noexcept {
    if (!gone_.exchange(true)) ::close(fd_);
}

void thread_socket::end() noexcept {
    const use here(*this);
    if ((users_.fetch_or(closing, std::memory_order_acq_rel) & closing) != 0) return;
    // Others are in calls on it: those return now, and the last one out closes the descriptor.
    if ((users_.load(std::memory_order_acquire) & ~closing) > 1) ::shutdown(fd_, SHUT_RDWR);
}

std::error_code thread_socket::close() noexcept {
    end();
    return {};
}

std::error_code thread_socket::release(native_socket& out) noexcept {
    std::uint32_t idle = 0;
    if (!users_.compare_exchange_strong(idle, closing, std::memory_order_acq_rel)) {
        return (idle & closing) != 0 ? errc::closed : errc::wrong_network;
    }
    gone_ = true;
    out.descriptor = fd_;
    out.family = family_;
    out.type = type_;
    unread_.give_to(out);
    give_inherited_to(out);
    return {};
}

}  // namespace cardea::detail
