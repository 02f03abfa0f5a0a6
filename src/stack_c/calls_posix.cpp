// The calls that may block: each is an attempt that is repeated until it completes, its deadline comes, or its caller
// gives it up. A call that may not block is one whose deadline is now.
#include <algorithm>
#include <span>
#include <utility>

#include "stack/tcp/connection.hpp"
#include "stack_c/handle.hpp"

namespace cardea::stack_c {

namespace {

using stack::error;
using stack::milliseconds;

bool complete(cardea_stack_call& c, outcome const& o) {
    c.result = o;
    return true;
}

/// What has been done counts, and a failure after it is for the next call to tell.
bool complete_after_progress(cardea_stack_call& c, outcome const& o) {
    return complete(c, c.progress != 0 ? outcome{static_cast<ssize_t>(c.progress), 0} : o);
}

void fail_at_once(cardea_stack_call& c, int number) {
    c.attempt = [number](cardea_stack_call& self) { return complete(self, outcome::failed(number)); };
}

void limit(cardea_stack_call& c, time_ns timeout) {
    if (timeout > 0) c.deadline = c.owner->now + std::min(timeout, stack::never - 1 - c.owner->now);
}

short events_of(stack::socket const& s) {
    unsigned const r = s.readiness();
    unsigned events = 0;
    if ((r & stack::ready::readable) != 0) events |= POLLIN;
    if ((r & stack::ready::writable) != 0) events |= POLLOUT;
    if ((r & stack::ready::error) != 0) events |= POLLERR;
    if ((r & stack::ready::hangup) != 0) events |= POLLHUP;
    if (auto const* c = s.connection(); c != nullptr && c->urgent_ahead() != 0) events |= POLLPRI;
    return static_cast<short>(events);
}

bool try_connect(cardea_stack_call& c, descriptor& d, stack::endpoint const& peer, bool& begun) {
    auto const e = d.socket->connect(peer, c.owner->now);
    if (e != error::einprogress && e != error::ealready) return complete(c, outcome::of(e));
    if (!std::exchange(begun, true)) c.on_deadline = number_of(e);
    return false;
}

/// Everything into the send buffer, as a blocking send means it.
bool try_send(cardea_stack_call& c, descriptor& d, std::span<std::byte const> data, unsigned flags) {
    for (;;) {
        auto const r = d.socket->send({data.subspan(c.progress), {}}, flags, c.owner->now);
        if (r.problem == error::eagain) return false;
        if (r.problem != error::ok) return complete_after_progress(c, outcome::of(r));
        c.progress += r.size;
        if (c.progress == data.size() || !d.socket->is_stream())
            return complete(c, {static_cast<ssize_t>(c.progress), 0});
    }
}

bool try_recv(cardea_stack_call& c, descriptor& d, std::span<std::byte> into, int flags) {
    stack::receive_info info;
    unsigned const kind = (flags & MSG_PEEK) != 0 ? stack::message::peek : 0U;
    auto const r = d.socket->recv_from(into.subspan(c.progress), info, kind, c.owner->now);
    if (r.problem == error::eagain) return false;
    if (r.problem != error::ok) return complete_after_progress(c, outcome::of(r));
    if (info.from.address.version != stack::ip_version::none) c.peer = info.from, c.has_peer = true;
    c.progress += r.size;
    bool const stream = d.socket->is_stream();
    bool const more = stream && (flags & MSG_WAITALL) != 0 && (flags & MSG_PEEK) == 0;
    if (more && r.size != 0 && c.progress < into.size()) return false;
    bool const whole = !stream && (flags & MSG_TRUNC) != 0;
    return complete(c, {static_cast<ssize_t>(whole ? info.full_size : c.progress), 0});
}

/// SO_LINGER: what was sent is to be acknowledged first. Nothing waits for a reader that will not come.
bool must_linger(stack::socket& s, time_ns now, time_ns& how_long) {
    std::int64_t ms = 0;
    if (!s.is_stream() || s.connection() == nullptr) return false;
    if (s.get_option(stack::socket_option::linger_ms, ms, now) != error::ok || ms <= 0) return false;
    how_long = milliseconds(ms);
    return s.connection()->readable() == 0;
}

bool try_close(cardea_stack_call& c, descriptor_ptr const& d, bool& begun) {
    auto& s = *d->socket;
    time_ns linger = 0;
    if (!std::exchange(begun, true)) {
        auto const at = std::find(c.owner->descriptors.begin(), c.owner->descriptors.end(), d);
        if (at == c.owner->descriptors.end()) return complete(c, outcome::failed(EBADF));
        *at = nullptr;
        if (must_linger(s, c.owner->now, linger)) {
            s.shutdown(stack::shutdown_mode::write, c.owner->now);
            c.deadline = std::min(c.deadline, c.owner->now + linger);
        }
    }
    bool const lingers = must_linger(s, c.owner->now, linger) && (s.readiness() & stack::ready::drained) == 0;
    if (lingers && c.owner->now < c.deadline) return false;
    s.close(c.owner->now);
    return complete(c, {});
}

bool try_poll(cardea_stack_call& c, std::span<pollfd> fds) {
    int ready = 0;
    for (auto& p : fds) {
        p.revents = 0;
        if (p.fd < 0) continue;
        auto const d = c.owner->find(p.fd);
        auto const always = POLLERR | POLLHUP;
        p.revents = d ? static_cast<short>(events_of(*d->socket) & (p.events | always)) : short{POLLNVAL};
        if (p.revents != 0) ++ready;
    }
    return ready != 0 && complete(c, {ready, 0});
}

}  // namespace

void make_accept(cardea_stack_call& call, int fd) {
    auto const d = call.owner->find(fd);
    if (!d) return fail_at_once(call, EBADF);
    limit(call, d->receive_timeout);
    call.on_deadline = EAGAIN;
    call.attempt = [d](cardea_stack_call& c) {
        auto fresh = std::make_shared<descriptor>();
        auto r = d->socket->accept(c.owner->now);
        if (r.problem == error::eagain) return false;
        if (r.problem != error::ok) return complete(c, outcome::of(r.problem));
        c.peer = r.peer, c.has_peer = true;
        fresh->socket = std::move(r.connection);
        fresh->receive_timeout = d->receive_timeout;
        fresh->send_timeout = d->send_timeout;
        return complete(c, {c.owner->install(std::move(fresh)), 0});
    };
}

void make_connect(cardea_stack_call& call, int fd, sockaddr const* address, socklen_t size) {
    auto const d = call.owner->find(fd);
    if (!d) return fail_at_once(call, EBADF);
    stack::endpoint peer;
    if (int const e = read_address(address, size, d->socket->family(), peer); e != 0) return fail_at_once(call, e);
    limit(call, d->send_timeout);
    call.attempt = [d, peer, begun = false](cardea_stack_call& c) mutable { return try_connect(c, *d, peer, begun); };
}

void make_send(cardea_stack_call& call, int fd, void const* data, size_t size, int flags, sockaddr const* address,
               socklen_t address_size) {
    auto const d = call.owner->find(fd);
    if (!d) return fail_at_once(call, EBADF);
    if (data == nullptr && size != 0) return fail_at_once(call, EINVAL);
    if ((flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_OOB)) != 0) return fail_at_once(call, EOPNOTSUPP);
    limit(call, d->send_timeout);
    call.on_deadline = EAGAIN;
    std::span const bytes{static_cast<std::byte const*>(data), size};
    if (address == nullptr || d->socket->is_stream()) {
        unsigned const kind = (flags & MSG_OOB) != 0 ? stack::message::out_of_band : 0U;
        call.attempt = [d, bytes, kind](cardea_stack_call& c) { return try_send(c, *d, bytes, kind); };
        return;
    }
    stack::endpoint peer;
    int const e = read_address(address, address_size, d->socket->family(), peer);
    if (e != 0) return fail_at_once(call, e);
    call.attempt = [d, bytes, peer](cardea_stack_call& c) {
        auto const r = d->socket->send_to({bytes, {}}, peer, c.owner->now);
        return r.problem != error::eagain && complete(c, outcome::of(r));
    };
}

void make_recv(cardea_stack_call& call, int fd, void* buffer, size_t size, int flags) {
    auto const d = call.owner->find(fd);
    if (!d) return fail_at_once(call, EBADF);
    if (buffer == nullptr && size != 0) return fail_at_once(call, EINVAL);
    constexpr int known = MSG_DONTWAIT | MSG_PEEK | MSG_WAITALL | MSG_TRUNC | MSG_NOSIGNAL;
    bool const discards = d->socket->is_stream() && (flags & MSG_TRUNC) != 0;
    if ((flags & ~known) != 0 || discards) return fail_at_once(call, EOPNOTSUPP);
    limit(call, d->receive_timeout);
    call.on_deadline = EAGAIN;
    std::span const into{static_cast<std::byte*>(buffer), size};
    call.attempt = [d, into, flags](cardea_stack_call& c) { return try_recv(c, *d, into, flags); };
}

void make_close(cardea_stack_call& call, int fd) {
    auto const d = call.owner->find(fd);
    if (!d) return fail_at_once(call, EBADF);
    call.attempt = [d, begun = false](cardea_stack_call& c) mutable { return try_close(c, d, begun); };
}

void make_poll(cardea_stack_call& call, pollfd* fds, nfds_t count, int timeout_ms) {
    if (timeout_ms >= 0) call.deadline = call.owner->now + milliseconds(timeout_ms);
    call.attempt = [all = std::span{fds, count}](cardea_stack_call& c) { return try_poll(c, all); };
}

bool may_wait(cardea_stack const& s, int fd, int flags) {
    auto const d = s.find(fd);
    return s.wait != nullptr && d && !d->nonblocking && (flags & MSG_DONTWAIT) == 0;
}

outcome run(cardea_stack_call& call, bool waits) {
    auto& s = *call.owner;
    if (!waits) call.deadline = s.now;
    call.step();
    if (!call.done()) s.waiting.push_back(&call);
    struct leave {
        cardea_stack_call& c;
        ~leave() { std::erase(c.owner->waiting, &c); }
    } const at_end{call};
    s.settle();
    while (!call.done()) {
        int const number = s.wait == nullptr ? EINTR : s.wait(s.wait_user, &s, s.next_deadline());
        if (call.done()) break;
        if (number != 0) {
            bool const some = call.progress != 0;
            return some ? outcome{static_cast<ssize_t>(call.progress), 0} : outcome::failed(number);
        }
        s.settle();
    }
    return call.result;
}

namespace {

template <typename F>
cardea_stack_call* begin(cardea_stack* stack, int flags, F&& make) {
    return guarded<cardea_stack_call*>(nullptr, [&]() -> cardea_stack_call* {
        if (stack == nullptr) return errno = EINVAL, nullptr;
        auto owned = std::make_unique<cardea_stack_call>();
        auto* const call = owned.get();
        call->owner = stack;
        make(*call);
        if ((flags & MSG_DONTWAIT) != 0) call->deadline = stack->now;
        stack->begun.push_back(std::move(owned));
        stack->waiting.push_back(call);
        stack->settle();
        return call;
    });
}

}  // namespace

}  // namespace cardea::stack_c

using namespace cardea::stack_c;

cardea_stack_call* cardea_stack_begin_accept(cardea_stack* stack, int fd) {
    return begin(stack, 0, [=](cardea_stack_call& c) { make_accept(c, fd); });
}

cardea_stack_call* cardea_stack_begin_connect(cardea_stack* stack, int fd, const struct sockaddr* address,
                                              socklen_t size) {
    return begin(stack, 0, [=](cardea_stack_call& c) { make_connect(c, fd, address, size); });
}

cardea_stack_call* cardea_stack_begin_send(cardea_stack* stack, int fd, const void* data, size_t size, int flags) {
    return cardea_stack_begin_sendto(stack, fd, data, size, flags, nullptr, 0);
}

cardea_stack_call* cardea_stack_begin_sendto(cardea_stack* stack, int fd, const void* data, size_t size, int flags,
                                             const struct sockaddr* address, socklen_t address_size) {
    return begin(stack, flags,
                 [=](cardea_stack_call& c) { make_send(c, fd, data, size, flags, address, address_size); });
}

cardea_stack_call* cardea_stack_begin_recv(cardea_stack* stack, int fd, void* buffer, size_t size, int flags) {
    return begin(stack, flags, [=](cardea_stack_call& c) { make_recv(c, fd, buffer, size, flags); });
}

cardea_stack_call* cardea_stack_begin_close(cardea_stack* stack, int fd) {
    return begin(stack, 0, [=](cardea_stack_call& c) { make_close(c, fd); });
}

cardea_stack_call* cardea_stack_begin_poll(cardea_stack* stack, struct pollfd* fds, nfds_t count, int timeout_ms) {
    if (fds == nullptr && count != 0) return errno = EINVAL, nullptr;
    return begin(stack, 0, [=](cardea_stack_call& c) { make_poll(c, fds, count, timeout_ms); });
}

int cardea_stack_call_done(const cardea_stack_call* call) { return call != nullptr && call->done() ? 1 : 0; }

int64_t cardea_stack_call_done_at(const cardea_stack_call* call) {
    return call == nullptr ? fail<int64_t>(EINVAL) : call->done_at;
}

ssize_t cardea_stack_call_finish(cardea_stack_call* call, struct sockaddr* address, socklen_t* size) {
    if (call == nullptr || (address != nullptr && size == nullptr)) return fail<ssize_t>(EINVAL);
    auto& s = *call->owner;
    std::erase(s.waiting, call);
    auto const o = call->done()          ? call->result
                   : call->progress != 0 ? outcome{static_cast<ssize_t>(call->progress), 0}
                                         : outcome::failed(EINTR);
    if (call->done() && call->has_peer) write_address(call->peer, address, size);
    std::erase_if(s.begun, [call](auto const& b) { return b.get() == call; });
    return report<ssize_t>(o);
}
