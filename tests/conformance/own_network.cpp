// unshare(2), ip(8).
#include "own_network.hpp"

#include <sched.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace cardea::conformance {

bool does(const std::string& command) { return std::system(("{ " + command + "; } >/dev/null 2>&1").c_str()) == 0; }

std::string enter_own_network() {
    if (!does("command -v ip && command -v nft")) return "needs ip and nft";
    if (::unshare(CLONE_NEWNET) != 0) return std::string("no network namespace: ") + std::strerror(errno);
    return does("ip link set lo up") ? "" : "ip cannot set the loopback up";
}

}  // namespace cardea::conformance
