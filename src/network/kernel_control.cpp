// Control messages, read and written: cmsg(3), ip(7), ipv6(7), unix(7), udp(7).
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <new>

#include "network/kernel_messages.hpp"

namespace cardea::detail {

namespace {

constexpr int udp_segment = 103;  // UDP_SEGMENT, linux/udp.h
constexpr int udp_gro = 104;      // UDP_GRO
constexpr std::size_t scm_max_descriptors = 253;

template <class T>
T value_of(const cmsghdr& c) noexcept {
    T out{};
    std::memcpy(&out, CMSG_DATA(&c), std::min(sizeof out, c.cmsg_len - CMSG_LEN(0)));
    return out;
}

void read_ipv4(const cmsghdr& c, datagram_info& info) noexcept {
    if (c.cmsg_type == IP_PKTINFO) {
        const auto from = value_of<in_pktinfo>(c);
        std::array<std::uint8_t, 4> address{};
        std::memcpy(address.data(), &from.ipi_addr, address.size());
        info.to = endpoint::inet(address, 0);
        info.interface = static_cast<std::uint32_t>(from.ipi_ifindex);
    } else if (c.cmsg_type == IP_TTL) {
        info.hop_limit = static_cast<std::uint8_t>(value_of<int>(c));
    } else if (c.cmsg_type == IP_TOS) {
        info.traffic_class = value_of<std::uint8_t>(c);
    }
}

void read_ipv6(const cmsghdr& c, datagram_info& info) noexcept {
    if (c.cmsg_type == IPV6_PKTINFO) {
        const auto from = value_of<in6_pktinfo>(c);
        std::array<std::uint8_t, 16> address{};
        std::memcpy(address.data(), &from.ipi6_addr, address.size());
        info.to = endpoint::inet6(address, 0).unmapped();
        info.interface = from.ipi6_ifindex;
    } else if (c.cmsg_type == IPV6_HOPLIMIT) {
        info.hop_limit = static_cast<std::uint8_t>(value_of<int>(c));
    } else if (c.cmsg_type == IPV6_TCLASS) {
        info.traffic_class = static_cast<std::uint8_t>(value_of<int>(c));
    }
}

void read_fact(const cmsghdr& c, datagram_info& info, std::size_t& glued) noexcept {
    if (c.cmsg_level == IPPROTO_IP) {
        read_ipv4(c, info);
    } else if (c.cmsg_level == IPPROTO_IPV6) {
        read_ipv6(c, info);
    } else if (c.cmsg_level == SOL_SOCKET && c.cmsg_type == SCM_TIMESTAMPNS) {
        const auto at = value_of<timespec>(c);
        info.arrived = std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
    } else if (c.cmsg_level == IPPROTO_UDP && c.cmsg_type == udp_gro) {
        glued = static_cast<std::size_t>(value_of<int>(c));
    }
}

// Those that came along with what asks for facts alone.
void close_descriptors(const cmsghdr& c) noexcept {
    const std::size_t count = (c.cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(&c) + i * sizeof number, sizeof number);
        ::close(number);
    }
}

// Owned from here on, or closed: those beyond what the caller has room for.
void take_descriptors(const cmsghdr& c, incoming_message& m) noexcept {
    const std::size_t count = (c.cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(&c) + i * sizeof number, sizeof number);
        descriptor one(number);
        if (m.descriptors.size() >= m.max_descriptors) {
            m.descriptors_lost = true;
            continue;
        }
        try {
            m.descriptors.push_back(std::move(one));
        } catch (const std::bad_alloc&) {
            m.descriptors_lost = true;
        }
    }
}

}  // namespace

std::size_t read_control(msghdr& from, datagram_info& info) noexcept {
    std::size_t glued = 0;
    for (cmsghdr* c = CMSG_FIRSTHDR(&from); c != nullptr; c = CMSG_NXTHDR(&from, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            close_descriptors(*c);
        } else {
            read_fact(*c, info, glued);
        }
    }
    return glued;
}

std::size_t read_control(msghdr& from, incoming_message& m) noexcept {
    std::size_t glued = 0;
    for (cmsghdr* c = CMSG_FIRSTHDR(&from); c != nullptr; c = CMSG_NXTHDR(&from, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            take_descriptors(*c, m);
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
            const auto who = value_of<ucred>(*c);
            m.sender = credentials{who.pid, who.uid, who.gid};
        } else {
            read_fact(*c, m.info, glued);
        }
    }
    if ((from.msg_flags & MSG_CTRUNC) != 0) m.descriptors_lost = true;
    return glued;
}

void control_writer::add(int level, int kind, const void* data, std::size_t size) noexcept {
    auto* c = reinterpret_cast<cmsghdr*>(bytes_.data() + size_);
    std::memset(c, 0, CMSG_SPACE(size));
    c->cmsg_level = level;
    c->cmsg_type = kind;
    c->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(c), data, size);
    size_ += CMSG_SPACE(size);
}

void control_writer::write_segment_size(std::uint16_t size) noexcept {
    add(IPPROTO_UDP, udp_segment, &size, sizeof size);
}

std::error_code control_writer::write(const outgoing_message& m, bool v4) noexcept {
    const datagram_options& how = m.how;
    if (how.source.is_ip() || how.interface != 0) {
        const auto bytes = how.source.unmapped().address_bytes();
        if (v4) {
            in_pktinfo info{};
            info.ipi_ifindex = static_cast<int>(how.interface);
            std::memcpy(&info.ipi_spec_dst, bytes.data() + 12, 4);
            add(IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
        } else {
            in6_pktinfo info{};
            info.ipi6_ifindex = how.interface;
            std::memcpy(&info.ipi6_addr, bytes.data(), bytes.size());
            add(IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
        }
    }
    if (how.hop_limit) {
        add(v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_HOPLIMIT, &*how.hop_limit, sizeof(int));
    }
    if (how.traffic_class) {
        add(v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, &*how.traffic_class, sizeof(int));
    }
    if (m.descriptors.size() > scm_max_descriptors) return std::make_error_code(std::errc::invalid_argument);
    if (!m.descriptors.empty()) add(SOL_SOCKET, SCM_RIGHTS, m.descriptors.data(), m.descriptors.size_bytes());
    if (m.with_credentials) {
        const ucred me{::getpid(), ::geteuid(), ::getegid()};
        add(SOL_SOCKET, SCM_CREDENTIALS, &me, sizeof me);
    }
    return {};
}

}  // namespace cardea::detail
