// The heap of deadlines against a plain list: members come, move and go in every order.
#include "stack/timer_heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tcp_pair.hpp"

namespace cardea::stack {
namespace {

TEST(timer_heap, earliest_is_in_front_whatever_was_done) {
    tcp::test::random_stream random{1};
    std::array<timed, 40> members;
    for (std::size_t i = 0; i < members.size(); ++i) members[i].serial = i;
    timer_heap heap;
    heap.reserve(members.size());
    for (int step = 0; step < 20'000; ++step) {
        auto& m = members[random.below(members.size())];
        switch (random.below(4)) {
            case 0:
                heap.remove(m);
                break;
            case 1:
                heap.set(m, never);
                break;
            default:
                heap.set(m, static_cast<time_ns>(random.below(100)));
                break;
        }
        auto const least = std::min_element(members.begin(), members.end(), [](timed const& a, timed const& b) {
            return a.deadline != b.deadline ? a.deadline < b.deadline : a.serial < b.serial;
        });
        ASSERT_EQ(heap.next(), least->deadline);
        ASSERT_EQ(heap.empty(), least->deadline == never);
        if (!heap.empty()) {
            ASSERT_EQ(heap.front(), &*least);
        }
    }
}

}  // namespace
}  // namespace cardea::stack
