// What the ladder's arrows join: bytes by their place in the stream, datagrams by endpoints, ends by what they caused.
#include <gtest/gtest.h>

#include <algorithm>

#include "scenes.hpp"

namespace {

TEST(ladder_matching, one_send_feeds_two_receives_and_one_receive_takes_two_sends) {
    EXPECT_EQ(ladder_test::split_and_joined_scene().draw(), R"(
     ms                  client                                server
  0.000                         │                            ├ listen(5)
  0.005                         │                            ├ accept()
  0.010 connect(127.0.0.1:2000) ┤┄┄┄┄ connection request ┄┄┄▶│ ┆
  0.030                    = ok ┤◀┄┄┄┄┄┄┄┄ accepted ┄┄┄┄┄┄┄┄┄│ ┆
  0.040                         │                            ├ = 127.0.0.1:41234
  0.050           send(10) = 10 ┤── 10 bytes ─╲              │
  0.060                         │              ╲────────────▶├ recv(4) = 4
  0.070                         │               ╲───────────▶├ recv(64) = 6
  0.080                         │              ╱── 2 bytes ──├ send(2) = 2
  0.085                         │             ╱╱── 3 bytes ──├ send(3) = 3
  0.090            recv(64) = 5 ┤◀───────────╱╱              │
┄┄▶ inferred from the calls: no packet was seen
)");
}

TEST(ladder_matching, sends_that_cross_and_a_reset) {
    EXPECT_EQ(ladder_test::crossing_scene().draw(), R"(
     ms                  client                       server
  0.000                         │                   ├ listen(5)
  0.005                         │                   ├ accept()
  0.010 connect(127.0.0.1:2000) ┤┄┄┄┄┄ request ┄┄┄┄▶│ ┆
  0.030                    = ok ┤◀┄┄┄┄ accepted ┄┄┄┄│ ┆
  0.040                         │                   ├ = 127.0.0.1:41234
  0.050           send(10) = 10 ┤── 10 bytes ╲      │
  0.051                         │      ╱ 20 bytes ──├ send(20) = 20
  0.060                         │     ╱        ╲    ├ recv(64)
  0.061                recv(64) ┤    ╱          ╲   │ ┆
  0.062                       ┆ │   ╱            ╲─▶├ = 10
  0.065                    = 20 ┤◀─╱                │
  0.070                         │                   ├ recv(64)
  0.080                 close() ┤── reset ╲         │ ┆
  0.100                         │          ╲───────▶├ = Connection reset by peer
┄┄▶ inferred from the calls: no packet was seen
)");
}

TEST(ladder_matching, two_connections_are_told_apart) {
    EXPECT_EQ(ladder_test::two_clients_scene().draw(), R"(
     ms                     client                          server
  0.000                            │                      ├ listen(5)
  0.005                            │                      ├ accept()
  0.010 #1 connect(127.0.0.1:2000) ┤┄┄┄┄┄┄ request ┄┄┄┄┄┄▶│ ┆
  0.030                       = ok ┤◀┄┄┄┄┄ accepted ┄┄┄┄┄┄│ ┆
  0.040                            │                      ├ = 127.0.0.1:41234 #1
  0.045                            │                      ├ accept()
  0.046 #2 connect(127.0.0.1:2000) ┤┄┄┄┄┄┄ request ┄┄┄┄┄┄▶│ ┆
  0.047                          ┆ │                      ├ ┆ #1 recv(64)
  0.077                       = ok ┤◀┄┄┄┄┄ accepted ┄┄┄┄┄┄│ ┆ ┆
  0.080                            │                      ├ = 127.0.0.1:41235 #2
  0.083                            │                      ├ #2 recv(64)
  0.084             #2 send(2) = 2 ┤── 2 bytes ╲          │ ┆ ┆
  0.086             #1 send(1) = 1 ┤── 1 byte ╲ ╲         │ ┆ ┆
  0.090                            │           ╲ ╲───────▶├ = 2
  0.100                            │            ╲────────▶├   = 1
┄┄▶ inferred from the calls: no packet was seen
)");
}

TEST(ladder_matching, a_lost_and_a_truncated_datagram) {
    EXPECT_EQ(ladder_test::lost_datagram_scene().draw(), R"(
     ms                 client                            server
  0.000                        │                        ├ bind([::1]:53)
  0.004 connect([::1]:53) = ok ┤                        │
  0.010            send(3) = 3 ┤── 3 bytes ╲            │
  0.014            send(4) = 4 ┤── 4 bytes …╲           │
  0.018        send(900) = 900 ┤── 900 bytes ╲          │
  0.030                        │              ╲────────▶├ recv_from(512)
                               │               ╲        ├ = 3 from [::1]:50001
  0.034                        │                ╲──────▶├ recv_from(512)
                               │                        ├ = 512 from [::1]:50001
)");
}

TEST(ladder_matching, unix_clients_without_names) {
    EXPECT_EQ(ladder_test::unix_scene().draw(), R"(
     ms               client                                         server
  0.000                      │                                     ├ listen(5)
  0.005                      │                                     ├ accept()
  0.010 connect(unix:/run/a) ┤┄┄┄┄┄┄┄┄ connection request ┄┄┄┄┄┄┄┄▶│ ┆
  0.012                 = ok ┤◀┄┄┄┄┄┄┄┄┄┄┄┄┄ accepted ┄┄┄┄┄┄┄┄┄┄┄┄┄│ ┆
  0.040                      │                                     ├ = unnamed
  0.050          send(1) = 1 ┤── 1 byte ───────╲                   │
  0.053       shutdown(send) ┤── end of stream ╲╲                  │
  0.060                      │                  ╲╲────────────────▶├ recv(9) = 1
  0.064                      │                   ╲────────────────▶├ recv(9) = 0
┄┄▶ inferred from the calls: no packet was seen
)");
}

TEST(ladder_matching, the_order_of_the_records_does_not_matter) {
    for (const auto& scene : {ladder_test::tcp_scene(), ladder_test::udp_scene(), ladder_test::two_clients_scene(),
                              ladder_test::lost_datagram_scene()}) {
        auto backwards = scene.records();
        std::reverse(backwards.begin(), backwards.end());
        EXPECT_EQ(cardea::draw_ladder(backwards), cardea::draw_ladder(scene.records()));
    }
}

}  // namespace
