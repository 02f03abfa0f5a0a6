// serve() with a handler for streams and one for datagrams: the same addresses and ports, one set of threads.
#include "running_server.hpp"

using namespace cardea;

class both_services : public on_each_network {};

namespace {

void echo_datagram(udp_socket& door, const_buffer datagram, const endpoint& from) { door.send_to(datagram, from); }

bool answers_datagrams(const endpoint& where) {
    udp_socket door = udp_socket::connect(where);
    door.send("ping");
    std::array<char, 8> back{};
    return door.recv(back) == 4;
}

// Both handlers, as running_server knows one.
struct both {
    void serve_at(const addresses& where, serve_options o, const std::function<void(std::vector<endpoint>)>& then) {
        std::stop_source stop;
        o.stop = stop.get_token();
        std::promise<std::vector<endpoint>> ready;
        o.on_ready = [&](const std::vector<endpoint>& all) { ready.set_value(all); };
        auto ended = std::async(std::launch::async, [&] { return serve(where, echo, echo_datagram, o); });
        then(ready.get_future().get());
        stop.request_stop();
        report = ended.get();
    }
    serve_report report;
};

}  // namespace

TEST_P(both_services, share_a_free_port_and_every_thread) {
    both server;
    server.serve_at({"127.0.0.1:0", "[::1]:0", "unix:@cardea-test-both-" + GetParam()}, options(2),
                    [](const std::vector<endpoint>& where) {
                        ASSERT_EQ(where.size(), 3U);
                        for (std::size_t i = 0; i < 2; ++i) {
                            tcp_stream peer = tcp_stream::connect(where[i]);
                            EXPECT_TRUE(answers(peer));
                            EXPECT_TRUE(answers_datagrams(where[i]));
                        }
                        unix_stream local = unix_stream::connect(where[2]);
                        EXPECT_TRUE(answers(local));
                    });
    EXPECT_EQ(server.report.accepted, 3U);
}

TEST_P(both_services, a_port_that_one_of_them_cannot_have_is_refused_to_both) {
    const udp_socket taken = udp_socket::bind("127.0.0.1:0");
    const endpoint where = taken.local();
    try {
        serve(where.to_string(), echo, echo_datagram, options(2));
        ADD_FAILURE() << "it served";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), std::errc::address_in_use);
    }
    std::error_code ec;
    tcp_stream::connect(where, ec);
    EXPECT_EQ(ec, std::errc::connection_refused) << "a listener was left";
}

INSTANTIATE_TEST_SUITE_P(networks, both_services, every_network(), name_of);
