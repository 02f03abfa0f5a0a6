// What became of datagrams that did not arrive: told in full to who asks, and no harm to anybody else.
#include <cardea/datagram.hpp>
#include <cardea/error_queue.hpp>

#include "every_network.hpp"
#include "own_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(error_queue);
CARDEA_CONFORMANCE_OF_KERNELS(error_queue_on_kernels);

std::string text_of(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_P(error_queue, an_unconnected_socket_is_told_which_datagram_to_whom_and_by_whom) {
    on_network([] {
        for (const family f : {family::inet, family::inet6}) {
            const nobody refusing(type::datagram, f);
            const endpoint gone = refusing.where();
            udp_socket client = udp_socket::open();
            client.set(option::receive_errors{true});
            client.send_to("anybody there?", gone);
            const deadline limit(ages);
            const datagram_error lost = recv_error(client);
            EXPECT_EQ(lost.what, std::errc::connection_refused);
            EXPECT_EQ(lost.destination, gone);
            EXPECT_EQ(lost.reporter.host(), gone.host());
            EXPECT_EQ(text_of(lost.datagram), "anybody there?");
            EXPECT_EQ(lost.by, f == family::inet ? datagram_error::origin::icmp : datagram_error::origin::icmpv6);
            EXPECT_EQ(lost.icmp_type, f == family::inet ? 3 : 1);
            EXPECT_EQ(lost.icmp_code, f == family::inet ? 3 : 4);
            EXPECT_STREQ(describe(lost), "port unreachable");
        }
    });
}

TEST_P(error_queue, who_waits_for_an_error_is_woken_by_it) {
    on_network([] {
        const nobody refusing(type::datagram);
        const endpoint gone = refusing.where();
        udp_socket client = udp_socket::bind("127.0.0.1:0");
        client.set(option::receive_errors{true});
        scope child;
        spawn_waiting(child, [&] {
            const deadline limit(ages);
            EXPECT_EQ(recv_error(client).destination, gone);
        });
        client.send_to("knock", gone);
        child.join();
    });
}

TEST_P(error_queue, one_peers_misfortune_ends_no_send_and_no_receive_of_an_unconnected_server) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        server.set(option::receive_errors{true});
        udp_socket client = udp_socket::connect(server.local());
        std::array<char, 64> room{};
        for (int i = 0; i < 10; ++i) {
            const nobody gone(type::datagram);
            server.send_to("answer to nobody", gone.where());
            server.send_to("answer", client.local());
            EXPECT_EQ(client.recv(room), 6U);
            scope child;
            spawn_waiting(child, [&] { EXPECT_EQ(server.recv_from(room).size, 8U); });
            server.send_to("to nobody again", gone.where());
            client.send("question");
            child.join();
        }
        // All of them are kept, up to the bound.
        const deadline limit(ages);
        for (int i = 0; i < 16; ++i) EXPECT_EQ(recv_error(server).what, std::errc::connection_refused);
    });
}

TEST_P(error_queue, a_receiver_and_one_who_waits_for_errors_get_each_their_own) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        server.set(option::receive_errors{true});
        udp_socket client = udp_socket::connect(server.local());
        const nobody refusing(type::datagram);
        const endpoint gone = refusing.where();
        std::atomic<int> datagrams{0};
        std::atomic<int> errors{0};
        scope all;
        spawn_waiting(all, [&] {
            const deadline limit(ages);
            std::array<char, 64> room{};
            for (; datagrams < 10; ++datagrams) EXPECT_EQ(server.recv_from(room).size, 4U);
        });
        spawn_waiting(all, [&] {
            const deadline limit(ages);
            for (; errors < 10; ++errors) EXPECT_EQ(recv_error(server).destination, gone);
        });
        for (int i = 0; i < 10; ++i) {
            server.send_to("lost", gone);
            client.send("come");
        }
        all.join();
        EXPECT_EQ(datagrams, 10);
        EXPECT_EQ(errors, 10);
    });
}

TEST_P(error_queue, a_connected_socket_fails_as_ever_and_keeps_the_reason) {
    on_network([] {
        const nobody refusing(type::datagram);
        const endpoint gone = refusing.where();
        udp_socket client = udp_socket::connect(gone);
        client.set(option::receive_errors{true});
        client.send("anybody there?");
        std::array<char, 64> room{};
        std::error_code ec;
        {
            const deadline limit(ages);
            client.recv(room, ec);
        }
        EXPECT_EQ(ec, std::errc::connection_refused);
        const deadline limit(ages);
        EXPECT_EQ(recv_error(client).destination, gone);
    });
}

TEST_P(error_queue, waiting_ends_by_deadline_cancellation_and_close) {
    on_network([] {
        udp_socket client = udp_socket::bind("127.0.0.1:0");
        std::error_code ec;
        recv_error(client, ec);
        EXPECT_EQ(ec, errc::not_supported) << "nobody has asked for errors";
        client.set(option::receive_errors{true});
        {
            const deadline soon(10ms);
            recv_error(client, ec);
            EXPECT_EQ(ec, errc::timed_out);
        }
        std::error_code why;
        {
            scope child;
            spawn_waiting(child, [&] { recv_error(client, why); });
            child.cancel();
            try {
                child.join();
            } catch (const cancelled&) {
            }
            EXPECT_EQ(why, errc::cancelled);
        }
        scope child;
        spawn_waiting(child, [&] { recv_error(client, why); });
        client.close();
        child.join();
        EXPECT_EQ(why, errc::closed);
    });
}

TEST_P(error_queue_on_kernels, what_is_too_big_for_the_path_is_told_with_the_mtu) {
    on_network(in_own_network({"ip link set lo mtu 1500"}, [] {
        for (const char* host : {"127.0.0.1:0", "[::1]:0"}) {
            udp_socket server = udp_socket::bind(host);
            udp_socket client = udp_socket::connect(server.local());
            client.set(option::receive_errors{true});
            client.set(option::mtu_discovery{mtu_discovery::must});
            std::error_code ec;
            client.send(std::vector<char>(1473), ec);
            EXPECT_EQ(ec, std::errc::message_size);
            const deadline limit(ages);
            const datagram_error told = recv_error(client);
            EXPECT_EQ(told.mtu, 1500U);
            EXPECT_EQ(told.what, std::errc::message_size);
            EXPECT_EQ(told.by, datagram_error::origin::local);
            EXPECT_STREQ(describe(told), "too big for the path");
        }
    }));
}

TEST_P(error_queue_on_kernels, the_words_of_the_icmp_message_are_told) {
    on_network(in_own_network(
        {"nft add table inet t", "nft 'add chain inet t in { type filter hook input priority 0; policy accept; }'",
         "nft add rule inet t in meta nfproto ipv4 udp dport 9 reject with icmp type admin-prohibited",
         "nft add rule inet t in meta nfproto ipv4 udp dport 10 reject with icmp type host-unreachable",
         "nft add rule inet t in meta nfproto ipv6 udp dport 9 reject with icmpv6 type admin-prohibited",
         "nft add rule inet t in meta nfproto ipv6 udp dport 10 reject with icmpv6 type no-route"},
        [] {
            struct refusal {
                const char* to;
                int type;
                int code;
                const char* words;
                std::errc what;
            };
            udp_socket client = udp_socket::open();
            client.set(option::receive_errors{true});
            for (const refusal& r :
                 {refusal{"127.0.0.1:9", 3, 13, "administratively prohibited", std::errc::host_unreachable},
                  refusal{"127.0.0.1:10", 3, 1, "host unreachable", std::errc::host_unreachable},
                  refusal{"[::1]:9", 1, 1, "administratively prohibited", std::errc::permission_denied},
                  refusal{"[::1]:10", 1, 0, "no route to the destination", std::errc::network_unreachable}}) {
                client.send_to("knock", r.to);
                const deadline limit(ages);
                const datagram_error told = recv_error(client);
                EXPECT_EQ(told.destination.to_string(), r.to);
                EXPECT_EQ(told.icmp_type, r.type) << r.to;
                EXPECT_EQ(told.icmp_code, r.code) << r.to;
                EXPECT_STREQ(describe(told), r.words);
                EXPECT_EQ(told.what, r.what) << told.what.message();
            }
        }));
}

TEST_P(error_queue, says_that_errors_were_not_asked_for) {
    on_network([] {
        udp_socket s = udp_socket::bind("127.0.0.1:0");
        try {
            recv_error(s);
            ADD_FAILURE() << "there cannot be one";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), errc::not_supported);
            EXPECT_NE(std::string(e.what()).find("option::receive_errors"), std::string::npos) << e.what();
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
