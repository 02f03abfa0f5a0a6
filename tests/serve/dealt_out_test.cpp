// Connections that one loop accepts for others: each gets its handler, also when the loop it was meant for takes no
// more.
#include "running_server.hpp"
#include "serve/serving.hpp"

using namespace cardea;

class dealt_out : public on_each_network {};

TEST_P(dealt_out, what_a_draining_loop_does_not_take_is_served_where_it_was_accepted) {
    run({.network = GetParam()}, [&] {
        const detail::handler how{.on_stream = [](void*, stream&& peer) { echo(std::move(peer)); }};
        const serve_options chosen = options(2);
        detail::service of(how, chosen, 2);
        of.boxes[1]->close();  // the other loop has heard of the end already
        const std::string name = "unix:@cardea-test-dealt-" + std::to_string(this_network().random());
        detail::doors doors = detail::listen_first({name}, detail::served::streams, 16, true);
        detail::serving here(of, doors.open, 0);
        here.start();
        std::vector<unix_stream> peers;
        for (int i = 0; i < 4; ++i) {
            peers.push_back(unix_stream::connect(name));
            EXPECT_TRUE(answers(peers.back())) << i;
        }
        peers.clear();
        here.stop_accepting();
        here.join(std::chrono::seconds(10));
        EXPECT_EQ(of.accepted, 4U);
        EXPECT_EQ(of.handler_failures, 0U);
    });
}

INSTANTIATE_TEST_SUITE_P(, dealt_out, every_network(), name_of);
