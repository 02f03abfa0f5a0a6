// The calls: tried at once, and again whenever epoll says that it is worth it. recv(2), send(2), accept(2), connect(2),
// epoll(7). Whoever waits stands in line; what is done while others could run (parking, yielding) comes last.
#include "network/epoll/epoll_socket.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "fiber/loop.hpp"
#include "network/epoll/epoll_network.hpp"
#include "network/epoll/epoll_perform.hpp"

namespace cardea::detail {

namespace {

const sockaddr* raw(const endpoint& e) noexcept { return static_cast<const sockaddr*>(e.native()); }
socklen_t raw_size(const endpoint& e) noexcept { return static_cast<socklen_t>(e.native_size()); }

}  // namespace

constinit std::mutex epoll_socket::ends;

std::error_code epoll_socket::usable() const noexcept {
    if (fd_ < 0) return errc::closed;
    if (home_.load(std::memory_order_acquire) == nullptr) return errc::wrong_network;
    return {};
}

// --- moving bytes ---------------------------------------------------------------------------------------------------

io_result epoll_socket::send(const_buffer data) noexcept {
    io_result done;
    done.error = usable();
    if (done.error) return done;
    if (uses_messages()) return send_plainly(data, nullptr);
    done.error = perform(record_->out, epoll_writing, [&]() noexcept {
        const const_buffer rest = data.after(done.bytes);
        const ssize_t n = restarted([&] { return ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT); });
        if (n < 0) return errno;
        done.bytes += static_cast<std::size_t>(n);
        loop::current()->running()->made_progress();
        // Less than all means that the buffer is full, and that epoll will tell when it is not (epoll(7)).
        return type_ == type::stream && done.bytes < data.size() ? EAGAIN : 0;
    });
    return done;
}

io_result epoll_socket::recv(mutable_buffer room) noexcept {
    io_result done;
    done.error = usable();
    if (done.error) return done;
    if (!unread_.empty()) return take_unread(room);
    if (type_ != type::stream) return recv_record(room);
    done.error = perform(record_->in, epoll_reading, [&]() noexcept {
        const ssize_t n = restarted([&] { return ::recv(fd_, room.data(), room.size(), MSG_DONTWAIT); });
        if (n < 0) return errno;
        done.bytes = static_cast<std::size_t>(n);
        record_->read_gave(done.bytes, room.size());
        return 0;
    });
    return done;
}

io_result epoll_socket::send_to(const_buffer datagram, const endpoint& to) noexcept {
    io_result done;
    done.error = usable();
    if (done.error) return done;
    if (uses_messages()) return send_plainly(datagram, &to);
    const std::uint32_t wanted = family_ == family::local ? epoll_tells_nothing : epoll_writing;
    done.error = perform(record_->out, wanted, [&]() noexcept {
        const ssize_t n = restarted([&] {
            return ::sendto(fd_, datagram.data(), datagram.size(), MSG_NOSIGNAL | MSG_DONTWAIT, raw(to), raw_size(to));
        });
        if (n < 0) return errno;
        done.bytes = static_cast<std::size_t>(n);
        return 0;
    });
    return done;
}

io_result epoll_socket::recv_from(mutable_buffer room, endpoint& from, bool& truncated) noexcept {
    io_result done;
    done.error = usable();
    if (done.error) return done;
    if (!unread_.empty()) {
        from = {};
        truncated = false;
        return take_unread(room);
    }
    if (uses_messages()) return recv_plainly(room, from, truncated);
    done.error = perform(record_->in, epoll_reading, [&]() noexcept {
        sockaddr_storage sender;
        iovec where{room.data(), room.size()};
        msghdr message{};
        message.msg_name = &sender;
        message.msg_namelen = sizeof sender;
        message.msg_iov = &where;
        message.msg_iovlen = 1;
        const ssize_t n = restarted([&] { return ::recvmsg(fd_, &message, MSG_DONTWAIT); });
        if (n < 0) return errno;
        done.bytes = static_cast<std::size_t>(n);
        from = endpoint::from_native(&sender, message.msg_namelen);
        truncated = (message.msg_flags & MSG_TRUNC) != 0;
        return 0;
    });
    return done;
}

io_result epoll_socket::take_unread(mutable_buffer room) noexcept { return unread_.take(room); }

// --- making connections ---------------------------------------------------------------------------------------------

std::error_code epoll_socket::bind(const endpoint& where) noexcept {
    const std::error_code refused = usable();
    return refused ? refused : kernel_socket::bind(where);
}

std::error_code epoll_socket::listen(int backlog) noexcept {
    const std::error_code refused = usable();
    return refused ? refused : kernel_socket::listen(backlog);
}

std::error_code epoll_socket::shutdown(direction how) noexcept {
    const std::error_code refused = usable();
    return refused ? refused : kernel_socket::shutdown(how);
}

std::error_code epoll_socket::accept(std::unique_ptr<network_socket>& connection, endpoint& client) noexcept {
    if (const std::error_code refused = usable()) return refused;
    if (has_inherited()) return accept_inherited(*home_.load(std::memory_order_relaxed), connection, client);
    return perform(record_->in, epoll_reading, [&]() noexcept {
        sockaddr_storage from;
        socklen_t size = sizeof from;
        int fd = -1;
        do {
            size = sizeof from;
            fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        } while (fd < 0 && accept_again(errno));
        if (fd < 0) return errno;
        epoll_socket* made = home_.load(std::memory_order_relaxed)->make(fd, family_, type_);
        if (made == nullptr) {
            ::close(fd);
            return ENOMEM;
        }
        if (hands_on_linger()) made->learn_linger();
        client = endpoint::from_native(&from, size);
        connection.reset(made);
        return 0;
    });
}

std::error_code epoll_socket::connect(const endpoint& server) noexcept {
    if (const std::error_code refused = usable()) return refused;
    bool under_way = false;
    const std::uint32_t wanted = family_ == family::local ? epoll_tells_nothing : epoll_writing;
    // Asked again while the handshake goes on connect(2) says EALREADY, and after it how it ended: no event that is
    // about something else can be mistaken for the answer.
    const std::error_code result = perform(record_->out, wanted, [&]() noexcept {
        const ssize_t rc = restarted([&] { return ::connect(fd_, raw(server), raw_size(server)); });
        under_way = rc != 0 && (errno == EINPROGRESS || errno == EALREADY);
        if (rc == 0) return 0;
        return under_way ? EAGAIN : errno;
    });
    if (under_way && result != errc::closed) {
        abandon_connect();
        record_->in.ready = true;
        record_->out.ready = true;
    }
    return result;
}

// --- where it lives, and its end ------------------------------------------------------------------------------------

network* epoll_socket::home() const noexcept { return home_.load(std::memory_order_acquire); }

void epoll_socket::settle_in(native_socket& from) noexcept {
    learn_linger();
    unread_ = unread_bytes(from);
    inherit(from);
}

void epoll_socket::orphan() noexcept {
    record_ = nullptr;
    home_.store(nullptr, std::memory_order_release);
}

void epoll_socket::disown() noexcept {
    fd_ = -1;
    home_.store(nullptr, std::memory_order_relaxed);
}

void epoll_socket::leave_network() noexcept {
    epoll_network* home = home_.load(std::memory_order_acquire);
    if (home == nullptr) return;
    if (epoll_network::runs_here(home)) {
        home->forget(*std::exchange(record_, nullptr), fd_);
    } else {
        std::lock_guard held(ends);
        home = home_.load(std::memory_order_relaxed);
        if (home == nullptr) return;  // it ended just now
        home->abandon(*std::exchange(record_, nullptr), fd_);
    }
    home_.store(nullptr, std::memory_order_relaxed);
}

void epoll_socket::end() noexcept {
    if (fd_ < 0) return;
    leave_network();
    close_beside_loop(std::exchange(fd_, -1), lingers());
}

std::error_code epoll_socket::close() noexcept {
    end();
    return {};
}

std::error_code epoll_socket::release(native_socket& out) noexcept {
    if (fd_ < 0) return errc::closed;
    if (const epoll_network* home = home_.load(std::memory_order_acquire); home != nullptr) {
        if (!epoll_network::runs_here(home) || !record_->idle()) return errc::wrong_network;
        leave_network();
    }
    out.descriptor = std::exchange(fd_, -1);
    out.family = family_;
    out.type = type_;
    unread_.give_to(out);
    give_inherited_to(out);
    return {};
}

// --- what never waits -----------------------------------------------------------------------------------------------

// An orphan still knows its names and options.
std::error_code epoll_socket::local(endpoint& out) const noexcept {
    return is_open() ? kernel_socket::local(out) : errc::closed;
}

std::error_code epoll_socket::peer(endpoint& out) const noexcept {
    return is_open() ? kernel_socket::peer(out) : errc::closed;
}

std::error_code epoll_socket::get_option(option_id option, option_value& value) const noexcept {
    return is_open() ? kernel_socket::get_option(option, value) : errc::closed;
}

std::error_code epoll_socket::set_option(option_id option, option_value value) noexcept {
    const std::error_code refused = usable();
    return refused ? refused : kernel_socket::set_option(option, value);
}

}  // namespace cardea::detail
