// The error queue (ip(7), IP_RECVERR), and the other settings of messages: which facts are told, groups, credentials.
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
// Uses the names of <time.h> without including it.
#include <linux/errqueue.h>

#include <array>
#include <cstring>
#include <new>

#include "network/kernel_messages.hpp"
#include "network/kernel_socket.hpp"

namespace cardea::detail {

namespace {

// Quoted datagrams are as long as their ICMP message can be: 576 bytes (RFC 1812 4.3.2.3), IPv6: 1280 (RFC 4443 2.4).
constexpr std::size_t max_quote = 1280;

// What an ICMP message becomes in Linux (icmp_err_convert, icmpv6_err_convert).
bool comes_from_icmp(int failure) noexcept {
    switch (failure) {
        case ECONNREFUSED:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EHOSTDOWN:
        case ENONET:
        case ENOPROTOOPT:
        case EOPNOTSUPP:
        case EPROTO:
        case EACCES:
        case EMSGSIZE:
            return true;
        default:
            return false;
    }
}

struct two_levels {
    int ipv4;
    int ipv6;
};

// On an IPv6 socket both hold: the one for its IPv6 peers, the other for those of IPv4. A socket that takes no IPv4
// refuses the second, which is no failure.
std::error_code set_on_both(int fd, family f, two_levels name, int value) noexcept {
    if (f != family::inet && f != family::inet6) return errc::not_supported;
    if (f == family::inet6) {
        if (::setsockopt(fd, IPPROTO_IPV6, name.ipv6, &value, sizeof value) != 0) return last_error();
        ::setsockopt(fd, IPPROTO_IP, name.ipv4, &value, sizeof value);
        return {};
    }
    return ::setsockopt(fd, IPPROTO_IP, name.ipv4, &value, sizeof value) == 0 ? std::error_code() : last_error();
}

bool read_extended(msghdr& h, datagram_error& out) noexcept {
    for (cmsghdr* c = CMSG_FIRSTHDR(&h); c != nullptr; c = CMSG_NXTHDR(&h, c)) {
        const bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
        const bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
        if (!v4 && !v6) continue;
        sock_extended_err e{};
        std::memcpy(&e, CMSG_DATA(c), sizeof e);
        if (e.ee_origin != SO_EE_ORIGIN_LOCAL && e.ee_origin != SO_EE_ORIGIN_ICMP &&
            e.ee_origin != SO_EE_ORIGIN_ICMP6) {
            continue;
        }
        out.what = system_error_code(static_cast<int>(e.ee_errno));
        out.by = e.ee_origin == SO_EE_ORIGIN_ICMP    ? datagram_error::origin::icmp
                 : e.ee_origin == SO_EE_ORIGIN_ICMP6 ? datagram_error::origin::icmpv6
                                                     : datagram_error::origin::local;
        out.icmp_type = e.ee_type;
        out.icmp_code = e.ee_code;
        out.mtu = e.ee_errno == EMSGSIZE ? e.ee_info : 0;
        // SO_EE_OFFENDER: the address lies behind it.
        const std::size_t left = c->cmsg_len - CMSG_LEN(0) - sizeof e;
        out.reporter = endpoint::from_native(CMSG_DATA(c) + sizeof e, left).unmapped().with_port(0);
        return true;
    }
    return false;
}

}  // namespace

// Takes one error out of the kernel's queue into ours. False: there is none. While holding `guard`.
bool kernel_socket::collect_error(message_state& s) noexcept {
    std::array<std::byte, max_quote> quote;
    alignas(cmsghdr) std::array<unsigned char, 512> control;
    sockaddr_storage destination;
    for (;;) {
        iovec where{quote.data(), quote.size()};
        msghdr h{};
        h.msg_name = &destination;
        h.msg_namelen = sizeof destination;
        h.msg_iov = &where;
        h.msg_iovlen = 1;
        h.msg_control = control.data();
        h.msg_controllen = control.size();
        const ssize_t n = ::recvmsg(fd_, &h, MSG_ERRQUEUE | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        datagram_error one;
        if (!read_extended(h, one)) continue;  // a timestamp, or another's affair
        one.destination = endpoint::from_native(&destination, h.msg_namelen).unmapped();
        try {
            one.datagram.assign(quote.begin(), quote.begin() + n);
            if (s.errors.size() == message_state::max_errors) s.errors.pop_front();
            s.errors.push_back(std::move(one));
        } catch (const std::bad_alloc&) {
            return false;
        }
        return true;
    }
}

// An unconnected socket that has asked for errors hears of them by recv_error() alone: one peer's trouble is none of
// the others' (udp(7)). True: `failure` was such a thing, and the call may be tried again. While nobody waits for
// errors, they are taken out of the kernel's queue: as long as something is in it, poll(2) says so without end.
bool kernel_socket::pass_over(int failure) noexcept {
    if (!uses_messages() || !comes_from_icmp(failure)) return false;
    message_state& s = *messages_;
    if (!s.wants_errors.load(std::memory_order_acquire)) return false;
    return !collect_errors(s) && !is_connected();
}

// Unless somebody waits for them. True: one was found by this host itself, as a rule at the call that failed just now.
bool kernel_socket::collect_errors(message_state& s) noexcept {
    bool local = false;
    if (s.waiting_for_errors.load(std::memory_order_acquire) == 0) {
        const std::lock_guard held(s.guard);
        while (collect_error(s)) local = local || s.errors.back().by == datagram_error::origin::local;
    }
    return local;
}

std::error_code kernel_socket::recv_error(datagram_error& out) noexcept {
    if (!uses_messages() || !messages_->wants_errors.load(std::memory_order_acquire)) return errc::not_supported;
    const std::shared_ptr<message_state> s = messages_;
    auto once = [&](int) noexcept {
        const std::lock_guard held(s->guard);
        if (s->errors.empty() && !collect_error(*s)) {
            // Not a queued one: poll(2) would go on to tell of it.
            int cleared = 0;
            socklen_t size = sizeof cleared;
            ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &cleared, &size);
            return EAGAIN;
        }
        out = std::move(s->errors.front());
        s->errors.pop_front();
        return 0;
    };
    s->waiting_for_errors.fetch_add(1);
    const std::error_code ended = until_done(readiness::error, trial(once));
    s->waiting_for_errors.fetch_sub(1);
    return ended;
}

std::error_code kernel_socket::set_receive_errors(bool on) noexcept {
    if (type_ == type::stream) return errc::not_supported;
    message_state* s = begin_messages();
    if (s == nullptr) return std::make_error_code(std::errc::not_enough_memory);
    const std::error_code failed = set_on_both(fd_, family_, {IP_RECVERR, IPV6_RECVERR}, on ? 1 : 0);
    if (!failed) s->wants_errors.store(on, std::memory_order_release);
    return failed;
}

std::error_code kernel_socket::set_metadata(metadata wanted) noexcept {
    std::error_code failed =
        set_on_both(fd_, family_, {IP_PKTINFO, IPV6_RECVPKTINFO}, has(wanted, metadata::destination) ? 1 : 0);
    if (!failed) {
        failed = set_on_both(fd_, family_, {IP_RECVTTL, IPV6_RECVHOPLIMIT}, has(wanted, metadata::hop_limit) ? 1 : 0);
    }
    if (!failed) {
        failed = set_on_both(fd_, family_, {IP_RECVTOS, IPV6_RECVTCLASS}, has(wanted, metadata::traffic_class) ? 1 : 0);
    }
    if (failed && (family_ == family::inet || family_ == family::inet6 ||
                   (static_cast<unsigned>(wanted) & ~static_cast<unsigned>(metadata::arrival)) != 0)) {
        return failed;  // arrival is told of every family's
    }
    const int stamps = has(wanted, metadata::arrival) ? 1 : 0;
    return ::setsockopt(fd_, SOL_SOCKET, SO_TIMESTAMPNS, &stamps, sizeof stamps) == 0 ? std::error_code()
                                                                                      : last_error();
}

std::error_code kernel_socket::set_multicast_interface(std::uint32_t index) noexcept {
    ip_mreqn v4{};
    v4.imr_ifindex = static_cast<int>(index);
    const int v6 = static_cast<int>(index);
    if (family_ == family::inet6) {
        if (::setsockopt(fd_, IPPROTO_IPV6, IPV6_MULTICAST_IF, &v6, sizeof v6) != 0) return last_error();
        ::setsockopt(fd_, IPPROTO_IP, IP_MULTICAST_IF, &v4, sizeof v4);
        return {};
    }
    return ::setsockopt(fd_, IPPROTO_IP, IP_MULTICAST_IF, &v4, sizeof v4) == 0 ? std::error_code() : last_error();
}

// RFC 3678's calls, which are the same for both versions of IP; an IPv6 socket may join a group of IPv4 as well.
std::error_code kernel_socket::set_membership(const group_membership& of, bool member) noexcept {
    if (!is_open()) return errc::closed;
    const endpoint group = of.group.unmapped();
    const endpoint source = of.source.unmapped();
    const int level = group.family() == family::inet ? IPPROTO_IP : IPPROTO_IPV6;
    int rc = 0;
    if (source.is_ip()) {
        group_source_req r{};
        r.gsr_interface = of.interface;
        std::memcpy(&r.gsr_group, group.native(), group.native_size());
        std::memcpy(&r.gsr_source, source.native(), source.native_size());
        rc = ::setsockopt(fd_, level, member ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP, &r, sizeof r);
    } else {
        group_req r{};
        r.gr_interface = of.interface;
        std::memcpy(&r.gr_group, group.native(), group.native_size());
        rc = ::setsockopt(fd_, level, member ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP, &r, sizeof r);
    }
    return rc == 0 ? std::error_code() : last_error();
}

std::error_code kernel_socket::peer_credentials(credentials& out) const noexcept {
    if (!is_open()) return errc::closed;
    if (family_ != family::local) return errc::not_supported;
    ucred who{};
    socklen_t size = sizeof who;
    if (::getsockopt(fd_, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return last_error();
    if (who.uid == static_cast<uid_t>(-1)) return std::make_error_code(std::errc::not_connected);
    out = {who.pid, who.uid, who.gid};
    return {};
}

}  // namespace cardea::detail
