// See route_linux.hpp. Dumps of RTM_GETLINK and RTM_GETADDR.
#include "socket/route_linux.hpp"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>

namespace cardea::detail {

namespace {

using bytes = std::span<const std::byte>;

std::error_code failure_of(int number) noexcept { return {number, std::system_category()}; }

template <class T>
bool read_at_front(bytes from, T& out) noexcept {
    if (from.size() < sizeof out) return false;
    std::memcpy(&out, from.data(), sizeof out);
    return true;
}

// Messages and attributes alike: a header that has the length of the whole, and a multiple of 4 bytes to the next.
bytes behind(bytes from, std::size_t size) noexcept {
    constexpr std::size_t step = 4;
    static_assert(step == NLMSG_ALIGNTO && step == RTA_ALIGNTO);
    return from.subspan(std::min(from.size(), (size + step - 1) / step * step));
}

template <class Each>
void each_attribute(bytes rest, Each each) {
    rtattr head{};
    while (read_at_front(rest, head) && head.rta_len >= sizeof head && head.rta_len <= rest.size()) {
        each(head.rta_type, rest.subspan(sizeof head, head.rta_len - sizeof head));
        rest = behind(rest, head.rta_len);
    }
}

/// How far an answer has come.
struct progress {
    bool complete = false;
    bool torn = false;  // something changed meanwhile: it is to be asked again (NLM_F_DUMP_INTR)
    std::error_code error;
};

/// Goes through the messages of one receive.
template <class Each>
void each_message(bytes rest, progress& p, Each each) {
    nlmsghdr head{};
    while (read_at_front(rest, head) && head.nlmsg_len >= sizeof head && head.nlmsg_len <= rest.size()) {
        const bytes body = rest.subspan(sizeof head, head.nlmsg_len - sizeof head);
        p.torn = p.torn || (head.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
        p.complete = head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR;
        if (head.nlmsg_type == NLMSG_ERROR) {
            nlmsgerr said{};
            p.error = failure_of(read_at_front(body, said) && said.error != 0 ? -said.error : EPROTO);
        }
        if (p.complete) return;
        each(head.nlmsg_type, body);
        rest = behind(rest, head.nlmsg_len);
    }
}

std::error_code request_dump(int fd, std::uint16_t kind) noexcept {
    struct {
        nlmsghdr head{};
        rtgenmsg what{};
    } question;
    question.head.nlmsg_len = NLMSG_LENGTH(sizeof question.what);
    question.head.nlmsg_type = kind;
    question.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    question.what.rtgen_family = AF_UNSPEC;
    const ssize_t sent = ::send(fd, &question, question.head.nlmsg_len, 0);
    return sent < 0 ? failure_of(errno) : std::error_code();
}

/// One dump. The kernel makes each part of its answer within the receive that takes it: nothing here waits.
template <class Each>
progress dump(int fd, std::uint16_t kind, Each each) {
    constexpr std::size_t room_bytes = 32 * 1024;  // the kernel makes no longer parts (netlink_dump())
    std::vector<std::byte> room(room_bytes);
    progress p;
    p.error = request_dump(fd, kind);
    while (!p.complete && !p.error) {
        const ssize_t n = ::recv(fd, room.data(), room.size(), MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            p.error = failure_of(errno);
        } else {
            each_message(bytes(room).first(static_cast<std::size_t>(n)), p, each);
        }
    }
    return p;
}

network_interface read_link(const ifinfomsg& head, bytes attributes) {
    network_interface out;
    out.index = static_cast<std::uint32_t>(head.ifi_index);
    const auto flag = [&head](unsigned bit) { return (head.ifi_flags & bit) != 0; };
    out.up = flag(IFF_UP);
    out.running = flag(IFF_RUNNING);
    out.loopback = flag(IFF_LOOPBACK);
    out.broadcast = flag(IFF_BROADCAST);
    out.multicast = flag(IFF_MULTICAST);
    out.point_to_point = flag(IFF_POINTOPOINT);
    each_attribute(attributes, [&out](std::uint16_t kind, bytes value) {
        if (kind == IFLA_IFNAME) {
            const auto* text = reinterpret_cast<const char*>(value.data());
            out.name.assign(text, ::strnlen(text, value.size()));
        } else if (kind == IFLA_MTU) {
            read_at_front(value, out.mtu);
        } else if (kind == IFLA_ADDRESS) {
            const auto* from = reinterpret_cast<const std::uint8_t*>(value.data());
            out.hardware_address.assign(from, from + value.size());
        }
    });
    return out;
}

endpoint to_endpoint(std::uint8_t of, bytes value, std::uint32_t interface) noexcept {
    std::array<std::uint8_t, 4> v4{};
    std::array<std::uint8_t, 16> v6{};
    if (of == AF_INET && read_at_front(value, v4)) return endpoint::inet(v4, 0);
    if (of != AF_INET6 || !read_at_front(value, v6)) return {};
    const bool link_local = v6[0] == 0xfe && (v6[1] & 0xc0U) == 0x80;  // fe80::/10 (RFC 4291 section 2.5.6)
    return endpoint::inet6(v6, 0, link_local ? interface : 0);
}

/// False: not an address that can be used.
bool read_address(const ifaddrmsg& head, bytes attributes, interface_address& out) noexcept {
    out.prefix = head.ifa_prefixlen;
    std::uint32_t flags = head.ifa_flags;
    endpoint own;
    endpoint other;
    each_attribute(attributes, [&](std::uint16_t kind, bytes value) {
        if (kind == IFA_LOCAL) own = to_endpoint(head.ifa_family, value, head.ifa_index);
        if (kind == IFA_ADDRESS) other = to_endpoint(head.ifa_family, value, head.ifa_index);
        if (kind == IFA_FLAGS) read_at_front(value, flags);
    });
    // IFA_ADDRESS is the other end's where IFA_LOCAL is this one's (rtnetlink(7)).
    out.address = own == endpoint() ? other : own;
    if (out.address != other) out.peer = other;
    const bool trying = (flags & IFA_F_TENTATIVE) != 0 && (flags & IFA_F_OPTIMISTIC) == 0;
    return out.address.is_ip() && !trying && (flags & IFA_F_DADFAILED) == 0;
}

progress list_links(int fd, std::vector<network_interface>& all) {
    return dump(fd, RTM_GETLINK, [&all](std::uint16_t kind, bytes body) {
        ifinfomsg head{};
        if (kind == RTM_NEWLINK && read_at_front(body, head)) {
            all.push_back(read_link(head, behind(body, sizeof head)));
        }
    });
}

progress list_addresses(int fd, std::vector<network_interface>& all) {
    return dump(fd, RTM_GETADDR, [&all](std::uint16_t kind, bytes body) {
        ifaddrmsg head{};
        if (kind != RTM_NEWADDR || !read_at_front(body, head)) return;
        const auto of = std::find_if(all.begin(), all.end(), [&](const auto& i) { return i.index == head.ifa_index; });
        interface_address one;
        if (of != all.end() && read_address(head, behind(body, sizeof head), one)) of->addresses.push_back(one);
    });
}

}  // namespace

descriptor open_route_socket(bool notices, std::error_code& ec) noexcept {
    ec = {};
    descriptor made(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    sockaddr_nl me{};
    me.nl_family = AF_NETLINK;
    if (notices) me.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    sockaddr_storage where{};
    std::memcpy(&where, &me, sizeof me);
    if (!made || ::bind(made.get(), reinterpret_cast<const sockaddr*>(&where), sizeof me) != 0) {
        ec = failure_of(errno);
        made.close();
    }
    return made;
}

std::vector<network_interface> list_interfaces(int route_socket, std::error_code& ec) {
    constexpr int attempts = 100;  // where things change all the time the last answer has to do
    for (int i = 1;; ++i) {
        std::vector<network_interface> all;
        progress p = list_links(route_socket, all);
        bool torn = p.torn;
        if (!p.error) {
            p = list_addresses(route_socket, all);
            torn = torn || p.torn;
        }
        ec = p.error;
        if (!ec && torn && i < attempts) continue;
        if (ec) return {};
        std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
        return all;
    }
}

void discard_notices(int route_socket) noexcept {
    std::byte one{};
    for (;;) {
        if (::recv(route_socket, &one, sizeof one, MSG_DONTWAIT | MSG_TRUNC) >= 0) continue;
        if (errno != EINTR && errno != ENOBUFS) return;
    }
}

}  // namespace cardea::detail
