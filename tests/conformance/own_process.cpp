// fork(2) and seccomp(2) filters for tests. See own_process.hpp.
#include "own_process.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <exception>

namespace cardea::conformance {

std::string in_own_process(const std::function<std::string()>& work) {
    std::array<int, 2> tube{};
    if (::pipe(tube.data()) != 0) return "(no pipe)";
    const pid_t pid = ::fork();
    if (pid == 0) {
        std::string said;
        try {
            said = work();
        } catch (const std::exception& e) {
            said = std::string("(threw) ") + e.what();
        }
        const bool written = ::write(tube[1], said.data(), said.size()) == static_cast<ssize_t>(said.size());
        ::_exit(written ? 0 : 1);
    }
    ::close(tube[1]);
    std::string said;
    std::array<char, 512> room{};
    for (ssize_t n = 1; n > 0;) {
        n = ::read(tube[0], room.data(), room.size());
        if (n > 0) said.append(room.data(), static_cast<std::size_t>(n));
    }
    ::close(tube[0]);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status == 0 ? said : "(died, status " + std::to_string(status) + ") " + said;
}

bool refuse_io_uring(int error, unsigned entries) {
    std::array<sock_filter, 6> program = {{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),  // the low half, on little-endian machines
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, entries, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (static_cast<unsigned>(error) & SECCOMP_RET_DATA)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    sock_fprog filter{};
    filter.len = static_cast<unsigned short>(program.size());
    filter.filter = program.data();
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

}  // namespace cardea::conformance
