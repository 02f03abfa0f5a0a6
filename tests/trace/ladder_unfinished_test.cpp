// Calls that wait, fail or never return are as visible in the ladder as those that go well; and it keeps to its width.
#include <gtest/gtest.h>

#include <algorithm>

#include "scenes.hpp"

namespace {

TEST(ladder_unfinished, calls_that_never_returned_and_a_long_pause) {
    EXPECT_EQ(ladder_test::waiting_scene().draw(), R"(
     ms                  client                               server
  0.000                         │                           ├ listen(5)
  0.005                         │                           ├ accept()
  0.010 connect(127.0.0.1:2000) ┤┄┄┄ connection request ┄┄┄▶│ ┆
  0.030                    = ok ┤◀┄┄┄┄┄┄┄┄ accepted ┄┄┄┄┄┄┄┄│ ┆
  0.040                         │                           ├ = 127.0.0.1:41234
  0.050           send(10) = 10 ┤── 10 bytes ╲              │
  0.060                recv(64) ┤             ╲             │
  0.065                       ┆ │              ╲            ├ accept()
      ⋮                       ┆ ⋮               ╲           ⋮ ┆
250.000                       ┆ │                ╲─────────▶├ ┆ recv(64) = 10
250.020                       ┆ │                           ├ ┆ recv(64)
               (did not return) │                           │ ┆ ┆
                                │                           │ (did not return)
                                │                           │   (did not return)
┄┄▶ inferred from the calls: no packet was seen
)");
}

TEST(ladder_unfinished, a_refused_connection) {
    EXPECT_EQ(ladder_test::refused_scene().draw(), R"(
     ms               client                                              server
  0.000             socket() ┤                                          │
  0.010 connect(127.0.0.1:9) ┤┄┄ connection request ✗                   │
  0.050 = Connection refused ┤                                          │
  0.060              close() ┤                                          │
┄┄▶ inferred from the calls: no packet was seen
)");
}

TEST(ladder_unfinished, gutters_that_are_too_narrow_are_cut_with_a_mark) {
    EXPECT_EQ(ladder_test::two_clients_scene().draw(60), R"(
     ms            client                  server
  0.000                   │              ├ listen(5)
  0.005                   │              ├ accept()
  0.010 #1 connect(127.0… ┤┄┄ request ┄┄▶│ ┆
  0.030              = ok ┤◀┄ accepted ┄┄│ ┆
  0.040                   │              ├ = 127.0.0.1:4123…
  0.045                   │              ├ accept()
  0.046 #2 connect(127.0… ┤┄┄ request ┄┄▶│ ┆
  0.047                 ┆ │              ├ ┆ #1 recv(64)
  0.077              = ok ┤◀┄ accepted ┄┄│ ┆ ┆
  0.080                   │              ├ = 127.0.0.1:4123…
  0.083                   │              ├ #2 recv(64)
  0.084    #2 send(2) = 2 ┤─ 2 bytes ╲   │ ┆ ┆
  0.086    #1 send(1) = 1 ┤─ 1 byte ╲ ╲  │ ┆ ┆
  0.090                   │          ╲ ╲▶├ = 2
  0.100                   │           ╲─▶├   = 1
┄┄▶ inferred from the calls: no packet was seen
)");
}

std::vector<ladder_test::script> scenes() {
    return {ladder_test::tcp_scene(),         ladder_test::udp_scene(),           ladder_test::split_and_joined_scene(),
            ladder_test::waiting_scene(),     ladder_test::refused_scene(),       ladder_test::crossing_scene(),
            ladder_test::two_clients_scene(), ladder_test::lost_datagram_scene(), ladder_test::unix_scene()};
}

TEST(ladder_unfinished, no_line_is_wider_than_asked) {
    for (std::size_t width = 60; width <= 160; ++width) {
        for (const auto& scene : scenes()) {
            const auto picture = cardea::draw_ladder(scene.records(), {.width = width});
            EXPECT_LE(ladder_test::widest_line(picture), width) << picture;
        }
    }
}

TEST(ladder_unfinished, ascii_is_ascii_and_of_the_same_shape) {
    for (const auto& scene : scenes()) {
        const auto ascii = cardea::draw_ladder(scene.records(), {.ascii = true});
        const auto utf8 = cardea::draw_ladder(scene.records());
        EXPECT_TRUE(
            std::all_of(ascii.begin(), ascii.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
        EXPECT_EQ(std::count(ascii.begin(), ascii.end(), '\n'), std::count(utf8.begin(), utf8.end(), '\n'));
        EXPECT_EQ(ladder_test::widest_line(ascii), ladder_test::widest_line(utf8));
    }
}

TEST(ladder_unfinished, an_end_before_its_beginning_and_names_that_are_no_utf8) {
    using enum cardea::call_kind;
    ladder_test::script s;
    s.call(send, 10, 5, {.socket = 1, .who = "\xff\x1b[2J", .asked = 1, .bytes = 1});
    const auto picture = cardea::draw_ladder(s.records(), {.ascii = true});
    EXPECT_NE(picture.find("send(1) = 1"), std::string::npos) << picture;
    EXPECT_EQ(picture.find('\x1b'), std::string::npos) << "control characters do not reach the terminal";
}

}  // namespace
