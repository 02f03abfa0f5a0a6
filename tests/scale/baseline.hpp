// What a process holds: descriptors and memory, read from /proc (proc(5)).
#pragma once

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace scale_test {

inline std::size_t open_descriptors() {
    DIR* all = ::opendir("/proc/self/fd");
    std::size_t n = 0;
    while (::readdir(all) != nullptr) ++n;
    ::closedir(all);
    return n;
}

inline std::size_t resident_bytes() {
    std::ifstream sizes("/proc/self/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    sizes >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// As many descriptors as the hard limit allows; returns that many.
inline std::size_t raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace scale_test
