// Prints one number for everything that two hosts say to each other over a bad link, and fails if it is another than
// the one written down here, or another the second time. It depends on nothing but the stack's sources: every compiler
// and every optimisation prints the same.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "host_pair.hpp"
#include "stack/random.hpp"

namespace {

using namespace cardea::stack;
using namespace cardea::stack::test;

constexpr std::size_t each_way = 300'000;
/// What every build must print. A change of what the stack sends changes it: look at why, then put the new one here.
constexpr std::uint64_t expected = 0xec1cf47d5df27ff2;

struct digest {
    std::uint64_t value = 0xcbf29ce484222325U;
    std::uint64_t bytes = 0;  ///< of packets
    void add(std::uint64_t word) { value = (value ^ word) * 0x100000001b3U; }
    void add(host_pair::sent const& s) {
        bytes += s.p.bytes.size();
        add(static_cast<std::uint64_t>(s.when) * 2 + (s.from_a ? 1 : 0));
        for (auto const b : s.p.bytes) add(std::to_integer<std::uint64_t>(b));
    }
};

/// A stream each way with losses of the seed's choice; then both ends close.
void converse(std::uint64_t seed, digest& d) {
    host_pair net{[seed](host_config& c) {
        c.seed += seed;
        c.tcp.rack = seed % 2 != 0;
        c.tcp.congestion = seed % 3 == 0 ? tcp::congestion_algorithm::newreno : tcp::congestion_algorithm::cubic;
    }};
    random_source luck{seed};
    net.pass = [&luck](bool, packet&) { return luck.below(100) >= 3; };
    auto listener = net.b->open_tcp(ip_version::v6);
    listener->bind({ip_address::any_v6(), 80});
    listener->listen(5, net.now);
    bool const v6 = seed % 4 != 0;
    auto client = net.a->open_tcp(v6 ? ip_version::v6 : ip_version::v4);
    client->connect(v6 ? at("2001:db8::2", 80) : at("192.0.2.2", 80), net.now);
    net.run_for(seconds(20));
    auto const server = std::move(listener->accept(net.now).connection);
    if (!server) return d.add(seed);
    struct end {
        cardea::stack::socket& s;
        std::size_t sent = 0, received = 0;
    };
    std::array<end, 2> ends{{{*client}, {*server}}};
    std::vector<std::byte> data(65'536);
    for (int turn = 0; turn < 20'000 && std::min(ends[0].received, ends[1].received) < each_way; ++turn) {
        for (auto& e : ends) {
            for (io_result r; (r = e.s.recv(data, 0, net.now)).problem == error::ok;) e.received += r.size;
            auto const rest = std::min(data.size(), each_way - e.sent);
            if (rest != 0) e.sent += e.s.send({bytes_view{data}.first(rest), {}}, 0, net.now).size;
        }
        net.run_for(milliseconds(5));
    }
    client->close(net.now);
    server->close(net.now);
    net.run_for(seconds(300));
    for (auto const& s : net.log) d.add(s);
    d.add(net.a->counters().connections + net.b->counters().connections);
}

}  // namespace

int main() {
    std::uint64_t values[2]{};
    for (auto& value : values) {
        digest d;
        for (std::uint64_t seed = 0; seed < 12; ++seed) converse(seed, d);
        value = d.value;
        if (d.bytes < 12 * 2 * each_way) return std::puts("they have not said all they had to say"), 1;
    }
    std::printf("%016llx\n", static_cast<unsigned long long>(values[0]));
    if (values[0] != values[1]) std::printf("%016llx the second time\n", static_cast<unsigned long long>(values[1]));
    if (values[0] != expected) std::printf("%016llx is what it should be\n", static_cast<unsigned long long>(expected));
    return values[0] == values[1] && values[0] == expected ? 0 : 1;
}
