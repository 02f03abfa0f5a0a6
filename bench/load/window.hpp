// The measured window: warm-up, the window itself, and its one-line report. The server's CPU time is read here, at the
// same instants as the message count, so that no start-up or connecting is in it. POSIX clocks and /proc only.
#pragma once

#include <time.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include "options.hpp"
#include "sockets.hpp"

namespace load {

class window {
  public:
    explicit window(const options& wanted) : wanted_(wanted) {
        if (wanted.server != 0) {
            // clock_getcpuclockid(3): user and system time of the whole process, all threads.
            if (int error = clock_getcpuclockid(wanted.server, &server_clock_); error != 0) die("--server-pid", error);
        }
        opens_at_ = seconds(CLOCK_MONOTONIC) + wanted.warm_up;
    }

    /// To be called after each batch of work with the messages answered so far; true once the window has closed.
    bool closed_after(std::uint64_t messages) {
        double now = seconds(CLOCK_MONOTONIC);
        if (!open_) {
            if (now < opens_at_) return false;
            open_ = true;
            begin_ = sample(messages);
            return false;
        }
        bool enough =
            wanted_.messages != 0 ? messages - begin_.messages >= wanted_.messages : now >= begin_.at + wanted_.seconds;
        if (enough) end_ = sample(messages);
        return enough;
    }

    void report(std::uint64_t total_messages) const {
        double elapsed = end_.at - begin_.at;
        auto messages = static_cast<double>(end_.messages - begin_.messages);
        std::printf(
            "messages=%.0f seconds=%.6f messages_per_second=%.0f server_cpu_ns=%.0f server_wait_ns=%llu "
            "load_cpu_ns=%.0f total_messages=%llu\n",
            messages, elapsed, messages / elapsed, (end_.server - begin_.server) * 1e9,
            static_cast<unsigned long long>(end_.server_wait_ns - begin_.server_wait_ns),
            (end_.load - begin_.load) * 1e9, static_cast<unsigned long long>(total_messages));
    }

  private:
    struct reading {
        double at = 0;
        double server = 0;
        double load = 0;
        std::uint64_t server_wait_ns = 0;
        std::uint64_t messages = 0;
    };

    static double seconds(clockid_t clock) {
        timespec now{};
        if (clock_gettime(clock, &now) < 0) die("clock_gettime: has the server gone?");
        return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
    }

    reading sample(std::uint64_t messages) const {
        double server = wanted_.server != 0 ? seconds(server_clock_) : 0;
        return {seconds(CLOCK_MONOTONIC), server, seconds(CLOCK_PROCESS_CPUTIME_ID), server_wait_ns(), messages};
    }

    /// How long the server's first thread has been ready to run while others had its CPU: the second number of
    /// /proc/PID/schedstat. 0 where the kernel does not keep it.
    std::uint64_t server_wait_ns() const {
        std::uint64_t ran = 0;
        std::uint64_t waited = 0;
        if (wanted_.server != 0)
            std::ifstream("/proc/" + std::to_string(wanted_.server) + "/schedstat") >> ran >> waited;
        return waited;
    }

    options wanted_;
    clockid_t server_clock_{};
    double opens_at_ = 0;
    bool open_ = false;
    reading begin_;
    reading end_;
};

constexpr int stall_ms = 5000;  // no event for so long while answers are owed means that the server lost something

}  // namespace load
