// The loop of a host: packets in, output out, timers.
#include "stack/host_core.hpp"

#include <algorithm>
#include <new>

#include "stack/wire/protocol.hpp"

namespace cardea::stack {

namespace {

/// Counts what leaves on its way to the caller's sink.
class counting_sink final : public packet_sink {
  public:
    counting_sink(packet_sink& next, std::uint64_t& count) : next_{next}, count_{count} {}
    void emit(packet_view const& packet) override {
        ++count_;
        try {
            next_.emit(packet);
        } catch (std::bad_alloc const&) {
            return;  // lost on its way, as packets are
        }
    }

  private:
    packet_sink& next_;
    std::uint64_t& count_;
};

constexpr int max_loopback_rounds = 64;

}  // namespace

host_core::host_core(host_config const& given)
    : config{given},
      random{given.seed},
      routes{config},
      path_mtus{config},
      out{config, routes, random},
      ephemeral{config, random},
      udp{*this},
      tcp{*this},
      in_{config, routes, *this},
      icmp_{config, routes, out},
      flow_key_{random.next(), random.next()} {}

host_core::~host_core() {
    while (sockets_ != nullptr) {
        auto* const s = sockets_;
        sockets_ = s->next_;
        s->detach();
    }
}

void host_core::ingress(bytes_view packet, packet_meta const& meta, bool looped, time_ns now) {
    now_ = now;
    ++counters_.packets_in;
    try {
        in_.receive(packet, meta, looped, now);
    } catch (std::bad_alloc const&) {
        drop(packet, drop_reason::out_of_memory);  // as if it had been lost
    }
    if (output_pending()) signal_output();
}

void host_core::deliver(ip::datagram const& d) {
    bool const v4 = d.source.is_v4();
    switch (d.protocol) {
        case wire::protocol::udp:
            return udp.receive(d, now_);
        case wire::protocol::tcp:
            return tcp.receive(d, now_);
        case wire::protocol::icmp:
        case wire::protocol::icmpv6:
            if (v4 == (d.protocol == wire::protocol::icmp)) {
                auto refused = drop_reason::none;
                auto const report = icmp_.receive(d, refused);
                if (refused != drop_reason::none) drop(d.whole, refused);
                if (report) on_icmp(*report);
                return;
            }
            break;
        case wire::protocol::no_next_header:
            if (!v4) return drop(d.whole, drop_reason::no_protocol);
            break;
        default:
            break;
    }
    drop(d.whole, drop_reason::no_protocol);
    if (v4)
        complain(d, {wire::icmpv4::unreachable, wire::icmpv4::code_protocol, 0, false});
    else
        complain(d, {wire::icmpv6::parameter_problem, wire::icmpv6::code_next_header,
                     static_cast<std::uint32_t>(d.protocol_field), false});
}

void host_core::on_icmp(ip::icmp_report const& r) {
    if (r.protocol == wire::protocol::udp) udp.on_icmp(r, now_);
    if (r.protocol == wire::protocol::tcp) tcp.on_icmp(r, now_);
}

void host_core::complain(ip::datagram const& about, ip::icmp_complaint const& what) {
    icmp_.complain(about, what, now_);
}

void host_core::poll(time_ns now, packet_sink& sink) {
    now_ = now;
    signalled_ = false;
    polling_ = true;
    counting_sink counted{sink, counters_.packets_out};
    out.attach(&counted);
    if (in_.next_deadline() <= now) in_.on_deadline(now);
    out.flush();
    tcp.poll(now);
    // Loopback traffic answers itself; after so many rounds the caller gets a turn.
    for (int round = 0; round < max_loopback_rounds && !out.loopback().empty(); ++round) {
        drain_loopback(now);
        tcp.poll(now);
    }
    out.attach(nullptr);
    polling_ = false;
    udp.on_room();
    if (output_pending()) signal_output();
}

void host_core::drain_loopback(time_ns now) {
    for (auto n = out.loopback().size(); n != 0; --n) {
        auto const p = out.loopback().take();
        ingress(p.bytes, p.meta, true, now);
    }
}

bool host_core::output_pending() const { return out.pending() || tcp.pending(); }

time_ns host_core::next_deadline() const {
    if (output_pending()) return now_;
    return std::min(in_.next_deadline(), tcp.next_deadline());
}

void host_core::signal_output() {
    if (signalled_ || polling_) return;
    signalled_ = true;
    if (config.observer != nullptr) config.observer->output_ready();
}

void host_core::drop(bytes_view packet, drop_reason why) {
    ++counters_.dropped[static_cast<std::size_t>(why)];
    if (config.observer != nullptr) config.observer->dropped(packet_view{packet}, why);
}

ip::path_mtu host_core::path_mtu(ip::route const& way, ip_address const& destination, time_ns now) const {
    auto known = way.loopback ? ip::path_mtu{} : path_mtus.find(destination, now);
    known.mtu = known.mtu == 0 ? way.mtu : std::min(known.mtu, way.mtu);
    return known;
}

bool host_core::bindable(ip_address const& a) const { return a.is_unspecified() || routes.is_local(a); }

std::uint64_t host_core::flow_hash(tcp::four_tuple const& t) const {
    return tcp::siphash(flow_key_, tcp::tuple_bytes(t));
}

void host_core::adopt(socket& s) {
    s.next_ = sockets_;
    if (sockets_ != nullptr) sockets_->previous_ = &s;
    sockets_ = &s;
    ++counters_.sockets;
}

void host_core::release(socket& s) {
    (s.previous_ != nullptr ? s.previous_->next_ : sockets_) = s.next_;
    if (s.next_ != nullptr) s.next_->previous_ = s.previous_;
    s.next_ = s.previous_ = nullptr;
    s.core_ = nullptr;
    --counters_.sockets;
}

host_counters host_core::counters() const {
    auto c = counters_;
    c.connections = tcp.connections();
    c.icmp_errors_suppressed = icmp_.errors_suppressed();
    c.reassembly_bytes = in_.pending().bytes_held();
    c.tcp_memory = tcp.memory_used();
    c.udp_memory = udp.memory_used();
    return c;
}

}  // namespace cardea::stack
