// The socket calls that never wait, and those that do when somebody moves the world meanwhile.
#include <fcntl.h>
#include <netinet/in.h>

#include "stack_c/handle.hpp"

using namespace cardea::stack_c;
namespace stack_ns = cardea::stack;

namespace {

/// Runs `f(descriptor)` for a call on `fd`, then what it has caused.
template <typename F>
int on_descriptor(cardea_stack* stack, int fd, F&& f) {
    return guarded(-1, [&] {
        if (stack == nullptr) return fail(EINVAL);
        auto const d = stack->find(fd);
        if (!d) return fail(EBADF);
        outcome const o = f(*d);
        stack->settle();
        return report(o);
    });
}

/// A call that may wait: made by `make`, tried, waited for.
template <typename R, typename F>
R waiting_call(cardea_stack* stack, int fd, int flags, F&& make, sockaddr* address = nullptr,
               socklen_t* size = nullptr) {
    return guarded<R>(R(-1), [&] {
        if (stack == nullptr || (address != nullptr && size == nullptr)) return fail<R>(EINVAL);
        cardea_stack_call call;
        call.owner = stack;
        make(call);
        auto const o = run(call, may_wait(*stack, fd, flags));
        if (call.has_peer) write_address(call.peer, address, size);
        return report<R>(o);
    });
}

}  // namespace

int cardea_stack_socket(cardea_stack* stack, int domain, int type, int protocol) {
    return guarded(-1, [=] {
        if (stack == nullptr) return fail(EINVAL);
        if (domain != AF_INET && domain != AF_INET6) return fail(EAFNOSUPPORT);
        int const kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (kind != SOCK_STREAM && kind != SOCK_DGRAM) return fail(EINVAL);
        if (protocol != 0 && protocol != (kind == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP))
            return fail(EPROTONOSUPPORT);
        auto const family = domain == AF_INET ? stack_ns::ip_version::v4 : stack_ns::ip_version::v6;
        auto d = std::make_shared<descriptor>();
        d->socket = kind == SOCK_STREAM ? stack->host.open_tcp(family) : stack->host.open_udp(family);
        if (!d->socket) return fail(ENFILE);
        d->nonblocking = (type & SOCK_NONBLOCK) != 0;
        return stack->install(std::move(d));
    });
}

int cardea_stack_bind(cardea_stack* stack, int fd, const struct sockaddr* address, socklen_t size) {
    return on_descriptor(stack, fd, [&](descriptor& d) {
        stack_ns::endpoint local;
        if (int const e = read_address(address, size, d.socket->family(), local); e != 0) return outcome::failed(e);
        return outcome::of(d.socket->bind(local));
    });
}

int cardea_stack_listen(cardea_stack* stack, int fd, int backlog) {
    return on_descriptor(stack, fd, [&](descriptor& d) {
        // listen(2): a negative backlog is a very large one.
        auto const bound = backlog < 0 ? std::uint32_t{SOMAXCONN} : static_cast<std::uint32_t>(backlog);
        return outcome::of(d.socket->listen(bound, stack->now));
    });
}

int cardea_stack_shutdown(cardea_stack* stack, int fd, int how) {
    return on_descriptor(stack, fd, [&](descriptor& d) {
        switch (how) {
            case SHUT_RD:
                return outcome::of(d.socket->shutdown(stack_ns::shutdown_mode::read, stack->now));
            case SHUT_WR:
                return outcome::of(d.socket->shutdown(stack_ns::shutdown_mode::write, stack->now));
            case SHUT_RDWR:
                return outcome::of(d.socket->shutdown(stack_ns::shutdown_mode::both, stack->now));
            default:
                return outcome::failed(EINVAL);
        }
    });
}

int cardea_stack_getsockname(cardea_stack* stack, int fd, struct sockaddr* address, socklen_t* size) {
    return on_descriptor(stack, fd, [&](descriptor& d) {
        if (address == nullptr || size == nullptr) return outcome::failed(EINVAL);
        write_address(d.socket->local(), address, size);
        return outcome{};
    });
}

int cardea_stack_getpeername(cardea_stack* stack, int fd, struct sockaddr* address, socklen_t* size) {
    return on_descriptor(stack, fd, [&](descriptor& d) {
        if (address == nullptr || size == nullptr) return outcome::failed(EINVAL);
        auto const peer = d.socket->remote();
        if (!peer) return outcome::failed(ENOTCONN);
        write_address(*peer, address, size);
        return outcome{};
    });
}

int cardea_stack_set_nonblocking(cardea_stack* stack, int fd, int on) {
    return on_descriptor(stack, fd, [&](descriptor& d) {
        d.nonblocking = on != 0;
        return outcome{};
    });
}

int cardea_stack_get_nonblocking(cardea_stack* stack, int fd) {
    return on_descriptor(stack, fd, [&](descriptor& d) { return outcome{d.nonblocking ? 1 : 0, 0}; });
}

int cardea_stack_accept(cardea_stack* stack, int fd, struct sockaddr* address, socklen_t* size) {
    return waiting_call<int>(
        stack, fd, 0, [=](cardea_stack_call& c) { make_accept(c, fd); }, address, size);
}

int cardea_stack_connect(cardea_stack* stack, int fd, const struct sockaddr* address, socklen_t size) {
    return waiting_call<int>(stack, fd, 0, [=](cardea_stack_call& c) { make_connect(c, fd, address, size); });
}

ssize_t cardea_stack_send(cardea_stack* stack, int fd, const void* data, size_t size, int flags) {
    return cardea_stack_sendto(stack, fd, data, size, flags, nullptr, 0);
}

ssize_t cardea_stack_recv(cardea_stack* stack, int fd, void* buffer, size_t size, int flags) {
    return cardea_stack_recvfrom(stack, fd, buffer, size, flags, nullptr, nullptr);
}

ssize_t cardea_stack_sendto(cardea_stack* stack, int fd, const void* data, size_t size, int flags,
                            const struct sockaddr* address, socklen_t address_size) {
    return waiting_call<ssize_t>(
        stack, fd, flags, [=](cardea_stack_call& c) { make_send(c, fd, data, size, flags, address, address_size); });
}

ssize_t cardea_stack_recvfrom(cardea_stack* stack, int fd, void* buffer, size_t size, int flags,
                              struct sockaddr* address, socklen_t* address_size) {
    return waiting_call<ssize_t>(
        stack, fd, flags, [=](cardea_stack_call& c) { make_recv(c, fd, buffer, size, flags); }, address, address_size);
}

int cardea_stack_close(cardea_stack* stack, int fd) {
    return waiting_call<int>(stack, fd, 0, [=](cardea_stack_call& c) { make_close(c, fd); });
}

int cardea_stack_poll(cardea_stack* stack, struct pollfd* fds, nfds_t count, int timeout_ms) {
    return guarded(-1, [=] {
        if (stack == nullptr || (fds == nullptr && count != 0)) return fail(EINVAL);
        cardea_stack_call call;
        call.owner = stack;
        make_poll(call, fds, count, timeout_ms);
        auto const o = run(call, timeout_ms != 0 && stack->wait != nullptr);
        // Without anybody to wait for, poll(2)'s answer is that nothing is ready.
        return o.result < 0 && o.number == EAGAIN ? 0 : report(o);
    });
}

int cardea_stack_abort(cardea_stack* stack, int fd) {
    return on_descriptor(stack, fd, [&](descriptor& d) {
        d.socket->abort(stack->now);
        stack->descriptors[static_cast<std::size_t>(fd - first_descriptor)] = nullptr;
        return outcome{};
    });
}

int cardea_stack_set_wait(cardea_stack* stack, cardea_stack_wait wait, void* user) {
    if (stack == nullptr) return fail(EINVAL);
    stack->wait = wait;
    stack->wait_user = user;
    return 0;
}
