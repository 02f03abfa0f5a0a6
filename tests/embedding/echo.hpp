// What every loop has to carry: a server and a client that wait for one another, and for time.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>

#include <array>
#include <cardea/cardea.hpp>
#include <cardea/embed.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace cardea {

/// The networks that can be looked at from outside.
class in_another_loop : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        if (!on_tun()) return;
        if (::unshare(CLONE_NEWNET) != 0) {
            GTEST_SKIP() << "a TUN device in a namespace of its own needs root: " << std::strerror(errno);
        }
        ASSERT_EQ(std::system("ip link set lo up"), 0);
        // Or the kernel would say things on the device, unasked.
        std::ofstream("/proc/sys/net/ipv6/conf/default/disable_ipv6") << 1;
    }
    [[nodiscard]] static bool on_tun() { return std::string(GetParam()) == "tun"; }
    [[nodiscard]] static std::string network() { return on_tun() ? "tun:inner,192.0.2.2/24" : GetParam(); }
};

inline constexpr const char* embeddable[] = {"uring", "epoll", "tun"};

inline std::string name_of_param(const testing::TestParamInfo<const char*>& of) { return of.param; }

struct echo_result {
    int answers = 0;
    bool slept = false;
};

/// Starts a listener, a client that has `messages` echoed, and a sleeper.
inline void start_echo(embedded_loop& in, int messages, echo_result& out) {
    in.spawn([&in, messages, &out] {
        tcp_listener door("127.0.0.1:0");
        const endpoint where = door.local();
        in.spawn([where, messages, &out] {
            auto peer = tcp_stream::connect(where);
            std::array<char, 5> room{};
            for (int i = 0; i < messages; ++i) {
                peer.send_all("hello");
                peer.recv_exactly(room);
                if (std::string(room.data(), room.size()) == "hello") ++out.answers;
            }
        });
        auto peer = door.accept();
        std::array<std::byte, 64> room{};
        while (const std::size_t n = peer.recv(room)) peer.send_all({room.data(), n});
    });
    in.spawn([&out] {
        sleep(std::chrono::milliseconds(5));
        out.slept = true;
    });
}

}  // namespace cardea
