// On the networks that are hosts of their own serve() opens its listeners on that host, has one thread, and is
// otherwise as everywhere: ready, serving, limits, drain. The kernel is the client of the one on a TUN device.
#include <net/if.h>

#include <cstdlib>
#include <stdexcept>

#include "own_namespace.hpp"
#include "running_server.hpp"

using namespace cardea;

namespace {

constexpr const char* tun = "tun:cardea-serve,10.98.0.2/24,fd98::2/64";

serve_options on(const char* network) {
    serve_options o;
    o.network = network;
    o.handle_signals = false;
    return o;
}

// The kernel's end of the device, which is there when the server is ready.
void give_the_kernel_addresses() {
    ASSERT_EQ(std::system("ip address add 10.98.0.1/24 dev cardea-serve && "
                          "ip -6 address add fd98::1/64 dev cardea-serve nodad"),
              0);
}

class one_host_on_tun : public testing::Test {
  protected:
    void SetUp() override {
        const std::string why_not = in_own_namespace([this] {
            try {
                run({.network = tun}, [] {});
            } catch (const std::exception& e) {
                none_ = e.what();
            }
        });
        if (!why_not.empty()) none_ = why_not;
        if (!none_.empty()) GTEST_SKIP() << "a TUN device needs root: " << none_;
    }
    template <class Body>
    static void inside(Body body) {
        const std::string why_not = in_own_namespace([&] {
            const deadline patience{std::chrono::seconds(60)};
            try {
                body();
            } catch (const std::exception& e) {
                ADD_FAILURE() << e.what();
            }
        });
        ASSERT_EQ(why_not, "");
    }

  private:
    std::string none_;
};

}  // namespace

TEST_F(one_host_on_tun, connections_of_both_families_are_served) {
    inside([] {
        running_server server("*:7", echo, on(tun));
        give_the_kernel_addresses();
        for (const char* where : {"10.98.0.2:7", "[fd98::2]:7"}) {
            tcp_stream peer = tcp_stream::connect(where);
            EXPECT_TRUE(answers(peer)) << where;
        }
        EXPECT_EQ(server.stop().accepted, 2U);
    });
}

TEST_F(one_host_on_tun, both_services_on_one_port) {
    inside([] {
        std::stop_source stop;
        serve_options o = on(tun);
        o.stop = stop.get_token();
        std::promise<std::uint16_t> ready;
        o.on_ready = [&](const std::vector<endpoint>& where) { ready.set_value(where.at(0).port()); };
        std::jthread server([&] {
            serve(
                "10.98.0.2:0", echo,
                [](udp_socket& door, const_buffer datagram, const endpoint& from) { door.send_to(datagram, from); }, o);
        });
        const std::uint16_t port = ready.get_future().get();
        give_the_kernel_addresses();
        tcp_stream peer = tcp_stream::connect(endpoint::inet({10, 98, 0, 2}, port));
        EXPECT_TRUE(answers(peer));
        udp_socket door = udp_socket::connect(endpoint::inet({10, 98, 0, 2}, port));
        door.send("datagram");
        std::array<char, 16> back{};
        EXPECT_EQ(door.recv(back), 8U);
        peer.close();
        stop.request_stop();
    });
}

TEST_F(one_host_on_tun, the_drain_waits_for_handlers_and_refuses_others) {
    inside([] {
        running_server server("*:7", echo, on(tun));
        give_the_kernel_addresses();
        tcp_stream before = tcp_stream::connect("10.98.0.2:7");
        EXPECT_TRUE(answers(before));
        server.ask_to_stop();
        wait_until_refused(endpoint::parse("10.98.0.2:7"));
        EXPECT_TRUE(answers(before));
        before.close();
        const serve_report end = server.report();
        EXPECT_EQ(end.cancelled, 0U);
    });
}

TEST_F(one_host_on_tun, what_is_refused_leaves_no_device_behind) {
    inside([] {
        serve_options o = on(tun);
        EXPECT_THROW(serve("10.98.0.77:7", echo, o), error) << "it has another address";
        o.threads = 4;
        EXPECT_THROW(serve("*:7", echo, o), std::invalid_argument);
        EXPECT_EQ(::if_nametoindex("cardea-serve"), 0U);
        o.threads = 1;
        running_server server("*:7", echo, o);
    });
}

TEST_F(one_host_on_tun, a_device_that_another_host_has_is_named) {
    inside([] {
        running_server first("*:7", echo, on(tun));
        try {
            serve("*:8", echo, on(tun));
            ADD_FAILURE() << "it served";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), std::errc::device_or_resource_busy);
            EXPECT_NE(std::string(e.what()).find("attach to the TUN device 'cardea-serve', which another program has"),
                      std::string::npos)
                << e.what();
        }
    });
}

TEST(one_host_on_sim, serve_is_ready_and_stops) {
    running_server server({"127.0.0.1:0", "*:80"}, echo, on("sim"));
    ASSERT_EQ(server.listening().size(), 2U);
    EXPECT_NE(server.listening()[0].port(), 0);
    EXPECT_EQ(server.listening()[1].port(), 80);
    EXPECT_EQ(server.stop().accepted, 0U);
}

TEST(one_host_on_sim, several_threads_would_be_several_hosts) {
    serve_options o = on("sim");
    o.threads = 2;
    EXPECT_THROW(serve("*:80", echo, o), std::invalid_argument);
}

TEST(one_host_on_sim, an_address_of_another_host_is_refused) {
    EXPECT_THROW(serve("192.0.2.1:80", echo, on("sim")), error);
}
