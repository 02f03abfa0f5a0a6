// Cardea's fibers in libuv's loop: a uv_poll_t on the descriptor.
#include <uv.h>

#include "echo.hpp"

namespace cardea {
namespace {

class in_libuv : public in_another_loop {};
INSTANTIATE_TEST_SUITE_P(on, in_libuv, testing::ValuesIn(embeddable), name_of_param);

TEST_P(in_libuv, runs_while_libuv_waits) {
    uv_loop_t around;
    ASSERT_EQ(uv_loop_init(&around), 0);
    {
        embedded_loop cardea(network());
        echo_result result;
        start_echo(cardea, 100, result);
        uv_poll_t ready;
        ASSERT_EQ(uv_poll_init(&around, &ready, cardea.descriptor()), 0);
        ready.data = &cardea;
        uv_poll_start(&ready, UV_READABLE, [](uv_poll_t* handle, int status, int) {
            ASSERT_EQ(status, 0);
            if (static_cast<embedded_loop*>(handle->data)->run_ready()) return;
            uv_poll_stop(handle);
            uv_close(reinterpret_cast<uv_handle_t*>(handle), nullptr);
        });
        uv_run(&around, UV_RUN_DEFAULT);
        EXPECT_EQ(result.answers, 100);
        EXPECT_TRUE(result.slept);
    }
    EXPECT_EQ(uv_loop_close(&around), 0);
}

}  // namespace
}  // namespace cardea
