// Descriptors of raw and packet sockets are adopted as all others.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

// Uses the names of the above without including them.
#include <linux/if_ether.h>

#include <array>

#include "every_network.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(adopting_raw);

TEST_P(adopting_raw, every_family_and_type_that_cardea_has) {
    on_network([] {
        for (const auto& [domain, kind, protocol] : {std::array<int, 3>{AF_INET, SOCK_RAW, IPPROTO_ICMP},
                                                     std::array<int, 3>{AF_INET6, SOCK_RAW, IPPROTO_ICMPV6},
                                                     std::array<int, 3>{AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)},
                                                     std::array<int, 3>{AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL)}}) {
            const int fd = ::socket(domain, kind, protocol);
            if (fd < 0) GTEST_SKIP() << "needs CAP_NET_RAW";
            std::error_code ec;
            const socket adopted = socket::adopt(fd, ec);
            EXPECT_FALSE(ec) << ec.message();
            EXPECT_TRUE(adopted.is_open());
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
