// The scenes that the ladder's tests draw.
#pragma once

#include <system_error>

#include "script.hpp"

namespace ladder_test {

/// The textbook's TCP exchange: an echo of five bytes; the client closes first.
inline script tcp_scene() {
    using enum cardea::call_kind;
    const std::string server = "127.0.0.1:2000";
    const std::string client = "127.0.0.1:41234";
    script s;
    s.call(socket, 0, 8, {.socket = 1, .who = "server"})
        .call(bind, 10, 14, {.socket = 1, .who = "server", .local = server})
        .call(listen, 15, 19, {.socket = 1, .who = "server", .local = server, .asked = 5})
        .call(accept, 21, 130, {.socket = 1, .who = "server", .local = server, .peer = client, .made = 3})
        .call(socket, 60, 66, {.socket = 2, .who = "client"})
        .call(connect, 70, 125, {.socket = 2, .who = "client", .local = client, .peer = server})
        .call(recv, 135, 160, {.socket = 3, .who = "server", .local = server, .peer = client, .asked = 64, .bytes = 5})
        .call(send, 140, 150, {.socket = 2, .who = "client", .local = client, .peer = server, .asked = 5, .bytes = 5})
        .call(recv, 155, 190, {.socket = 2, .who = "client", .local = client, .peer = server, .asked = 64, .bytes = 5})
        .call(send, 170, 180, {.socket = 3, .who = "server", .local = server, .peer = client, .asked = 5, .bytes = 5})
        .call(recv, 182, 230, {.socket = 3, .who = "server", .local = server, .peer = client, .asked = 64})
        .call(close, 200, 225, {.socket = 2, .who = "client", .local = client, .peer = server})
        .call(close, 240, 250, {.socket = 3, .who = "server", .local = server, .peer = client})
        .call(close, 252, 255, {.socket = 1, .who = "server", .local = server});
    return s;
}

/// The textbook's UDP exchange.
inline script udp_scene() {
    using enum cardea::call_kind;
    const std::string server = "127.0.0.1:2000";
    const std::string client = "127.0.0.1:50001";
    script s;
    s.call(socket, 0, 4, {.socket = 1, .who = "server"})
        .call(bind, 5, 9, {.socket = 1, .who = "server", .local = server})
        .call(recv_from, 12, 70,
              {.socket = 1, .who = "server", .local = server, .peer = client, .asked = 2048, .bytes = 5})
        .call(socket, 40, 44, {.socket = 2, .who = "client"})
        .call(send_to, 50, 60, {.socket = 2, .who = "client", .local = client, .peer = server, .asked = 5, .bytes = 5})
        .call(recv_from, 65, 95,
              {.socket = 2, .who = "client", .local = client, .peer = server, .asked = 2048, .bytes = 5})
        .call(send_to, 75, 85, {.socket = 1, .who = "server", .local = server, .peer = client, .asked = 5, .bytes = 5})
        .call(close, 100, 104, {.socket = 2, .who = "client", .local = client})
        .call(close, 110, 113, {.socket = 1, .who = "server", .local = server});
    return s;
}

/// A connection from 127.0.0.1:41234 (socket 2) to 127.0.0.1:2000 (socket 3), made by 40 us, for scenes to go on with.
inline script connected() {
    using enum cardea::call_kind;
    const std::string server = "127.0.0.1:2000";
    const std::string client = "127.0.0.1:41234";
    script s;
    s.call(listen, 0, 2, {.socket = 1, .who = "server", .local = server, .asked = 5})
        .call(accept, 5, 40, {.socket = 1, .who = "server", .local = server, .peer = client, .made = 3})
        .call(connect, 10, 30, {.socket = 2, .who = "client", .local = client, .peer = server});
    return s;
}

/// One send that two receives share, and two sends that one receive takes together.
inline script split_and_joined_scene() {
    using enum cardea::call_kind;
    auto s = connected();
    s.call(send, 50, 55, {.socket = 2, .who = "client", .asked = 10, .bytes = 10})
        .call(recv, 60, 62, {.socket = 3, .who = "server", .asked = 4, .bytes = 4})
        .call(recv, 70, 72, {.socket = 3, .who = "server", .asked = 64, .bytes = 6})
        .call(send, 80, 82, {.socket = 3, .who = "server", .asked = 2, .bytes = 2})
        .call(send, 85, 86, {.socket = 3, .who = "server", .asked = 3, .bytes = 3})
        .call(recv, 90, 95, {.socket = 2, .who = "client", .asked = 64, .bytes = 5});
    return s;
}

/// Bytes that lie unread for a long time, and calls that still wait when the record is taken.
inline script waiting_scene() {
    using enum cardea::call_kind;
    auto s = connected();
    s.call(send, 50, 55, {.socket = 2, .who = "client", .asked = 10, .bytes = 10})
        .waiting(recv, 60, {.socket = 2, .who = "client", .asked = 64})
        .waiting(accept, 65, {.socket = 1, .who = "server"})
        .call(recv, 250000, 250010, {.socket = 3, .who = "server", .asked = 64, .bytes = 10})
        .waiting(recv, 250020, {.socket = 3, .who = "server", .asked = 64});
    return s;
}

inline script refused_scene() {
    using enum cardea::call_kind;
    const auto refused = std::make_error_code(std::errc::connection_refused);
    script s;
    s.call(socket, 0, 4, {.socket = 2, .who = "client"})
        .call(connect, 10, 50, {.socket = 2, .who = "client", .peer = "127.0.0.1:9", .result = refused})
        .call(close, 60, 62, {.socket = 2, .who = "client"});
    return s;
}

/// Two sends that cross, then a reset.
inline script crossing_scene() {
    using enum cardea::call_kind;
    const auto reset = std::make_error_code(std::errc::connection_reset);
    auto s = connected();
    s.call(send, 50, 55, {.socket = 2, .who = "client", .asked = 10, .bytes = 10})
        .call(send, 51, 57, {.socket = 3, .who = "server", .asked = 20, .bytes = 20})
        .call(recv, 60, 62, {.socket = 3, .who = "server", .asked = 64, .bytes = 10})
        .call(recv, 61, 65, {.socket = 2, .who = "client", .asked = 64, .bytes = 20})
        .call(recv, 70, 100, {.socket = 3, .who = "server", .asked = 64, .result = reset})
        .call(close, 80, 90, {.socket = 2, .who = "client"});
    return s;
}

/// Two connections: the later one's bytes are read first.
inline script two_clients_scene() {
    using enum cardea::call_kind;
    const std::string server = "127.0.0.1:2000";
    const std::string second = "127.0.0.1:41235";
    auto s = connected();
    s.call(accept, 45, 80, {.socket = 1, .who = "server", .local = server, .peer = second, .made = 5})
        .call(connect, 46, 77, {.socket = 4, .who = "client", .local = second, .peer = server})
        .call(recv, 47, 100, {.socket = 3, .who = "server", .asked = 64, .bytes = 1})
        .call(recv, 83, 90, {.socket = 5, .who = "server", .asked = 64, .bytes = 2})
        .call(send, 84, 85, {.socket = 4, .who = "client", .asked = 2, .bytes = 2})
        .call(send, 86, 88, {.socket = 2, .who = "client", .asked = 1, .bytes = 1});
    return s;
}

/// Three datagrams of a connected socket: the second is lost, the third is cut short.
inline script lost_datagram_scene() {
    using enum cardea::call_kind;
    const std::string server = "[::1]:53";
    const std::string client = "[::1]:50001";
    script s;
    s.call(bind, 0, 2, {.socket = 1, .who = "server", .local = server})
        .call(connect, 4, 6, {.socket = 2, .who = "client", .local = client, .peer = server})
        .call(send, 10, 12, {.socket = 2, .who = "client", .asked = 3, .bytes = 3})
        .call(send, 14, 16, {.socket = 2, .who = "client", .asked = 4, .bytes = 4})
        .call(send, 18, 20, {.socket = 2, .who = "client", .asked = 900, .bytes = 900})
        .call(recv_from, 30, 32, {.socket = 1, .who = "server", .peer = client, .asked = 512, .bytes = 3})
        .call(recv_from, 34, 36, {.socket = 1, .who = "server", .peer = client, .asked = 512, .bytes = 512});
    return s;
}

/// A Unix client has no name: it is paired with the accept that came next.
inline script unix_scene() {
    using enum cardea::call_kind;
    script s;
    s.call(listen, 0, 2, {.socket = 1, .who = "server", .local = "unix:/run/a", .asked = 5})
        .call(accept, 5, 40, {.socket = 1, .who = "server", .local = "unix:/run/a", .made = 3})
        .call(connect, 10, 12, {.socket = 2, .who = "client", .peer = "unix:/run/a"})
        .call(send, 50, 52, {.socket = 2, .who = "client", .asked = 1, .bytes = 1})
        .call(shutdown, 53, 54, {.socket = 2, .who = "client", .asked = 1})
        .call(recv, 60, 62, {.socket = 3, .who = "server", .asked = 9, .bytes = 1})
        .call(recv, 64, 66, {.socket = 3, .who = "server", .asked = 9});
    return s;
}

}  // namespace ladder_test
