// bench-tcpip: what Cardea's TCP/IP stack costs without a kernel. Two hosts that hand each other packets, and whole
// simulated worlds. Prints one line of `name=value` words: bench/stack shows them.
//   bench-tcpip bulk|offload|connections|idle|simulation|worlds SECONDS
#include <malloc.h>

#include <array>
#include <cardea/cardea.hpp>
#include <cardea/sim.hpp>
#include <cstring>
#include <string_view>
#include <vector>

#include "clocks.hpp"
#include "stack/host.hpp"

namespace {

using namespace cardea::stack;
using tcpip_bench::own_cpu;

constexpr std::uint32_t buffer = 1024 * 1024;

ip_address address(int n) { return ip_address::v4(192, 0, 2, static_cast<std::uint8_t>(n)); }

host_config config_of(int n, bool offload) {
    host_config c;
    c.addresses = {{address(n), 24}};
    c.seed = static_cast<std::uint64_t>(n);
    c.offload.checksum = c.offload.tso = offload;
    c.tcp.receive_buffer = c.tcp.send_buffer = buffer;
    return c;
}

/// A link without delay: a packet goes through one buffer, as through a device.
class wire final : public packet_sink {
  public:
    wire(host& to, time_ns const& now) : to_{to}, now_{now} {}
    void emit(packet_view const& p) override {
        std::size_t n = 0;
        for (auto const& piece : p.pieces()) {
            std::memcpy(room_.data() + n, piece.data(), piece.size());
            n += piece.size();
        }
        ++packets;
        to_.ingress({room_.data(), n}, p.meta, now_);
    }
    std::uint64_t packets = 0;

  private:
    host& to_;
    time_ns const& now_;
    std::array<std::byte, 70'000> room_;
};

/// Two hosts, and time that goes on a little with every exchange.
struct pair {
    explicit pair(bool offload) : a{config_of(1, offload)}, b{config_of(2, offload)}, to_b{b, now}, to_a{a, now} {}
    void exchange() {
        a.poll(now, to_b);
        b.poll(now, to_a);
        now += microseconds(10);
    }
    std::uint64_t packets() const { return to_a.packets + to_b.packets; }
    std::unique_ptr<cardea::stack::socket> listen() {
        auto l = b.open_tcp(ip_version::v4);
        l->bind({address(2), 80});
        l->listen(1000, now);
        return l;
    }
    std::unique_ptr<cardea::stack::socket> connect() {
        auto c = a.open_tcp(ip_version::v4);
        c->connect({address(2), 80}, now);
        return c;
    }
    time_ns now = 0;
    host a, b;
    wire to_b, to_a;
};

/// One stream as fast as it goes, both hosts on this thread.
void bulk(double seconds, bool offload) {
    pair p{offload};
    auto const l = p.listen();
    auto const client = p.connect();
    for (int i = 0; i < 4; ++i) p.exchange();
    auto const server = std::move(l->accept(p.now).connection);
    std::vector<std::byte> const data(64 * 1024);
    std::vector<std::byte> room(256 * 1024);
    std::uint64_t bytes = 0;
    auto const turns = [&](int n) {
        for (; n != 0; --n) {
            while (client->send({data, {}}, 0, p.now).size == data.size()) {
            }
            p.exchange();
            for (io_result r; (r = server->recv(room, 0, p.now)).problem == error::ok;) bytes += r.size;
        }
    };
    turns(1000);
    auto const begin = own_cpu();
    auto const packets = p.packets();
    auto const already = bytes;
    do turns(50);
    while (own_cpu() - begin < seconds);
    auto const cpu = own_cpu() - begin;
    auto const segments = static_cast<double>(p.packets() - packets);
    std::printf("segments_per_second=%.0f bits_per_second=%.0f bytes_per_segment=%.0f\n", segments / cpu,
                static_cast<double>(bytes - already) * 8 / cpu, static_cast<double>(bytes - already) / segments);
}

/// Connect, accept, a byte each way, close; the client's end stays in TIME-WAIT.
void connections(double seconds) {
    pair p{false};
    auto const l = p.listen();
    std::array<std::byte, 1> byte{};
    std::uint64_t made = 0;
    auto const begin = own_cpu();
    do {
        auto const client = p.connect();
        p.exchange();
        p.exchange();
        auto const server = std::move(l->accept(p.now).connection);
        if (!server) std::exit(1);
        for (auto* s : {client.get(), server.get()}) {
            s->send({byte, {}}, 0, p.now);
            p.exchange();
        }
        client->recv(byte, 0, p.now);
        server->recv(byte, 0, p.now);
        client->close(p.now);
        p.exchange();
        server->close(p.now);
        p.exchange();
        p.exchange();
        p.now += milliseconds(10);  // TIME-WAIT ends in time for the ports to last
        ++made;
    } while (own_cpu() - begin < seconds);
    auto const cpu = own_cpu() - begin;
    std::printf("connections_per_second=%.0f still_known=%zu\n", static_cast<double>(made) / cpu,
                p.a.counters().connections);
}

std::size_t heap() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

/// Heap per connection that has exchanged data and waits: the slope from 5,000 to 15,000, both ends counted.
void idle() {
    pair p{false};
    auto const l = p.listen();
    std::array<std::byte, 100> data{};
    std::vector<std::unique_ptr<cardea::stack::socket>> sockets;
    constexpr std::size_t first = 5'000, last = 15'000;
    sockets.reserve(2 * last);
    std::size_t at_first = 0;
    while (sockets.size() < 2 * last) {
        if (sockets.size() == 2 * first) at_first = heap();
        auto client = p.connect();
        p.exchange();
        p.exchange();
        auto server = std::move(l->accept(p.now).connection);
        if (!server) std::exit(1);
        for (auto* s : {client.get(), server.get()}) {
            s->send({data, {}}, 0, p.now);
            p.exchange();
        }
        client->recv(data, 0, p.now);
        server->recv(data, 0, p.now);
        p.exchange();
        sockets.push_back(std::move(client));
        sockets.push_back(std::move(server));
    }
    p.now += seconds(60);
    p.exchange();
    auto const grown = static_cast<double>(heap() - at_first);
    std::printf("bytes_per_connection=%.0f\n", grown / (2 * (last - first)));
}

namespace sim = cardea::sim;

void serve_sink() {
    cardea::tcp_listener door("*:7");
    std::vector<std::byte> room(64 * 1024);
    for (;;) {
        auto peer = door.accept();
        while (peer.recv(room) != 0) {
        }
    }
}

/// A stream between two simulated hosts, programs, fibers and all.
void simulation(double seconds) {
    constexpr std::size_t size = 32 * 1024 * 1024;
    std::vector<std::byte> const data(size);
    std::uint64_t segments = 0;
    std::uint64_t runs = 0;
    auto const begin = own_cpu();
    do {
        sim::world w(sim::seed{++runs});
        auto& server = w.host("server");
        auto& client = w.host("client");
        w.link(server, client, {.delay = std::chrono::microseconds(100)});
        server.run(serve_sink);
        client.run([&] { cardea::tcp_stream::connect("server:7").send_all(data); });
        segments += w.run().packets_sent;
    } while (own_cpu() - begin < seconds);
    auto const cpu = own_cpu() - begin;
    std::printf("segments_per_second=%.0f bits_per_second=%.0f\n", static_cast<double>(segments) / cpu,
                static_cast<double>(runs * size) * 8 / cpu);
}

/// Two hosts, a question and its answer: how many such worlds a thread makes, runs and unmakes.
void worlds(double seconds) {
    std::uint64_t runs = 0;
    auto const begin = own_cpu();
    do {
        sim::world w(sim::seed{++runs});
        auto& server = w.host("server");
        auto& client = w.host("client");
        w.link(server, client, {.delay = std::chrono::milliseconds(10)});
        server.run([] {
            auto peer = cardea::tcp_listener("*:7").accept();
            std::array<std::byte, 100> room;
            peer.send_all({room.data(), peer.recv(room)});
        });
        client.run([] {
            auto peer = cardea::tcp_stream::connect("server:7");
            std::array<std::byte, 100> room{};
            peer.send_all(room);
            peer.recv_exactly(room);
        });
        w.run();
    } while (own_cpu() - begin < seconds);
    std::printf("worlds_per_second=%.0f\n", static_cast<double>(runs) / (own_cpu() - begin));
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view const what = argc > 1 ? argv[1] : "";
    double const seconds = argc > 2 ? std::strtod(argv[2], nullptr) : 1;
    if (what == "bulk") return bulk(seconds, false), 0;
    if (what == "offload") return bulk(seconds, true), 0;
    if (what == "connections") return connections(seconds), 0;
    if (what == "idle") return idle(), 0;
    if (what == "simulation") return simulation(seconds), 0;
    if (what == "worlds") return worlds(seconds), 0;
    std::fprintf(stderr, "usage: bench-tcpip bulk|offload|connections|idle|simulation|worlds SECONDS\n");
    return 2;
}
