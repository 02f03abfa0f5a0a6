// The calls that never block, straight to the kernel: bind(2), listen(2), getsockname(2), ...
#include "network/kernel_socket.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "fiber/virtual_time.hpp"
#include "network/kernel_messages.hpp"

namespace cardea::detail {

namespace {

int native(family f) noexcept {
    switch (f) {
        case family::inet:
            return AF_INET;
        case family::inet6:
            return AF_INET6;
        case family::local:
            return AF_UNIX;
        case family::packet:
            return AF_PACKET;
        case family::unspecified:
            break;
    }
    return AF_UNSPEC;
}

int native(type t) noexcept {
    switch (t) {
        case type::stream:
            return SOCK_STREAM;
        case type::datagram:
            return SOCK_DGRAM;
        case type::seqpacket:
            return SOCK_SEQPACKET;
        case type::raw:
            return SOCK_RAW;
    }
    return -1;
}

std::int64_t read_clock(clockid_t which) noexcept {
    require_real_time("the machine's clock");
    timespec t{};
    ::clock_gettime(which, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

template <class Ask>
std::error_code ask_name(Ask ask, int fd, endpoint& out) noexcept {
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    if (ask(fd, reinterpret_cast<sockaddr*>(&raw), &size) != 0) return last_error();
    out = endpoint::from_native(&raw, size);
    return {};
}

}  // namespace

bool accept_again(int error) noexcept {
    switch (error) {
        case EINTR:
        case ECONNABORTED:
        case EPROTO:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case ENETUNREACH:
            return true;
        default:
            return false;
    }
}

std::error_code identify(native_socket& from) noexcept {
    if (from.family != family::unspecified) return {};
    int domain = 0;
    int kind = 0;
    socklen_t size = sizeof domain;
    if (::getsockopt(from.descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return last_error();
    size = sizeof kind;
    if (::getsockopt(from.descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) != 0) return last_error();
    for (const type t : {type::stream, type::datagram, type::seqpacket, type::raw}) {
        for (const family f : {family::inet, family::inet6, family::local, family::packet}) {
            if (native(f) != domain || native(t) != kind) continue;
            if (::fcntl(from.descriptor, F_SETFD, FD_CLOEXEC) != 0) return last_error();
            from.family = f;
            from.type = t;
            return {};
        }
    }
    return errc::not_supported;
}

std::error_code open_descriptor(family f, type t, int protocol, int extra_flags, int& fd) noexcept {
    fd = ::socket(native(f), native(t) | SOCK_CLOEXEC | extra_flags, protocol);
    if (fd < 0) return last_error();
    if (f == family::inet6) {
        const int off = 0;
        ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    return {};
}

std::error_code kernel_socket::bind(const endpoint& where) noexcept {
    if (!is_open()) return errc::closed;  // its number may be another's by now
    const auto* raw = static_cast<const sockaddr*>(where.native());
    return ::bind(fd_, raw, static_cast<socklen_t>(where.native_size())) == 0 ? std::error_code() : last_error();
}

std::error_code kernel_socket::listen(int backlog) noexcept {
    if (!is_open()) return errc::closed;
    return ::listen(fd_, backlog) == 0 ? std::error_code() : last_error();
}

std::error_code kernel_socket::shutdown(direction how) noexcept {
    if (!is_open()) return errc::closed;
    const int native_how = how == direction::receive ? SHUT_RD : how == direction::send ? SHUT_WR : SHUT_RDWR;
    const unsigned ends = how == direction::receive ? 1 : how == direction::send ? 2 : 3;
    if (::shutdown(fd_, native_how) == 0) {
        shut_down_.fetch_or(ends, std::memory_order_relaxed);
        return {};
    }
    const std::error_code failed = last_error();
    // Again, after both have closed: whether it is a connection still hangs on the peer's last acknowledgement.
    const bool done_before = (shut_down_.load(std::memory_order_relaxed) & ends) == ends;
    return done_before && failed == std::errc::not_connected ? std::error_code() : failed;
}

std::error_code kernel_socket::local(endpoint& out) const noexcept {
    return is_open() ? ask_name(::getsockname, fd_, out) : errc::closed;
}

std::error_code kernel_socket::peer(endpoint& out) const noexcept {
    return is_open() ? ask_name(::getpeername, fd_, out) : errc::closed;
}

std::error_code kernel_socket::pending_error() const noexcept {
    option_value number = 0;
    const std::error_code failed = get_option(option_id::error_pending, number);
    return failed ? failed : system_error_code(static_cast<int>(number));
}

void kernel_socket::abandon_connect() noexcept {
    sockaddr none{};
    none.sa_family = AF_UNSPEC;
    ::connect(fd_, &none, sizeof none);
}

std::error_code kernel_socket::set_nonblocking(bool on) noexcept {
    const int flags = ::fcntl(fd_, F_GETFL);
    if (flags < 0) return last_error();
    const int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    if (wanted != flags && ::fcntl(fd_, F_SETFL, wanted) != 0) return last_error();
    return {};
}

bool kernel_socket::is_nonblocking() const noexcept {
    const int flags = ::fcntl(fd_, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

bool kernel_socket::is_listening() const noexcept {
    int listening = 0;
    socklen_t size = sizeof listening;
    return ::getsockopt(fd_, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

bool accepted_ahead::add(int fd) noexcept {
    try {
        waiting_.push_back(fd);
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

int accepted_ahead::take() noexcept {
    const int oldest = waiting_.front();
    waiting_.erase(waiting_.begin());  // there are a few dozen at most
    return oldest;
}

void accepted_ahead::give_to(native_socket& out) noexcept {
    if (out.accepted.empty()) {
        out.accepted = std::exchange(waiting_, {});
        return;
    }
    try {
        out.accepted.insert(out.accepted.end(), waiting_.begin(), waiting_.end());
        waiting_.clear();
    } catch (const std::bad_alloc&) {
        reset_all();
    }
}

void accepted_ahead::reset_all() noexcept {
    constexpr ::linger reset{1, 0};
    for (const int fd : waiting_) {
        ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        ::close(fd);
    }
    waiting_.clear();
}

void kernel_socket::inherit(native_socket& from) noexcept {
    ahead_.take_from(from);
    lingered_ = from.lingered;
    shared_ = from.shared;
    messages_ = std::static_pointer_cast<message_state>(std::exchange(from.messages, nullptr));
    uses_messages_ = messages_ != nullptr;
}

void kernel_socket::give_inherited_to(native_socket& out) noexcept {
    ahead_.give_to(out);
    out.lingered = lingered_;
    out.shared = shared_;
    out.messages = std::exchange(messages_, nullptr);
}

std::error_code kernel_socket::accept_inherited(network& home, std::unique_ptr<network_socket>& connection,
                                                endpoint& client) noexcept {
    native_socket one;
    one.descriptor = ahead_.take();
    one.family = family_;
    one.type = type_;
    client = peer_of(one.descriptor);
    const int fd = one.descriptor;
    const std::error_code failed = home.adopt(std::move(one), connection);
    if (failed) ::close(fd);
    return failed;
}

endpoint peer_of(int fd) noexcept {
    endpoint peer;
    return ask_name(::getpeername, fd, peer) ? endpoint() : peer;
}

std::int64_t monotonic_ns() noexcept { return read_clock(CLOCK_MONOTONIC); }
std::int64_t realtime_ns() noexcept { return read_clock(CLOCK_REALTIME); }

std::uint64_t kernel_random() noexcept {
    require_real_time("the machine's randomness");
    std::uint64_t drawn = 0;
    // Cannot fail or be short for 8 bytes once the pool is initialised (getrandom(2)).
    while (::getrandom(&drawn, sizeof drawn, 0) != static_cast<ssize_t>(sizeof drawn)) {
    }
    return drawn;
}

std::error_code kernel_network::open_pair(family f, type t, int protocol, std::unique_ptr<network_socket>& one,
                                          std::unique_ptr<network_socket>& other) noexcept {
    std::array<int, 2> fds{};
    if (::socketpair(native(f), native(t) | SOCK_CLOEXEC, protocol, fds.data()) != 0) return last_error();
    descriptor first(fds[0]);
    descriptor second(fds[1]);
    const auto take = [&](descriptor& from, std::unique_ptr<network_socket>& to) noexcept {
        native_socket made;
        made.descriptor = from.get();
        made.family = f;
        made.type = t;
        const std::error_code failed = adopt(std::move(made), to);
        if (!failed) static_cast<void>(from.release());
        return failed;
    };
    std::error_code failed = take(first, one);
    if (!failed) failed = take(second, other);
    if (failed) one.reset();
    return failed;
}

std::uint32_t kernel_network::interface_index(const std::string& name) const noexcept {
    return ::if_nametoindex(name.c_str());
}

}  // namespace cardea::detail
