// See mirror.hpp. rtnetlink's older interface, SIOCADDRT of netdevice(7), and the kernel's
// Documentation/networking/ip-sysctl.rst.
#include "mirror.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

namespace cardea::conformance {

namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::system_category(), what); }

// The thread that opens it has its namespace's.
void set(const std::string& path, const char* value) {
    std::ofstream file("/proc/sys/net/" + path);
    file << value << std::flush;
    if (!file) fail(path);
}

class control_socket {
  public:
    explicit control_socket(int domain) : fd_(::socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        if (fd_ < 0) fail("socket");
    }
    ~control_socket() { ::close(fd_); }
    control_socket(const control_socket&) = delete;
    control_socket& operator=(const control_socket&) = delete;
    void add_route(void* route, const std::string& text) const {
        if (::ioctl(fd_, SIOCADDRT, route) != 0) fail("route " + text);
    }

  private:
    int fd_;
};

sockaddr as_sockaddr(const char* address) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    ::inet_pton(AF_INET, address, &in.sin_addr);
    sockaddr out{};
    std::memcpy(&out, &in, sizeof out);
    return out;
}

void route_v4(const char* to, const char* mask, const std::string& device) {
    std::vector<char> name(device.begin(), device.end());
    name.push_back('\0');
    rtentry route{};
    route.rt_dst = as_sockaddr(to);
    route.rt_genmask = as_sockaddr(mask);
    route.rt_flags = RTF_UP;
    route.rt_dev = name.data();
    control_socket(AF_INET).add_route(&route, to);
}

void route_v6(const char* to, std::uint16_t length, const std::string& device) {
    in6_rtmsg route{};
    ::inet_pton(AF_INET6, to, &route.rtmsg_dst);
    route.rtmsg_dst_len = length;
    route.rtmsg_flags = RTF_UP;
    route.rtmsg_metric = 1;
    route.rtmsg_ifindex = static_cast<int>(::if_nametoindex(device.c_str()));
    control_socket(AF_INET6).add_route(&route, to);
}

}  // namespace

void make_mirror_of(const std::string& name) {
    set("ipv4/ip_forward", "1");
    set("ipv6/conf/all/forwarding", "1");
    for (const std::string& of : {std::string("all"), name}) {
        // Packets leave where they came from, their source lies there too, and nobody is to be told a better way.
        set("ipv4/conf/" + of + "/rp_filter", "0");
        set("ipv4/conf/" + of + "/send_redirects", "0");
        // 127/8 is routed like any other network; it is none of this kernel's, whose loopback is down.
        set("ipv4/conf/" + of + "/route_localnet", "1");
    }
    route_v4("127.0.0.0", "255.0.0.0", name);
    route_v4("10.97.0.0", "255.255.0.0", name);
    route_v6("fd97::", 64, name);
}

device_traffic traffic_of(const std::string& name) {
    // "name: bytes packets ... (8 fields), bytes packets ...": the kernel receives what the host sends.
    device_traffic traffic;
    std::ifstream table("/proc/thread-self/net/dev");
    for (std::string line; std::getline(table, line);) {
        std::istringstream words(line);
        std::string of;
        words >> of;
        if (of != name + ":") continue;
        std::uint64_t ignored = 0;
        words >> traffic.bytes_sent >> traffic.packets_sent;
        for (int i = 0; i < 7; ++i) words >> ignored;
        words >> traffic.packets_received;
    }
    return traffic;
}

}  // namespace cardea::conformance
