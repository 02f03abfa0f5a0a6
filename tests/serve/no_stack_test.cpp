// No stack can be had for a handler: its connection closes, accepting pauses and tells of it, the server stays.
#include <atomic>
#include <limits>

#include "running_server.hpp"

using namespace cardea;

class no_stack : public on_each_network {};

TEST_P(no_stack, closes_the_connection_and_goes_on) {
    std::atomic<int> handled{0};
    std::atomic<int> told{0};
    serve_options o = options();
    o.stack_size = std::numeric_limits<std::size_t>::max() / 4;  // more than there are addresses
    o.drain = std::chrono::hours(1);
    o.on_error = [&](const endpoint&, std::exception_ptr) { ++told; };
    running_server server(
        "127.0.0.1:0", [&](tcp_stream) { ++handled; }, o);
    for (int i = 0; i < 3; ++i) {  // the second and the third are accepted after a pause
        tcp_stream peer = tcp_stream::connect(server.at());
        char nothing = 0;
        EXPECT_EQ(peer.recv({&nothing, 1}), 0U);
    }
    const serve_report report = server.stop();
    EXPECT_EQ(report.accept_pauses, 3U);
    EXPECT_EQ(report.cancelled, 0U);
    EXPECT_EQ(handled, 0);
    EXPECT_GE(told, 1);
}

INSTANTIATE_TEST_SUITE_P(networks, no_stack, every_network(), name_of);
