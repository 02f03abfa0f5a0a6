// Batches on datagram sockets that are not UDP's: each datagram leaves by itself.
#include <netinet/in.h>

#include <array>
#include <cardea/batch.hpp>
#include <vector>

#include "every_network.hpp"
#include "own_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(ping_batches);

TEST_P(ping_batches, equal_echo_requests_are_answered_one_by_one) {
    on_network(in_own_network({"sysctl -w net.ipv4.ping_group_range='0 2147483647'"}, [] {
        std::error_code ec;
        socket pings{family::inet, type::datagram, IPPROTO_ICMP, ec};
        if (ec) GTEST_SKIP() << "no ping sockets here: " << ec.message();
        pings.connect("127.0.0.1:0");
        std::array<std::byte, 64> request{};
        request[0] = std::byte{8};  // echo (RFC 792)
        const std::vector<outgoing_datagram> all(5, {request, nullptr});
        EXPECT_EQ(send_batch(pings, all), all.size());
        const deadline within(ages / 3);
        for (std::size_t i = 0; i < all.size(); ++i) {
            std::array<std::byte, 1024> answer{};
            EXPECT_EQ(pings.recv(answer), request.size());
        }
    }));
}

}  // namespace
}  // namespace cardea::conformance
