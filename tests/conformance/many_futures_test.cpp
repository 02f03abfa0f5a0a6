// More futures awaited than there are threads to wait for them: none keeps another waiting, nor what else needs
// threads.
#include <cardea/future.hpp>
#include <cardea/offload.hpp>
#include <vector>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_IN_REAL_TIME(many_futures);

TEST_P(many_futures, the_last_in_line_has_its_turn_and_offload_goes_on) {
    if (runs_on_threads()) GTEST_SKIP() << "each thread waits for its own";
    on_network([] {
        constexpr std::size_t many = 40;  // more than there are threads
        std::vector<std::promise<int>> promised(many);
        scope waiting;
        for (std::size_t i = 0; i + 1 < many; ++i) {
            waiting.spawn([&, i] { EXPECT_EQ(await(promised[i].get_future()), 7); });
        }
        waiting.spawn([&] {
            EXPECT_EQ(await(promised[many - 1].get_future()), 7);
            for (std::size_t i = 0; i + 1 < many; ++i) promised[i].set_value(7);
        });
        for (std::size_t i = 0; i < many; ++i) yield();
        const deadline within(ages);
        EXPECT_EQ(offload([] { return 4; }), 4);
        promised[many - 1].set_value(7);
        waiting.join();
    });
}

TEST_P(many_futures, one_that_is_given_up_before_its_turn_keeps_its_work_from_the_loop) {
    if (runs_on_threads()) GTEST_SKIP() << "each thread waits for its own";
    on_network([] {
        constexpr std::size_t threads = 32;
        std::vector<std::promise<int>> promised(threads);
        scope waiting;
        for (std::size_t i = 0; i < threads; ++i) {
            waiting.spawn([&, i] { EXPECT_EQ(await(promised[i].get_future()), 7); });
        }
        for (std::size_t i = 0; i < threads; ++i) yield();
        // The last future of std::async waits for its work in its destructor: not on this thread.
        std::promise<void> go_on;
        const std::shared_future<void> going = go_on.get_future().share();
        scope leaves;
        leaves.spawn([&] { await(std::async(std::launch::async, [going] { going.wait(); })); });
        yield();
        leaves.cancel();
        leaves.join();
        go_on.set_value();
        for (std::promise<int>& one : promised) one.set_value(7);
        waiting.join();
    });
}

}  // namespace
}  // namespace cardea::conformance
