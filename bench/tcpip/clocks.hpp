// What every program here measures with: the clocks of this process and of another, and the one line of `name=value`
// words that the runner (bench/stack) reads. POSIX only.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace tcpip_bench {

inline double seconds_of(clockid_t clock) {
    timespec now{};
    if (clock_gettime(clock, &now) != 0) {
        std::perror("clock_gettime");
        std::exit(1);
    }
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

inline double now() { return seconds_of(CLOCK_MONOTONIC); }
inline double own_cpu() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

/// CPU time of another process: all of it, exact to a tick, and the part in user mode, in ticks (proc(5)).
struct cpu_of {
    double all = 0;
    double user = 0;
};

inline cpu_of cpu_time(pid_t pid) {
    cpu_of t;
    clockid_t clock{};
    if (clock_getcpuclockid(pid, &clock) != 0) return t;
    t.all = seconds_of(clock);
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string word;
    constexpr int utime = 14;
    for (int i = 1; i <= utime; ++i) stat >> word;
    constexpr double ticks_per_second = 100;
    t.user = std::strtod(word.c_str(), nullptr) / ticks_per_second;
    return t;
}

}  // namespace tcpip_bench
