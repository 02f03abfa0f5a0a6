// A child process that serves, with a pipe on which it tells what happens: for signals and limits that concern a whole
// process.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <system_error>

class forked {
  public:
    /// Runs `body(*this)` in a child, which ends with what it returns.
    template <class Body>
    explicit forked(Body body) {
        int ends[2];
        if (::pipe(ends) != 0) throw std::system_error(errno, std::system_category(), "pipe");
        child_ = ::fork();
        if (child_ < 0) throw std::system_error(errno, std::system_category(), "fork");
        if (child_ == 0) {
            ::close(ends[0]);
            pipe_ = ends[1];
            int code = 99;
            try {
                code = body(*this);
            } catch (const std::exception& e) {
                ::fprintf(stderr, "child: %s\n", e.what());
            }
            ::_exit(code);
        }
        ::close(ends[1]);
        pipe_ = ends[0];
    }
    ~forked() {
        ::close(pipe_);
        if (child_ <= 0) return;
        ::kill(child_, SIGKILL);
        wait();
    }
    forked(const forked&) = delete;
    forked& operator=(const forked&) = delete;

    /// The child's side.
    void tell(std::uint16_t what) const { [[maybe_unused]] const auto n = ::write(pipe_, &what, sizeof what); }
    /// The parent's: blocks; -1 when the child has ended.
    [[nodiscard]] int hear() const {
        std::uint16_t what = 0;
        return ::read(pipe_, &what, sizeof what) == sizeof what ? what : -1;
    }
    void signal(int number) const { ::kill(child_, number); }
    /// The child's exit code; -1: it was killed.
    int wait() {
        int status = 0;
        if (::waitpid(child_, &status, 0) != child_) return -1;
        child_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

  private:
    pid_t child_ = -1;
    int pipe_ = -1;
};
