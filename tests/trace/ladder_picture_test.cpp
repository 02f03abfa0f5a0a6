// The ladder of the textbook's exchanges, as people see it.
#include <gtest/gtest.h>

#include "scenes.hpp"

namespace {

TEST(ladder_picture, tcp_in_80_columns) {
    EXPECT_EQ(ladder_test::tcp_scene().draw(), R"(
     ms                  client                             server
  0.000                         │                         ├ socket()
  0.010                         │                         ├ bind(127.0.0.1:2000)
  0.015                         │                         ├ listen(5)
  0.021                         │                         ├ accept()
  0.060                socket() ┤                         │ ┆
  0.070 connect(127.0.0.1:2000) ┤┄┄ connection request ┄┄▶│ ┆
  0.125                    = ok ┤◀┄┄┄┄┄┄┄ accepted ┄┄┄┄┄┄┄│ ┆
  0.130                         │                         ├ = 127.0.0.1:41234
  0.135                         │                         ├ recv(64)
  0.140             send(5) = 5 ┤── 5 bytes ╲             │ ┆
  0.155                recv(64) ┤            ╲            │ ┆
  0.160                       ┆ │             ╲──────────▶├ = 5
  0.170                       ┆ │             ╱ 5 bytes ──├ send(5) = 5
  0.182                       ┆ │            ╱            ├ recv(64)
  0.190                     = 5 ┤◀──────────╱             │ ┆
  0.200                 close() ┤── end of stream ╲       │ ┆
  0.230                         │                  ╲─────▶├ = 0
  0.240                         │                         ├ close()
  0.252                         │                         ├ close(listener)
┄┄▶ inferred from the calls: no packet was seen
)");
}

TEST(ladder_picture, tcp_in_120_columns) {
    EXPECT_EQ(ladder_test::tcp_scene().draw(120), R"(
     ms                  client                                                server
  0.000                         │                                            ├ socket()
  0.010                         │                                            ├ bind(127.0.0.1:2000)
  0.015                         │                                            ├ listen(5)
  0.021                         │                                            ├ accept()
  0.060                socket() ┤                                            │ ┆
  0.070 connect(127.0.0.1:2000) ┤┄┄┄┄┄┄┄┄┄┄┄┄ connection request ┄┄┄┄┄┄┄┄┄┄┄▶│ ┆
  0.125                    = ok ┤◀┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ accepted ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄│ ┆
  0.130                         │                                            ├ = 127.0.0.1:41234
  0.135                         │                                            ├ recv(64)
  0.140             send(5) = 5 ┤── 5 bytes ──────────╲                      │ ┆
  0.155                recv(64) ┤                      ╲                     │ ┆
  0.160                       ┆ │                       ╲───────────────────▶├ = 5
  0.170                       ┆ │                      ╱────────── 5 bytes ──├ send(5) = 5
  0.182                       ┆ │                     ╱                      ├ recv(64)
  0.190                     = 5 ┤◀───────────────────╱                       │ ┆
  0.200                 close() ┤── end of stream ────╲                      │ ┆
  0.230                         │                      ╲────────────────────▶├ = 0
  0.240                         │                                            ├ close()
  0.252                         │                                            ├ close(listener)
┄┄▶ inferred from the calls: no packet was seen
)");
}

TEST(ladder_picture, tcp_in_ascii) {
    EXPECT_EQ(ladder_test::tcp_scene().draw(80, true), R"(
     ms                  client                             server
  0.000                         |                         + socket()
  0.010                         |                         + bind(127.0.0.1:2000)
  0.015                         |                         + listen(5)
  0.021                         |                         + accept()
  0.060                socket() +                         | :
  0.070 connect(127.0.0.1:2000) +.. connection request ..>| :
  0.125                    = ok +<....... accepted .......| :
  0.130                         |                         + = 127.0.0.1:41234
  0.135                         |                         + recv(64)
  0.140             send(5) = 5 +-- 5 bytes \             | :
  0.155                recv(64) +            \            | :
  0.160                       : |             \---------->+ = 5
  0.170                       : |             / 5 bytes --+ send(5) = 5
  0.182                       : |            /            + recv(64)
  0.190                     = 5 +<----------/             | :
  0.200                 close() +-- end of stream \       | :
  0.230                         |                  \----->+ = 0
  0.240                         |                         + close()
  0.252                         |                         + close(listener)
..> inferred from the calls: no packet was seen
)");
}

TEST(ladder_picture, udp_in_80_columns) {
    EXPECT_EQ(ladder_test::udp_scene().draw(), R"(
     ms                      client                     server
  0.000                             │                 ├ socket()
  0.005                             │                 ├ bind(127.0.0.1:2000)
  0.012                             │                 ├ recv_from(2048)
  0.040                    socket() ┤                 │ ┆
  0.050 send_to(127.0.0.1:2000) = 5 ┤─ 5 bytes ╲      │ ┆
  0.065             recv_from(2048) ┤           ╲     │ ┆
  0.070                           ┆ │            ╲───▶├ = 5 from 127.0.0.1:50001
  0.075                           ┆ │      ╱ 5 bytes ─├ send_to(127.0.0.1:50001)
                                  ┆ │     ╱           ├ = 5
  0.095     = 5 from 127.0.0.1:2000 ┤◀───╱            │
  0.100                     close() ┤                 │
  0.110                             │                 ├ close()
)");
}

TEST(ladder_picture, udp_in_120_columns) {
    EXPECT_EQ(ladder_test::udp_scene().draw(120), R"(
     ms                      client                                                server
  0.000                             │                                            ├ socket()
  0.005                             │                                            ├ bind(127.0.0.1:2000)
  0.012                             │                                            ├ recv_from(2048)
  0.040                    socket() ┤                                            │ ┆
  0.050 send_to(127.0.0.1:2000) = 5 ┤── 5 bytes ──────────╲                      │ ┆
  0.065             recv_from(2048) ┤                      ╲                     │ ┆
  0.070                           ┆ │                       ╲───────────────────▶├ = 5 from 127.0.0.1:50001
  0.075                           ┆ │                      ╱────────── 5 bytes ──├ send_to(127.0.0.1:50001) = 5
  0.095     = 5 from 127.0.0.1:2000 ┤◀────────────────────╱                      │
  0.100                     close() ┤                                            │
  0.110                             │                                            ├ close()
)");
}

TEST(ladder_picture, nothing_recorded) { EXPECT_EQ(cardea::draw_ladder({}), "(no calls)\n"); }

}  // namespace
