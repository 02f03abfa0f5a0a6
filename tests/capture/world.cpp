// A simulated world of two hosts with a link that loses packets; its capture goes to the file that is named.
//     world FILE
#include <cardea/cardea.hpp>
#include <cardea/sim.hpp>
#include <cstdio>
#include <vector>

namespace {

using namespace cardea;

void serve_echo() {
    serve(
        "*:7",
        [](tcp_stream peer) {
            std::vector<std::byte> buffer(16 * 1024);
            while (const std::size_t n = peer.recv(buffer)) peer.send_all({buffer.data(), n});
        },
        [](udp_socket& door, const_buffer datagram, const endpoint& from) { door.send_to(datagram, from); });
}

void ask() {
    tcp_stream peer = tcp_stream::connect("server:7");
    const std::vector<std::byte> out(300'000);
    std::vector<std::byte> back(out.size());
    scope both;
    both.spawn([&] { peer.send_all(out); });
    both.spawn([&] { peer.recv_exactly(back); });
    both.join();
    peer.close();
    std::error_code refused;
    tcp_stream::connect("server:9", refused);
    udp_socket door = udp_socket::connect("server:9");
    door.send("nobody there", refused);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    try {
        sim::world w{sim::seed{7}};
        sim::host& server = w.host("server");
        w.capture(argv[1]);
        sim::host& client = w.host("client");
        w.link(server, client, {.delay = std::chrono::milliseconds(20), .loss = 0.03});
        server.run(serve_echo);
        client.run(ask);
        const sim::report r = w.run();
        std::printf("sent %llu lost %llu\n", static_cast<unsigned long long>(r.packets_sent),
                    static_cast<unsigned long long>(r.packets_lost));
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "world: %s\n", e.what());
        return 1;
    }
}
