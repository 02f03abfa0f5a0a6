// Where io_uring is blocked or cannot be made, epoll takes over, and the report says which network won and why.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cardea/cardea.hpp>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "own_process.hpp"
#include "sanitizers.hpp"

namespace cardea::conformance {
namespace {

// The network that a program gets that names none, having spoken over it.
std::string network_that_wins() {
    return run([]() -> std::string {
        tcp_listener door("127.0.0.1:0");
        tcp_stream client = tcp_stream::connect(door.local());
        tcp_stream server = door.accept();
        client.send_all("ping");
        std::array<char, 4> room{};
        server.recv_exactly(room);
        return this_network().name();
    });
}

std::string report_on(const std::string& name) {
    for (const network_report& r : probe_networks()) {
        if (r.name == name) return (r.usable ? "usable: " : "not usable: ") + r.why;
    }
    return "not reported";
}

TEST(falling_back, the_best_network_wins_where_everything_works) {
    const std::string said = in_own_process([] { return network_that_wins() + "; " + report_on("uring"); });
    if (said.find("not usable") != std::string::npos) GTEST_SKIP() << "io_uring is blocked on this machine: " << said;
    EXPECT_EQ(said.substr(0, said.find(' ')), "uring;") << said;
    EXPECT_NE(said.find("submissions"), std::string::npos) << said;
}

TEST(falling_back, io_uring_blocked_by_seccomp_gives_epoll_and_says_why) {
    for (const auto& [error, text] :
         {std::pair(EPERM, "Operation not permitted"), std::pair(ENOSYS, "not implemented")}) {
        const std::string said = in_own_process([refused = error] {
            if (!refuse_io_uring(refused, 0)) return std::string("no filter");
            return network_that_wins() + "; " + report_on("uring") + "; " + report_on("epoll");
        });
        if (said == "no filter") GTEST_SKIP() << "seccomp filters cannot be had here";
        EXPECT_EQ(said.substr(0, said.find(' ')), "epoll;") << said;
        EXPECT_NE(said.find("not usable: io_uring_setup"), std::string::npos) << said;
        EXPECT_NE(said.find(text), std::string::npos) << said;
        EXPECT_NE(said.find("usable: epoll"), std::string::npos) << said;
    }
}

TEST(falling_back, io_uring_blocked_and_asked_for_by_name_is_an_error) {
    const std::string said = in_own_process([] {
        if (!refuse_io_uring(EPERM, 0)) return std::string("no filter");
        try {
            run({.network = "uring"}, [] {});
            return std::string("it ran");
        } catch (const std::system_error& e) {
            return std::string(e.what());
        }
    });
    if (said == "no filter") GTEST_SKIP() << "seccomp filters cannot be had here";
    EXPECT_EQ(said, "io_uring_setup: Operation not permitted");
}

TEST(falling_back, ring_cannot_be_made_for_want_of_memory_so_a_smaller_one_is) {
    // RLIMIT_MEMLOCK has not bounded rings since Linux 5.12; a filter gives the kernel's answer of a tight cgroup.
    const std::string said = in_own_process([] {
        if (!refuse_io_uring(ENOMEM, 100)) return std::string("no filter");
        return network_that_wins() + "; " + report_on("uring");
    });
    if (said == "no filter") GTEST_SKIP() << "seccomp filters cannot be had here";
    if (said.find("not usable") != std::string::npos) GTEST_SKIP() << "io_uring is blocked on this machine: " << said;
    EXPECT_EQ(said.substr(0, said.find(' ')), "uring;") << said;
    EXPECT_NE(said.find("usable: 32 submissions"), std::string::npos) << said;
}

TEST(falling_back, ring_cannot_be_made_at_all_for_want_of_memory_so_epoll_wins) {
    const std::string said = in_own_process([] {
        if (!refuse_io_uring(ENOMEM, 0)) return std::string("no filter");
        return network_that_wins() + "; " + report_on("uring");
    });
    if (said == "no filter") GTEST_SKIP() << "seccomp filters cannot be had here";
    EXPECT_EQ(said.substr(0, said.find(' ')), "epoll;") << said;
    EXPECT_NE(said.find("Cannot allocate memory"), std::string::npos) << said;
}

TEST(falling_back, ring_cannot_be_made_for_want_of_descriptors) {
    if (under_asan)
        GTEST_SKIP() << "the sanitizers look at objects through descriptors of their own, and find none left";
    // For every number of descriptors left there is a network, or an error that says what is missing; never a crash.
    for (unsigned left = 0; left < 8; ++left) {
        const std::string said = in_own_process([left] {
            const rlimit few{64, 64};
            ::setrlimit(RLIMIT_NOFILE, &few);
            std::vector<int> taken;
            for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) taken.push_back(fd);
            for (unsigned i = 0; i < left; ++i) ::close(taken[i]);
            try {
                return run([] { return std::string(this_network().name()); });
            } catch (const std::system_error& e) {
                return std::string(e.code() == std::errc::too_many_files_open ? "says so" : e.what());
            }
        });
        EXPECT_TRUE(said == "says so" || said == "epoll" || said == "uring") << said << " with " << left << " left";
        EXPECT_EQ(said == "says so", left < 2) << said << " with " << left << " left";
    }
}

TEST(falling_back, an_unknown_network_is_named) {
    EXPECT_THROW(run({.network = "carrier pigeon"}, [] {}), std::invalid_argument);
}

TEST(falling_back, the_environment_names_the_network) {
    for (const std::string name : {"epoll", "uring"}) {
        const std::string said = in_own_process([&] {
            ::setenv("CARDEA_NETWORK", name.c_str(), 1);
            try {
                return network_that_wins();
            } catch (const std::system_error& e) {
                return std::string(e.what());
            }
        });
        EXPECT_TRUE(said == name || said.find("io_uring") != std::string::npos) << said;
    }
}

}  // namespace
}  // namespace cardea::conformance
