// bench-tcpip-tun: Cardea's end of a transfer over TUN, as a user would write it. CARDEA_NETWORK=tun:... chooses the
// device. `sink` reads, `source` sends, until its peer is gone; `echo` answers one byte.
#include <cardea/cardea.hpp>
#include <cstdio>
#include <string_view>
#include <vector>

namespace {

void sink(cardea::tcp_stream& peer, std::vector<std::byte>& room) {
    std::error_code ec;
    while (peer.recv(room, ec) != 0 && !ec) {
    }
}

void source(cardea::tcp_stream& peer, std::vector<std::byte>& room) {
    std::error_code ec;
    while (!ec) peer.send_all(room, ec);
}

void echo(cardea::tcp_stream& peer, std::vector<std::byte>& room) {
    std::error_code ec;
    while (auto const n = peer.recv(room, ec)) peer.send_all({room.data(), n}, ec);
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view const what = argc > 1 ? argv[1] : "";
    auto* const act = what == "sink" ? sink : what == "source" ? source : echo;
    cardea::run([act] {
        cardea::tcp_listener door("*:7");
        std::puts("ready");
        std::fflush(stdout);
        std::vector<std::byte> room(256 * 1024);
        for (;;) {
            auto peer = door.accept();
            act(peer, room);
        }
    });
}
