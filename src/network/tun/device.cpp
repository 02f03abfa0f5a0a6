// See device.hpp. <linux/virtio_net.h> of some kernels is no C++, so the header before each packet is described here
// (Virtual I/O Device version 1.2, section 5.1.6), as far as a TUN device uses it.
#include "network/tun/device.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cardea/error.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "network/tun/tun.hpp"

namespace cardea::detail {

namespace tcpip = ::cardea::stack;

namespace {

struct packet_header {
    std::uint8_t flags = 0;
    std::uint8_t gso_type = 0;
    std::uint16_t header_size = 0;
    std::uint16_t gso_size = 0;
    std::uint16_t checksum_start = 0;
    std::uint16_t checksum_offset = 0;
};
static_assert(sizeof(packet_header) == 10);

constexpr std::uint8_t flag_needs_checksum = 1;
constexpr std::uint8_t flag_data_valid = 2;
constexpr std::uint8_t gso_tcp_v4 = 1;
constexpr std::uint8_t gso_tcp_v6 = 4;
constexpr std::uint8_t gso_udp = 5;
constexpr std::uint8_t gso_ecn = 0x80;

ifreq request_for(const std::string& name) noexcept {
    ifreq request{};
    std::memcpy(request.ifr_name, name.data(), std::min<std::size_t>(name.size(), IFNAMSIZ - 1));
    return request;
}

[[noreturn]] void fail(const char* operation, const std::string& text) {
    throw error({errno, std::system_category()}, operation, text);
}

// netdevice(7), and what drivers/net/tun.c refuses.
const char* why_not_attached(int reason) noexcept {
    switch (reason) {
        case EPERM:
            return ", which takes CAP_NET_ADMIN or a device made for this user";
        case EBUSY:
            return ", which another program has";
        case EINVAL:
            return ", which is no TUN device of one queue";
        default:
            return "";
    }
}

tcpip::packet_meta meta_of(const packet_header& h) noexcept {
    tcpip::packet_meta meta;
    const auto kind = static_cast<std::uint8_t>(h.gso_type & ~gso_ecn);
    if (kind == gso_tcp_v4 || kind == gso_tcp_v6) meta.gso = tcpip::gso_kind::tcp;
    if (kind == gso_udp) meta.gso = tcpip::gso_kind::udp;
    meta.gso_size = h.gso_size;
    meta.header_size = h.header_size;
    meta.checksum_partial = (h.flags & flag_needs_checksum) != 0;
    meta.checksum_verified = (h.flags & flag_data_valid) != 0;
    meta.checksum_start = h.checksum_start;
    meta.checksum_offset = h.checksum_offset;
    return meta;
}

packet_header header_of(const tcpip::packet_view& packet) noexcept {
    const tcpip::packet_meta& meta = packet.meta;
    packet_header h;
    if (meta.checksum_partial) {
        h.flags = flag_needs_checksum;
        h.checksum_start = meta.checksum_start;
        h.checksum_offset = meta.checksum_offset;
    }
    if (meta.gso == tcpip::gso_kind::none) return h;
    const bool v4 = (std::to_integer<unsigned>(packet.pieces()[0][0]) >> 4U) == 4;
    h.gso_type = meta.gso == tcpip::gso_kind::udp ? gso_udp : v4 ? gso_tcp_v4 : gso_tcp_v6;
    h.gso_size = meta.gso_size;
    h.header_size = meta.header_size;
    return h;
}

}  // namespace

tun_device::tun_device(const std::string& name)
    : name_(name), descriptor_(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)) {
    if (descriptor_ < 0) fail("open", "open /dev/net/tun");
    try {
        attach(name);
    } catch (...) {
        ::close(descriptor_);
        throw;
    }
    set_up();
}

tun_device::~tun_device() { ::close(descriptor_); }

void tun_device::attach(const std::string& name) {
    if (name.empty() || name.size() >= IFNAMSIZ) {
        throw std::invalid_argument("a TUN device's name has 1 to 15 characters, unlike '" + name + "'");
    }
    ifreq request = request_for(name);
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    if (::ioctl(descriptor_, TUNSETIFF, &request) != 0) {
        const std::string text = "attach to the TUN device '" + name + "'";
        fail("attach", text + why_not_attached(errno));
    }
    int size = sizeof(packet_header);
    if (::ioctl(descriptor_, TUNSETVNETHDRSZ, &size) != 0)
        fail("TUNSETVNETHDRSZ", "give the TUN device '" + name + "' its header's size");
    offloads_ = ::ioctl(descriptor_, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) == 0;
}

// Without the privilege for it the device stays as its owner has set it up.
void tun_device::set_up() noexcept {
    const int any = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any < 0) return;
    ifreq request = request_for(name_);
    if (::ioctl(any, SIOCGIFMTU, &request) == 0) mtu_ = static_cast<std::uint32_t>(request.ifr_mtu);
    constexpr int queue_packets = 10'000;  // the default of 500 overflows at a burst of a few hundred small packets
    request = request_for(name_);
    request.ifr_qlen = queue_packets;
    ::ioctl(any, SIOCSIFTXQLEN, &request);
    request = request_for(name_);
    if (::ioctl(any, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) == 0) {
        request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
        ::ioctl(any, SIOCSIFFLAGS, &request);
    }
    wait_until_it_runs(any);
    ::close(any);
}

// The kernel learns of the carrier that an attached program is in a work item of its own (net/core/link_watch.c). Until
// then it drops what it would send here: the answer to our first SYN, say. IFF_RUNNING shows (netdevice(7)) that the
// work item is at least under way; it holds the lock that asking for the link's state takes too.
void tun_device::wait_until_it_runs(int any_socket) const noexcept {
    using std::chrono::steady_clock;
    const auto end = steady_clock::now() + std::chrono::seconds(1);
    for (;;) {
        ifreq request = request_for(name_);
        if (::ioctl(any_socket, SIOCGIFFLAGS, &request) != 0 || (request.ifr_flags & IFF_UP) == 0) return;
        if ((request.ifr_flags & IFF_RUNNING) != 0 || steady_clock::now() >= end) break;
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    ethtool_value link{ETHTOOL_GLINK, 0};
    ifreq request = request_for(name_);
    request.ifr_data = reinterpret_cast<char*>(&link);
    ::ioctl(any_socket, SIOCETHTOOL, &request);
}

// capabilities(7); a device that was made for a user (ip tuntap add ... user) takes none.
tun_outlook look_for_tun() {
    const int device = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (device < 0) return {false, "open /dev/net/tun: " + std::system_category().message(errno)};
    ::close(device);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    const bool admin =
        ::syscall(SYS_capget, &header, sets.data()) == 0 && (sets[0].effective & (1U << CAP_NET_ADMIN)) != 0;
    return {true, admin ? "/dev/net/tun, CAP_NET_ADMIN: devices are made as they are asked for"
                        : "/dev/net/tun, no CAP_NET_ADMIN: devices that root made for this user"};
}

bool tun_device::read(incoming& packet) noexcept {
    ssize_t n = 0;
    do {
        n = ::read(descriptor_, room_.data(), room_.size());
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EBADFD) gone_ = true;  // drivers/net/tun.c: the descriptor has no device any more
    if (n < static_cast<ssize_t>(sizeof(packet_header))) return false;
    packet_header h;
    std::memcpy(&h, room_.data(), sizeof h);
    packet.meta = meta_of(h);
    packet.bytes = {room_.data() + sizeof h, static_cast<std::size_t>(n) - sizeof h};
    return true;
}

bool tun_device::write(const tcpip::packet_view& packet) noexcept {
    packet_header h = header_of(packet);
    std::array<iovec, 1 + tcpip::packet_view::max_pieces> pieces{};
    pieces[0] = {&h, sizeof h};
    int count = 1;
    for (const tcpip::bytes_view piece : packet.pieces()) {
        pieces[static_cast<std::size_t>(count)] = {const_cast<std::byte*>(piece.data()), piece.size()};
        ++count;
    }
    ssize_t n = 0;
    do {
        n = ::writev(descriptor_, pieces.data(), count);
    } while (n < 0 && errno == EINTR);
    return n >= 0;
}

}  // namespace cardea::detail
