// A filter of system calls (seccomp(2)) that lets rings be made, and refuses what they are for: epoll wins, at once.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cardea/cardea.hpp>
#include <cerrno>
#include <cstddef>
#include <string>

#include "own_process.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

// From now on that system call fails in this thread. False: no filter can be had here.
bool refuse(unsigned number, int error) {
    std::array<sock_filter, 4> program = {{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (static_cast<unsigned>(error) & SECCOMP_RET_DATA)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    sock_fprog filter{};
    filter.len = static_cast<unsigned short>(program.size());
    filter.filter = program.data();
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

std::string who_wins_without(unsigned number) {
    return in_own_process([number] {
        ::alarm(static_cast<unsigned>(ages.count()));  // or it might spin for ever
        std::string why;
        for (const network_report& r : probe_networks()) {
            if (r.name == std::string_view("uring") && !r.usable) return "no io_uring: " + r.why;
        }
        if (!refuse(number, EPERM)) return std::string("no filter");
        for (const network_report& r : probe_networks()) {
            if (r.name == std::string_view("uring")) why = r.usable ? "usable" : r.why;
        }
        return run([] { return std::string(this_network().name()); }) + ": " + why;
    });
}

TEST(io_uring_refused, to_be_entered) {
    const std::string said = who_wins_without(__NR_io_uring_enter);
    if (said.starts_with("no ")) GTEST_SKIP() << said;
    EXPECT_EQ(said, "epoll: io_uring_enter: Operation not permitted");
}

TEST(io_uring_refused, to_be_given_buffers) {
    const std::string said = who_wins_without(__NR_io_uring_register);
    if (said.starts_with("no ")) GTEST_SKIP() << said;
    EXPECT_EQ(said, "epoll: io_uring_register_buf_ring: Operation not permitted");
}

}  // namespace
}  // namespace cardea::conformance
