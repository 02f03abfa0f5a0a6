// bench-load: one thread that keeps an echo server on 127.0.0.1 busy, checks every byte that comes back, and prints
// one line of `name=value` words about the measured window. Linux only.
#include <sys/resource.h>

#include "loads.hpp"
#include "sockets.hpp"

namespace {

void allow_many_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) load::die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) load::die("setrlimit");
}

}  // namespace

int main(int argc, char** argv) {
    auto wanted = load::parse(argc, argv);
    allow_many_descriptors();
    if (wanted.what == load::kind::echo) {
        load::run_echo(wanted);
    } else {
        load::run_churn(wanted);
    }
}
