// What every loop has to carry: a server and a client that wait for one another, and for time.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cardea/cardea.hpp>
#include <cardea/embed.hpp>
#include <chrono>
#include <cstdint>
#include <string>

namespace cardea {

inline constexpr const char* embeddable[] = {"uring", "epoll"};

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
