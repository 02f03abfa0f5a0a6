// Batches on Unix sockets: messages one by one, and what came along with them is closed, as by any plain receive.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cardea/batch.hpp>
#include <cardea/passing.hpp>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(unix_batches);

TEST_P(unix_batches, a_batch_closes_the_descriptors_that_a_peer_sends_along) {
    on_network([] {
        for (const type t : {type::datagram, type::seqpacket}) {
            auto [one, other] = socket_pair(family::local, t);
            std::array<int, 2> fds{};
            ASSERT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
            const descriptor read(fds[0]);
            {
                const descriptor write(fds[1]);
                EXPECT_EQ(send_with(one, "first", {write.get()}), 5U);
                EXPECT_EQ(send_with(one, "second", {write.get(), write.get()}), 6U);
                // More than a batch has room for: the kernel cuts the rest off.
                EXPECT_EQ(send_with(one, "third", std::vector<int>(200, write.get())), 5U);
            }
            const std::size_t before = open_descriptors();
            datagram_batch batch;
            const deadline limit(ages);
            for (std::size_t got = 0; got < 3;) got += recv_batch(other, batch);
            EXPECT_EQ(open_descriptors(), before);
            pollfd ended{read.get(), POLLIN, 0};
            EXPECT_EQ(::poll(&ended, 1, 0), 1) << "somebody still has the other end of the pipe";
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
