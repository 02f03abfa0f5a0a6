// Asks Linux: uname(2), sched_getaffinity(2), getrlimit(2), and sysctls under /proc (proc(5)).
#include <fmt/core.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "machine.hpp"

namespace cardea_tool {

namespace {

std::string sysctl(const char* path) {
    std::ifstream file(path);
    std::string value;
    if (!std::getline(file, value)) return "unknown";
    std::replace(value.begin(), value.end(), '\t', '-');
    return value;
}

std::string in_words(rlim_t value, bool memory) {
    if (value == RLIM_INFINITY) return "unlimited";
    return memory ? fmt::format("{} KiB", value / 1024) : fmt::format("{}", value);
}

limit of_process(const char* name, int resource, bool memory, const char* meaning) {
    rlimit now{};
    if (::getrlimit(resource, &now) != 0) return {name, "unknown", meaning};
    const auto most =
        now.rlim_max == now.rlim_cur ? "" : fmt::format("; can be raised to {}", in_words(now.rlim_max, memory));
    return {name, in_words(now.rlim_cur, memory), meaning + most};
}

}  // namespace

std::string system_name() {
    utsname name{};
    if (::uname(&name) != 0) return "unknown";
    return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

std::string processors() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return "unknown";
    std::string ranges;
    constexpr std::size_t most = CPU_SETSIZE;
    for (std::size_t cpu = 0; cpu < most; ++cpu) {
        if (!CPU_ISSET(cpu, &set)) continue;
        std::size_t last = cpu;
        while (last + 1 < most && CPU_ISSET(last + 1, &set)) ++last;
        ranges += fmt::format("{}{}", ranges.empty() ? "" : ",", cpu);
        if (last != cpu) ranges += fmt::format("-{}", last);
        cpu = last;
    }
    return fmt::format("{} of {} (the affinity mask is {}); a server has one loop for each", CPU_COUNT(&set),
                       ::sysconf(_SC_NPROCESSORS_ONLN), ranges);
}

std::vector<limit> limits() {
    return {
        of_process("open files", RLIMIT_NOFILE, false, "sockets at once (RLIMIT_NOFILE)"),
        of_process("locked memory", RLIMIT_MEMLOCK, true,
                   "rings and their buffers, before Linux 5.12 (RLIMIT_MEMLOCK)"),
        {"memory maps", sysctl("/proc/sys/vm/max_map_count"),
         "fiber stacks, where they cannot share one (vm.max_map_count)"},
        {"listen queue", sysctl("/proc/sys/net/core/somaxconn"), "connections waiting for accept (net.core.somaxconn)"},
        {"local ports", sysctl("/proc/sys/net/ipv4/ip_local_port_range"),
         "for clients of one server (net.ipv4.ip_local_port_range)"},
    };
}

}  // namespace cardea_tool
