// bench-tcpip-trivial: the ceiling. An endpoint on TUN that is no TCP: it answers a SYN, then acknowledges whatever
// comes without looking at it (sink), or sends the same 64 KB again and again up to the peer's window (source). It
// verifies nothing, keeps nothing, and can resend nothing; nobody with a real TCP does less per packet.
//   bench-tcpip-trivial sink|source DEVICE
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

constexpr std::size_t vnet = 10, ip = 20, tcp = 20, before_payload = vnet + ip + tcp;
constexpr std::size_t mss = 1460, burst = 44 * mss;
constexpr int window_shift = 10;

using bytes = std::array<std::uint8_t, before_payload + burst + 4>;

std::uint32_t get32(std::uint8_t const* p) {
    return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}
void put16(std::uint8_t* p, std::size_t v) {
    p[0] = static_cast<std::uint8_t>(v >> 8);
    p[1] = static_cast<std::uint8_t>(v);
}
void put32(std::uint8_t* p, std::uint32_t v) {
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}
std::uint32_t sum16(std::uint8_t const* p, std::size_t n) {
    std::uint32_t s = 0;
    for (std::size_t i = 0; i < n; i += 2) s += static_cast<std::uint32_t>(p[i] << 8 | p[i + 1]);
    return s;
}
std::uint16_t fold(std::uint32_t s) {
    while (s >> 16 != 0) s = (s & 0xffff) + (s >> 16);
    return static_cast<std::uint16_t>(s);
}

int open_device(char const* name) {
    int const fd = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    ifreq r{};
    std::strncpy(r.ifr_name, name, IFNAMSIZ - 1);
    r.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    int size = vnet;
    if (fd < 0 || ::ioctl(fd, TUNSETIFF, &r) != 0 || ::ioctl(fd, TUNSETVNETHDRSZ, &size) != 0 ||
        ::ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) != 0) {
        std::perror(name);
        std::exit(1);
    }
    int const any = ::socket(AF_INET, SOCK_DGRAM, 0);
    r = {};
    std::strncpy(r.ifr_name, name, IFNAMSIZ - 1);
    r.ifr_qlen = 10'000;
    ::ioctl(any, SIOCSIFTXQLEN, &r);
    ::ioctl(any, SIOCGIFFLAGS, &r);
    r.ifr_flags = static_cast<short>(r.ifr_flags | IFF_UP);
    ::ioctl(any, SIOCSIFFLAGS, &r);
    ::close(any);
    return fd;
}

class endpoint {
  public:
    endpoint(int fd, bool source) : fd_{fd}, source_{source} {}
    void run() {
        for (;;) {
            bool busy = false;
            for (int i = 0; i < 64; ++i) {
                auto const n = ::read(fd_, in_.data(), in_.size());
                if (n <= 0) break;
                busy = true;
                take(static_cast<std::size_t>(n));
            }
            while (source_ && open_ && edge_ - next_ >= burst && edge_ - next_ < 1U << 31) busy = true, send_burst();
            pollfd p{fd_, POLLIN, 0};
            if (!busy) ::poll(&p, 1, -1);
        }
    }

  private:
    void take(std::size_t n) {
        std::uint8_t const* const h = in_.data() + vnet;
        if (n < before_payload || h[0] != 0x45 || h[9] != 6) return;
        std::uint8_t const* const t = h + ip;
        std::size_t const payload = n - vnet - ip - std::size_t{4} * (t[12] >> 4);
        auto const flags = t[13];
        if ((flags & 4) != 0) {
            open_ = false;
        } else if ((flags & 2) != 0) {
            std::memcpy(peer_.data(), h + 12, 4), std::memcpy(own_.data(), h + 16, 4);
            std::memcpy(ports_.data(), t + 2, 2), std::memcpy(ports_.data() + 2, t, 2);
            expected_ = get32(t + 4) + 1;
            next_ = edge_ = 1;
            shift_ = 0;
            for (std::size_t i = 20; i + 2 < std::size_t{4} * (t[12] >> 4);) {  // as Linux sends them: all well formed
                if (t[i] == 3) shift_ = t[i + 2];
                if (t[i] == 0) break;
                i += t[i] == 1 ? 1 : t[i + 1];
            }
            emit(0x12, 0, 0, 8);
            open_ = true;
        } else if (open_) {
            edge_ = get32(t + 8) + (static_cast<std::uint32_t>(t[14] << 8 | t[15]) << shift_);
            expected_ = get32(t + 4) + static_cast<std::uint32_t>(payload);
            if (payload != 0 && !source_) emit(0x10, next_, 0, 0);
        }
    }
    void send_burst() {
        emit(0x10, next_, burst, 0);
        next_ += burst;
    }
    void emit(std::uint8_t flags, std::uint32_t seq, std::size_t payload, std::size_t options) {
        auto* const o = out_.data();
        std::memset(o, 0, before_payload);
        std::size_t const length = tcp + options + payload;
        o[0] = 1;  // the device completes the checksum
        o[1] = payload > mss ? 1 : 0;
        std::uint16_t const header[4] = {static_cast<std::uint16_t>(ip + tcp), static_cast<std::uint16_t>(mss),
                                         static_cast<std::uint16_t>(ip), 16};
        std::memcpy(o + 2, header, sizeof header);
        auto* const h = o + vnet;
        h[0] = 0x45, h[8] = 64, h[9] = 6;
        put16(h + 2, ip + length);
        h[6] = 0x40;
        std::memcpy(h + 12, own_.data(), 4), std::memcpy(h + 16, peer_.data(), 4);
        put16(h + 10, static_cast<std::uint16_t>(~fold(sum16(h, ip))));
        auto* const t = h + ip;
        std::memcpy(t, ports_.data(), 4);
        put32(t + 4, flags == 0x12 ? 0 : seq);
        put32(t + 8, expected_);
        t[12] = static_cast<std::uint8_t>((tcp + options) / 4 << 4), t[13] = flags;
        put16(t + 14, flags == 0x12 ? 65'535 : 4096);  // 4 MiB once scaled
        put16(t + 16, fold(sum16(h + 12, 8) + 6 + static_cast<std::uint32_t>(length)));
        if (options != 0) {
            std::uint8_t const mss_and_scale[8] = {2, 4, mss >> 8, mss & 0xff, 1, 3, 3, window_shift};
            std::memcpy(t + tcp, mss_and_scale, sizeof mss_and_scale);
        }
        if (::write(fd_, o, vnet + ip + length) < 0) std::perror("write");
        if (options != 0) std::memset(t + tcp, 0, options);
    }

    int fd_;
    bool source_, open_ = false;
    std::uint32_t expected_ = 0, next_ = 0, edge_ = 0;
    int shift_ = 0;
    std::array<std::uint8_t, 4> peer_{}, own_{}, ports_{};
    std::array<std::uint8_t, 70'000> in_{};
    bytes out_{};
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    int const fd = open_device(argv[2]);
    std::puts("ready");
    std::fflush(stdout);
    static endpoint e{fd, std::string_view(argv[1]) == "source"};
    e.run();
}
