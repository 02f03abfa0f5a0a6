// More operations begun, completed and cancelled in one turn than any submission or completion queue has room for:
// nothing is lost, nobody is forgotten.
#include <gtest/gtest.h>

#include <cardea/cardea.hpp>
#include <memory>
#include <string>
#include <vector>

#include "baseline.hpp"
#include "counts.hpp"

namespace {

using namespace scale_test;

constexpr int many = concurrent_connections;

class queue_overflow : public testing::TestWithParam<const char*> {
  protected:
    template <class F>
    static void here(F&& f) {
        const std::size_t limit = raise_descriptor_limit();
        if (limit < static_cast<std::size_t>(many) + 200) {
            GTEST_SKIP() << "the hard limit of descriptors is " << limit;
        }
        const std::size_t descriptors = open_descriptors();
        cardea::run({.network = GetParam()}, f);
        EXPECT_EQ(open_descriptors(), descriptors);
    }
    static std::vector<cardea::udp_socket> doors() {
        std::vector<cardea::udp_socket> all;
        for (int i = 0; i < many; ++i) all.push_back(cardea::udp_socket::bind("127.0.0.1:0"));
        return all;
    }
};

constexpr cardea::fiber_options small{.stack_size = 32 * 1024};

TEST_P(queue_overflow, all_receives_cancelled_at_once_end) {
    here([] {
        auto all = doors();
        int ended = 0;
        cardea::scope receivers;
        for (auto& door : all) {
            receivers.spawn(small, [&] {
                std::byte room[16];
                std::error_code why;
                door.recv(room, why);
                EXPECT_EQ(why, cardea::errc::cancelled);
                ++ended;
            });
        }
        cardea::sleep(std::chrono::milliseconds(1));
        receivers.cancel();
        receivers.join();
        EXPECT_EQ(ended, many);
    });
}

TEST_P(queue_overflow, all_receives_timed_out_at_once_end) {
    here([] {
        auto all = doors();
        int ended = 0;
        cardea::scope receivers;
        for (auto& door : all) {
            receivers.spawn(small, [&] {
                std::byte room[16];
                std::error_code why;
                const cardea::deadline soon{std::chrono::milliseconds(20)};
                door.recv(room, why);
                EXPECT_EQ(why, cardea::errc::timed_out);
                ++ended;
            });
        }
        receivers.join();
        EXPECT_EQ(ended, many);
    });
}

TEST_P(queue_overflow, all_receives_completed_at_once_get_their_own) {
    here([] {
        auto all = doors();
        int right = 0;
        cardea::scope receivers;
        for (std::size_t i = 0; i < all.size(); ++i) {
            receivers.spawn(small, [&, i] {
                std::size_t got = 0;
                EXPECT_EQ(all[i].recv({&got, sizeof got}), sizeof got);
                right += got == i ? 1 : 0;
            });
        }
        cardea::sleep(std::chrono::milliseconds(1));
        auto sender = cardea::udp_socket::bind("127.0.0.1:0");
        for (std::size_t i = 0; i < all.size(); ++i) sender.send_to({&i, sizeof i}, all[i].local());
        receivers.join();
        EXPECT_EQ(right, many);
    });
}

INSTANTIATE_TEST_SUITE_P(, queue_overflow, testing::Values("uring", "epoll"),
                         [](const auto& network) { return std::string(network.param); });

}  // namespace
