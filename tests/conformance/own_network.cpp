// unshare(2), ip(8).
#include "own_network.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace cardea::conformance {

bool does(const std::string& command) { return std::system(("{ " + command + "; } >/dev/null 2>&1").c_str()) == 0; }

std::string complaint_of(const std::string& command, bool& lacks) {
    std::string said;
    FILE* const out = ::popen(("{ " + command + "; } 2>&1 >/dev/null").c_str(), "re");
    if (out == nullptr) return "popen: " + std::string(std::strerror(errno));
    std::array<char, 256> part{};
    while (std::fgets(part.data(), static_cast<int>(part.size()), out) != nullptr) said += part.data();
    if (::pclose(out) == 0) return {};
    // Rights (EPERM, EACCES, read-only /proc), and kernels without the device or the protocol.
    constexpr std::array<std::string_view, 6> reasons{"Operation not permitted", "Permission denied",
                                                      "Read-only file system",   "Operation not supported",
                                                      "Unknown device type",     "Protocol not supported"};
    lacks = std::any_of(reasons.begin(), reasons.end(),
                        [&](std::string_view reason) { return said.find(reason) != std::string::npos; });
    return said.empty() ? "it failed" : said;
}

std::string enter_own_network() {
    if (!does("command -v ip && command -v nft")) return "needs ip and nft";
    if (::unshare(CLONE_NEWNET) != 0) {
        const std::string why = std::string("no network namespace: ") + std::strerror(errno);
        EXPECT_TRUE(errno == EPERM || errno == ENOSYS || errno == EINVAL) << why;
        return why;
    }
    bool lacks = false;
    const std::string complaint = complaint_of("ip link set lo up", lacks);
    EXPECT_TRUE(complaint.empty() || lacks) << complaint;
    return complaint;
}

}  // namespace cardea::conformance
