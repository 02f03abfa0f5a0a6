// Cardea's fibers in Asio's io_context: they run while Asio waits on its descriptor.
#include <asio.hpp>

#include "echo.hpp"

namespace cardea {
namespace {

class in_asio : public in_another_loop {};
INSTANTIATE_TEST_SUITE_P(on, in_asio, testing::ValuesIn(embeddable), name_of_param);

TEST_P(in_asio, runs_beside_asios_own_work) {
    asio::io_context around;
    embedded_loop cardea(network());
    asio::posix::stream_descriptor ready(around, cardea.descriptor());
    echo_result result;
    start_echo(cardea, 100, result);
    int ticks = 0;
    bool done = false;
    asio::steady_timer timer(around);
    std::function<void()> tick = [&] {
        timer.expires_after(std::chrono::milliseconds(1));
        timer.async_wait([&](const std::error_code&) {
            ++ticks;
            if (!done) tick();
        });
    };
    tick();
    std::function<void()> watch = [&] {
        ready.async_wait(asio::posix::stream_descriptor::wait_read, [&](const std::error_code& failed) {
            ASSERT_FALSE(failed) << failed.message();
            if (cardea.run_ready()) {
                watch();
            } else {
                done = true;
            }
        });
    };
    watch();
    around.run_for(std::chrono::seconds(30));
    ready.release();
    EXPECT_EQ(result.answers, 100);
    EXPECT_TRUE(result.slept);
    EXPECT_GT(ticks, 0);
}

}  // namespace
}  // namespace cardea
