// libFuzzer: arbitrary packets into a host with every kind of socket, an established connection among them. Nothing may
// crash, memory stays within its bounds, and whatever the host emits must parse back with right checksums.
#include <cstdlib>

#include "emitted.hpp"

namespace {

using namespace cardea::stack;
using namespace cardea::stack::test;

/// Lets the fuzzer past the checksums, which it would never guess.
void mend(raw& p) {
    if (p.size() >= 20 && wire::get8(p, 0) >> 4 == 4) {
        std::size_t const header = (wire::get8(p, 0) & 0xfU) * 4;
        wire::put16(p, 2, static_cast<std::uint16_t>(std::min<std::size_t>(p.size(), 65'535)));
        if (header >= 20 && header <= p.size()) wire::refresh_ipv4_checksum(std::span{p}.first(header));
    } else if (p.size() >= 40 && wire::get8(p, 0) >> 4 == 6) {
        wire::put16(p, 4, static_cast<std::uint16_t>(std::min<std::size_t>(p.size() - 40, 65'535)));
    }
}

struct world {
    world() {
        for (auto version : {ip_version::v4, ip_version::v6}) {
            auto u = net.b->open_udp(version);
            u->set_option(socket_option::v6_only, 1, 0);
            u->bind({version == ip_version::v4 ? ip_address::any_v4() : ip_address::any_v6(), 9});
            u->set_option(socket_option::receive_errors, 1, 0);
            u->join_group({ip(version == ip_version::v4 ? "239.1.2.3" : "ff15::a"), {}, 0}, 0);
            sockets.push_back(std::move(u));
        }
        auto l = net.b->open_tcp(ip_version::v6);
        l->bind({ip_address::any_v6(), 80});
        l->listen(4, 0);
        auto c = net.a->open_tcp(ip_version::v4);
        c->bind(at("192.0.2.1", 1000));
        c->connect(at("192.0.2.2", 80), 0);
        net.settle();
        sockets.push_back(std::move(l->accept(net.now).connection));
        require(sockets.back() != nullptr);
        sockets.back()->send(payload("in flight"), 0, net.now);
        sockets.push_back(std::move(l));
        client = std::move(c);
        net.pass = [](bool, packet&) { return false; };
    }
    void feed(raw const& p, packet_meta const& meta) {
        net.b->ingress(p, meta, net.now);
        collecting_sink out;
        net.b->poll(net.now, out);
        for (auto const& e : out.packets) check_emitted(e, 1500);
        auto const c = net.b->counters();
        require(c.reassembly_bytes <= net.b->config().reassembly_bytes);
        for (auto& s : sockets) {
            raw into(2000);
            receive_info info;
            s->recv_from(into, info, 0, net.now);
        }
    }
    host_pair net;
    std::vector<std::unique_ptr<cardea::stack::socket>> sockets;
    std::unique_ptr<cardea::stack::socket> client;
};

}  // namespace

/// The input is a series of: one octet of flags (1: mend the checksums, 2: a lower layer vouches for the transport's,
/// 4: a glued packet, 8: half a second passes), two of length, then that much packet.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    world w;
    bytes_view rest = std::as_bytes(std::span{data, size});
    while (rest.size() >= 3) {
        auto const flags = wire::get8(rest, 0);
        auto const n = std::min<std::size_t>(wire::get16(rest, 1), rest.size() - 3);
        raw p{rest.begin() + 3, rest.begin() + 3 + static_cast<std::ptrdiff_t>(n)};
        rest = rest.subspan(3 + n);
        if ((flags & 1) != 0) mend(p);
        packet_meta meta;
        meta.checksum_verified = (flags & 2) != 0;
        if ((flags & 4) != 0) meta.gso = (flags & 16) != 0 ? gso_kind::udp : gso_kind::tcp, meta.gso_size = 100;
        if ((flags & 8) != 0) w.net.run_for(milliseconds(500));
        w.feed(p, meta);
    }
    return 0;
}
