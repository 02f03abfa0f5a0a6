// libFuzzer: connections that live. A host with a listener and an outgoing connection talks to a peer whose segments
// the fuzzer bends: numbers around every edge, flags, options, ICMP errors, time, and the application's calls. The peer
// (live_peer.hpp) knows what was said and checks that what the host does about it is possible; in the end everything
// is closed, and no connection, timer or byte may remain.
#include <algorithm>
#include <map>

#include "live_peer.hpp"
#include "stack/wire/icmp.hpp"

namespace {

using namespace cardea::stack;
using namespace cardea::stack::test;

constexpr std::uint16_t listening = 80, calling = 5000, remote = 4000;

/// What the first record chooses.
void tune(host_config& c, record const& r) {
    constexpr std::array<std::uint32_t, 4> buffers{4096, 16'384, 65'536, 300'000};
    c.tcp.receive_buffer = buffers[r.bases & 3U];
    c.tcp.send_buffer = buffers[(r.bases >> 2) & 3U];
    if ((r.bases & 16) != 0) c.tcp_memory = 24 * 1024;  // always short of it
    c.tcp.rack = (r.flags & 1) != 0;
    c.tcp.congestion = (r.flags & 2) != 0 ? tcp::congestion_algorithm::newreno : tcp::congestion_algorithm::cubic;
    c.tcp.ecn = (r.flags & 4) != 0 ? tcp::ecn_mode::active : tcp::ecn_mode::passive;
    c.tcp.sack = (r.flags & 8) == 0;
    c.tcp.timestamps = (r.flags & 16) == 0;
    c.tcp.window_scaling = (r.flags & 32) == 0;
    c.tcp.abort_on_hard_icmp = (r.flags & 64) != 0;
    c.offload.checksum = c.offload.tso = (r.flags & 128) != 0;
    c.tcp.nagle = static_cast<tcp::nagle_mode>(r.mode % 3);
    c.tcp.keepalive = (r.mode & 16) != 0;
    c.tcp.keepalive_idle = seconds(5);
    c.syn_backlog = 1 + (r.mode >> 6);
    c.seed = r.length;  // of the initial sequence numbers among others
}

class world {
  public:
    explicit world(record const& setup)
        : v6_{(setup.mode & 32) != 0},
          net_{[&](host_config& c) { tune(c, setup); }},
          peers_{{{tuple(listening), setup.window * 65'537U}, {tuple(calling), setup.extra * 65'537U}}} {
        listener_ = net_.it->open_tcp(v6_ ? ip_version::v6 : ip_version::v4);
        require(listener_->bind({own(), listening}) == error::ok && listener_->listen(4, net_.now) == error::ok);
    }

    void act(record const& r);
    void end();

  private:
    ip_address own() const { return ip(v6_ ? self6 : self4); }
    tcp::four_tuple tuple(std::uint16_t port) const { return {{own(), port}, {ip(v6_ ? peer6 : peer4), remote}}; }
    live_peer& peer(record const& r) { return peers_[r.mode & record::other_slot]; }
    std::unique_ptr<cardea::stack::socket>& socket_of(record const& r) { return sockets_[r.mode & record::other_slot]; }
    void segment(record const& r);
    void icmp(record const& r);
    void call(record const& r);
    void pass_time(record const& r);
    void forget(std::size_t slot);
    void look();
    void poll();

    bool v6_;
    lone_host net_;
    std::array<live_peer, 2> peers_;
    std::unique_ptr<cardea::stack::socket> listener_;
    std::array<std::unique_ptr<cardea::stack::socket>, 2> sockets_;  ///< accepted; called
};

/// New connections are accepted at once, so that each is known before its first segment leaves.
void world::look() {
    while (listener_) {
        auto came = listener_->accept(net_.now);
        if (came.problem != error::ok) break;
        if (sockets_[0]) forget(0);
        sockets_[0] = std::move(came.connection);
        if (auto const* c = sockets_[0]->connection()) peers_[0].follow(*c);
    }
    auto const* const c = sockets_[1] ? sockets_[1]->connection() : nullptr;
    if (c != nullptr && c->established() && peers_[1].followed() != c) peers_[1].follow(*c);
}

void world::poll() {
    look();
    for (int round = 0; net_.it->next_deadline() <= net_.now; ++round) {
        require(round < 4);  // a host that is never done spins
        auto const packets = net_.poll();
        require(packets.size() < 20'000);
        for (auto const& p : packets) {
            auto const e = check_emitted(p, 1500);
            if (e && e->s.source_port == listening) peers_[0].take(e->s);
            if (e && e->s.source_port == calling) peers_[1].take(e->s);
        }
    }
    for (auto const& p : peers_) p.check();
}

void world::segment(record const& r) {
    packet_meta meta;
    auto const p = peer(r).make(r, net_.now, meta);
    net_.it->ingress(p, meta, net_.now);
}

void world::icmp(record const& r) {
    auto const quote = peer(r).quoted(r.seq);
    constexpr std::array<std::uint8_t, 4> types4{3, 4, 11, 12};
    constexpr std::array<std::uint8_t, 4> types6{1, 2, 3, 4};
    auto const code = static_cast<std::uint8_t>(r.flags % 16);
    raw p;
    if (v6_) {
        auto const body = icmp6("2001:db8::fe", self6, types6[r.bases & 3U], code, r.window, quote);
        p = ipv6("2001:db8::fe", self6, wire::protocol::icmpv6, body);
    } else {
        p = ipv4("192.0.2.254", self4, wire::protocol::icmp, icmp4(types4[r.bases & 3U], code, r.window, quote));
    }
    net_.it->ingress(p, {}, net_.now);
}

void world::pass_time(record const& r) {
    constexpr std::array<time_ns, 8> steps{microseconds(1), milliseconds(1), milliseconds(41), milliseconds(201),
                                           seconds(1),      seconds(11),     seconds(61),      seconds(700)};
    auto until = net_.now + steps[r.flags % steps.size()];
    if ((r.flags & 128) != 0) until = std::min(net_.it->next_deadline(), until + seconds(10'000));
    until = std::max(until, net_.now);
    for (int i = 0; i < 200 && net_.it->next_deadline() < until; ++i) {
        net_.now = std::max(net_.now, net_.it->next_deadline());
        poll();
    }
    net_.now = until;
}

/// The application lets go of a socket.
void world::forget(std::size_t slot) {
    peers_[slot].let_go();
    sockets_[slot].reset();
}

void world::call(record const& r) {
    auto& s = socket_of(r);
    auto& p = peer(r);
    if (!s) {
        if ((r.mode & record::other_slot) == 0) return;
        s = net_.it->open_tcp(v6_ ? ip_version::v6 : ip_version::v4);
        s->set_option(socket_option::reuse_address, 1, net_.now);
        if (s->bind({own(), calling}) != error::ok || s->connect(p.tuple().remote, net_.now) != error::einprogress)
            forget(1);
        return;
    }
    bool const known = p.followed() != nullptr && p.followed() == s->connection();
    switch (r.flags % 12) {
        case 0:
        case 1:
        case 2: {
            if (!known) return;
            raw data(r.length % 20'000);
            for (std::size_t i = 0; i < data.size(); ++i)
                data[i] = stream_byte(true, p.host_position() + static_cast<std::int64_t>(i));
            auto const went = s->send({data, {}}, (r.mode & record::urgent) != 0 ? message::out_of_band : 0, net_.now);
            if (went.problem == error::ok) p.host_application_sent(went.size);
            return;
        }
        case 3:
        case 4:
        case 5: {
            if (!known) return;
            raw into(1 + r.length % 70'000);
            auto const got = s->recv(into, 0, net_.now);
            if (got.problem == error::ok) p.host_application_read(bytes_view{into}.first(got.size));
            return;
        }
        case 6:
            s->shutdown(static_cast<shutdown_mode>(1 + r.length % 3), net_.now);
            return;
        case 7:
            s->close(net_.now);
            return forget(r.mode & record::other_slot);
        case 8:
            s->abort(net_.now);
            return forget(r.mode & record::other_slot);
        default: {
            constexpr std::array<socket_option, 8> options{
                socket_option::no_delay,        socket_option::cork,
                socket_option::quick_ack,       socket_option::keepalive,
                socket_option::user_timeout_ms, socket_option::traffic_class,
                socket_option::linger_ms,       socket_option::pending_error};
            auto const o = options[r.length % options.size()];
            std::int64_t value = 0;
            s->get_option(o, value, net_.now);
            s->set_option(o, r.extra, net_.now);
            return;
        }
    }
}

void world::act(record const& r) {
    switch (r.op % 8) {
        case 0:
        case 1:
            segment(r);
            break;
        case 2:
        case 3:
            segment(peer(r).polite(r));
            break;
        case 4:
            icmp(r);
            break;
        case 5:
            pass_time(r);
            break;
        default:
            call(r);
            break;
    }
    poll();
}

/// Everybody lets go; the peer is silent. All must come to its end by itself.
void world::end() {
    forget(0);
    forget(1);
    listener_.reset();
    time_ns const limit = net_.now + seconds(4 * 3600);
    for (int i = 0;; ++i) {
        poll();
        auto const next = net_.it->next_deadline();
        if (next == never) break;
        require(next <= limit && i < 10'000);
        net_.now = std::max(net_.now, next);
    }
    auto const left = net_.it->counters();
    require(left.sockets == 0 && left.connections == 0 && left.tcp_memory == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < record::size) return 0;
    world w{read_record(data)};
    for (std::size_t at = record::size; at + record::size <= size; at += record::size) w.act(read_record(data + at));
    w.end();
    return 0;
}
