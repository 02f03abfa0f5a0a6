// A fiber that recurses too deep, on the loop of every network: a guard page stops it, and the message names the fiber
// and its stack's size.
#include "../fiber/digging.hpp"
#include "every_network.hpp"
#include "serving.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_WHERE(stack_overflow, is_loops);

TEST_P(stack_overflow, names_the_fiber_and_its_stack_size) {
    expect_overflow(
        [this] {
            in_a_loop([] {
                scope all;
                all.spawn({.name = "digger", .stack_size = 64 * 1024}, [] { dig(too_deep); });
                all.join();
            });
        },
        "fiber 'digger' overflowed its stack of 65536 bytes");
}

TEST_P(stack_overflow, of_a_handler_names_the_handler) {
    expect_overflow(
        [this] {
            in_a_loop([] {
                serve_options how;
                how.stack_size = 128 * 1024;
                server_beside server([](tcp_stream) { dig(too_deep); }, how);
                tcp_stream client = tcp_stream::connect(server.at());
                std::array<char, 1> room{};
                client.recv(room);
            });
        },
        "fiber 'handler 1' overflowed its stack of 131072 bytes");
}

}  // namespace
}  // namespace cardea::conformance
