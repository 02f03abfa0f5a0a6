// A client in a process of its own, on the system's own blocking calls: it shares neither descriptors nor code with the
// server under test. Every step that fails ends it with an exit status that tells which.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

namespace scale_test {

/// Runs `work` in a forked child; wait() gives its exit status. Killed if nobody waits for it.
class child_process {
  public:
    template <class F>
    explicit child_process(F&& work) : id_(::fork()) {
        if (id_ == 0) {
            work();
            ::_exit(0);
        }
    }
    ~child_process() {
        if (id_ <= 0) return;
        ::kill(id_, SIGKILL);
        wait();
    }
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;

    int wait() {
        int status = -1;
        if (id_ > 0) ::waitpid(std::exchange(id_, 0), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

  private:
    pid_t id_;
};

inline void must(bool holds, const char* what) {
    if (holds) return;
    std::perror(what);
    ::_exit(1);
}

inline int connect_to(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0, "client: socket");
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0, "client: connect");
    return fd;
}

/// The message that connection `i` sends in round `round`: no two alike.
struct message {
    std::uint64_t words[8];
    message(int i, int round) noexcept : words{} {
        for (std::uint64_t k = 0; k < 8; ++k) {
            words[k] = (static_cast<std::uint64_t>(i) << 32) + (static_cast<std::uint64_t>(round) << 8) + k;
        }
    }
};

inline void send_message(int fd, const message& m) {
    must(::send(fd, &m, sizeof m, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof m), "client: send");
}

inline void expect_message(int fd, const message& m) {
    message got(0, 0);
    must(::recv(fd, &got, sizeof got, MSG_WAITALL) == static_cast<ssize_t>(sizeof got), "client: recv");
    must(std::memcmp(&got, &m, sizeof m) == 0, "client: another's bytes");
}

/// Closes with a reset, so that no port stays in TIME_WAIT.
inline void reset(int fd) {
    const linger now{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(fd);
}

/// A pipe to tell the other process to go on.
class signal_pipe {
  public:
    signal_pipe() { must(::pipe(ends_) == 0, "pipe"); }
    ~signal_pipe() {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    signal_pipe(const signal_pipe&) = delete;
    signal_pipe& operator=(const signal_pipe&) = delete;

    void tell() const { must(::write(ends_[1], "x", 1) == 1, "pipe: write"); }
    void wait() const {
        char x = 0;
        must(::read(ends_[0], &x, 1) == 1, "pipe: read");
    }
    [[nodiscard]] bool told() const {
        pollfd readable{ends_[0], POLLIN, 0};
        return ::poll(&readable, 1, 0) == 1;
    }

  private:
    int ends_[2]{};
};

}  // namespace scale_test
