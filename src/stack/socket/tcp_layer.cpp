// TCP's tables, timers and emission.
#include "stack/socket/tcp_layer.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "stack/host_core.hpp"
#include "stack/socket/tcp_socket.hpp"
#include "stack/wire/protocol.hpp"

namespace cardea::stack {

namespace {

// On the heap of timers connections and listeners lie mixed; the lowest bit of the serial tells them apart.
constexpr std::uint64_t listener_bit = 1;

/// Buffers that nothing has needed for so long are given back.
constexpr time_ns memory_kept = seconds(5);

}  // namespace

std::size_t tcp_layer::tuple_hash::operator()(tcp::four_tuple const& t) const {
    // Multiply and fold, keyed: cheap, and not to be steered into collisions from outside.
    auto h = key;
    auto const mix = [&h](std::uint64_t word) {
        h = (h ^ word) * 0x9fb21c651e98df25U;
        h ^= h >> 32;
    };
    auto const mix_address = [&mix](ip_address const& a) {
        for (std::size_t i = 0; i < a.size(); i += 4) {
            std::uint64_t word = 0;
            for (std::size_t k = 0; k < 4; ++k) word = (word << 8) | a.bytes[i + k];
            mix(word);
        }
    };
    mix_address(t.remote.address);
    mix_address(t.local.address);
    mix((std::uint64_t{t.remote.port} << 16) | t.local.port);
    return static_cast<std::size_t>(h ^ (h >> 29));
}

tcp_layer::tcp_layer(host_core& core)
    : core_{core},
      secret_{core.random.next(), core.random.next()},
      isn_{secret_},
      table_{16, tuple_hash{core.random.next()}},
      memory_{std::make_shared<memory_budget>(core.config.tcp_memory)} {}

tcp_layer::~tcp_layer() {
    while (!dirty_listeners_.empty()) {
        auto& l = dirty_listeners_.front();
        dirty_listeners_.pop_front();
        auto const last = std::move(l.itself);
    }
}

// --- Tables

std::shared_ptr<tcp_record> tcp_layer::enter(std::shared_ptr<tcp::connection> c, tcp_ip_fields const& ip, bool reuse) {
    timers_.reserve(table_.size() + listeners_ + 1);
    auto r = std::make_shared<tcp_record>();
    r->connection = std::move(c);
    r->ip = ip;
    r->reuse_address = reuse;
    r->serial = next_serial_++ << 1;
    auto const& t = r->connection->tuple();
    auto const place = table_.emplace(t, r).first;
    try {
        auto& use = port_uses_[t.local.port];
        ++use.connections;
        if (!reuse) ++use.exclusive;
    } catch (std::bad_alloc const&) {
        table_.erase(place);
        throw;
    }
    r->in_table = true;
    return r;
}

/// The end of a record in the tables; a socket may keep it.
void tcp_layer::leave(tcp_record& r) {
    timers_.remove(r);
    if (!r.in_table) return;
    r.in_table = false;
    auto const t = r.connection->tuple();
    auto const use = port_uses_.find(t.local.port);
    if (!r.reuse_address) --use->second.exclusive;
    if (--use->second.connections == 0) port_uses_.erase(use);
    r.list_node<has_output>::unlink();
    r.list_node<has_gap>::unlink();
    r.list_node<in_time_wait>::unlink();
    r.list_node<wants_memory>::unlink();
    table_.erase(t);  // may destroy r
}

std::shared_ptr<tcp_record> tcp_layer::record_of(std::shared_ptr<tcp::connection> const& c) {
    auto const it = table_.find(c->tuple());
    if (it != table_.end() && it->second->connection == c) return it->second;
    auto r = std::make_shared<tcp_record>();
    r->connection = c;
    return r;
}

void tcp_layer::mark(tcp_record& r) {
    if (!r.in_table || r.list_node<has_output>::linked()) return;
    dirty_.push_back(r);
    core_.signal_output();
}

void tcp_layer::mark(listener_record& l) {
    if (l.linked()) return;
    dirty_listeners_.push_back(l);
    core_.signal_output();
}

void tcp_layer::wait_for_memory(tcp_record& r) {
    if (r.in_table && !r.list_node<wants_memory>::linked()) starving_.push_back(r);
}

/// Room for one more connection: the oldest in TIME-WAIT has had most of its time, and gives way.
bool tcp_layer::make_room(time_ns now) {
    if (table_.size() < core_.config.max_connections) return true;
    if (time_waits_.empty()) return false;
    auto const oldest = table_.find(time_waits_.front().connection->tuple())->second;
    leave(*oldest);
    oldest->connection->end_time_wait(now);
    if (oldest->owner != nullptr) oldest->owner->on_event();
    return true;
}

bool tcp_layer::may_bind(std::uint16_t port, port_entry const& e) const {
    if (ports_.conflicts(port, e, true)) return false;
    auto const use = port_uses_.find(port);
    return use == port_uses_.end() || (e.reuse_address && use->second.exclusive == 0);
}

std::optional<std::uint16_t> tcp_layer::choose_port(port_entry const& e) {
    return core_.ephemeral.choose([&](std::uint16_t port) {
        auto candidate = e;
        candidate.reuse_address = candidate.reuse_port = false;
        return may_bind(port, candidate);
    });
}

std::uint32_t tcp_layer::flow_label(tcp::four_tuple const& t) const {
    return t.remote.address.is_v6() ? static_cast<std::uint32_t>(core_.flow_hash(t) & 0xfffff) : 0;  // RFC 6437
}

// --- Opening

std::optional<std::uint16_t> tcp_layer::choose_connect_port(tcp::four_tuple const& t, bool reuse_time_wait) {
    return core_.ephemeral.choose(t, [&](std::uint16_t port) {
        if (ports_.at(port) != nullptr) return false;
        auto candidate = t;
        candidate.local.port = port;
        auto const it = table_.find(candidate);
        if (it == table_.end()) return true;
        auto const& c = *it->second->connection;
        // RFC 6191: timestamps keep the old incarnation's segments out.
        return reuse_time_wait && c.current_state() == tcp::state::time_wait && c.info().timestamps;
    });
}

tcp_layer::opening tcp_layer::connect(tcp::four_tuple tuple, tcp::connection_config config, std::uint32_t path_mtu,
                                      bool reuse_address, time_ns now) {
    if (!make_room(now)) return {error::enobufs, nullptr};
    if (tuple.local.port == 0) {
        auto port = choose_connect_port(tuple, false);
        if (!port) port = choose_connect_port(tuple, true);
        if (!port) return {error::eaddrnotavail, nullptr};
        tuple.local.port = *port;
    }
    tcp::open_parameters p;
    p.iss = isn_.initial_sequence(tuple, now);
    if (auto const it = table_.find(tuple); it != table_.end()) {
        auto const& old = *it->second->connection;
        if (old.current_state() != tcp::state::time_wait || !old.info().timestamps)
            return {error::eaddrnotavail, nullptr};
        p.iss = old.reuse_isn();
        leave(*it->second);
    }
    bool const loopback = core_.routes.loops(tuple.remote.address);
    adapt(config, loopback);
    config.path_mtu = path_mtu;
    p.tuple = tuple;
    p.config = config;
    p.timestamp_offset = isn_.timestamp_offset(tuple);
    p.watcher = core_.config.tcp_observer;
    p.memory = memory_;
    tcp_ip_fields ip;
    ip.flow_label = flow_label(tuple);
    auto r = enter(std::make_shared<tcp::connection>(tcp::connection::connect(p, now)), ip, reuse_address);
    mark(*r);
    return {error::ok, r};
}

void tcp_layer::adapt(tcp::connection_config& config, bool loopback) const {
    auto const& c = core_.config;
    config.mtu = loopback ? c.loopback_mtu : c.mtu;
    config.max_send_burst = c.offload.tso && c.offload.checksum ? c.offload.max_tso_payload : 1;
}

std::shared_ptr<listener_record> tcp_layer::listen(tcp::listener_config const& config) {
    timers_.reserve(table_.size() + listeners_ + 1);
    auto own = config;
    own.memory = memory_;
    auto l = std::make_shared<listener_record>(own, secret_, core_.config.tcp_observer);
    l->serial = (next_serial_++ << 1) | listener_bit;
    ++listeners_;
    return l;
}

void tcp_layer::retire(std::shared_ptr<listener_record> l, time_ns now) {
    l->owner = nullptr;
    while (auto const c = l->listener.accept()) {
        c->abort(now);
        auto const it = table_.find(c->tuple());
        if (it != table_.end() && it->second->connection == c) mark(*it->second);
    }
    l->listener.close(now);
    mark(*l);
    l->itself = l;
}

// --- Emission and timers

void tcp_layer::poll(time_ns now) {
    run_timers(now);
    linked_list<listener_record, has_output> listeners;
    for (listeners.take_all(dirty_listeners_); !listeners.empty();) {
        auto& l = listeners.front();
        listeners.pop_front();
        service(l, now);
    }
    linked_list<tcp_record, has_output> work;
    for (work.take_all(dirty_); !work.empty();) {
        auto& r = work.front();
        work.pop_front();
        service(r, now);
    }
    if (!gaps_.empty() || !starving_.empty()) relieve();
}

/// Memory is short: what can be sent again goes first, as with Linux's tcp_prune_ofo_queue(). It is not any more: who
/// could not send may try again.
void tcp_layer::relieve() {
    while (memory_->scarce() && !gaps_.empty()) {
        auto& r = gaps_.front();
        gaps_.pop_front();
        r.connection->prune();
    }
    if (memory_->pressed()) return;
    linked_list<tcp_record, wants_memory> hungry;
    for (hungry.take_all(starving_); !hungry.empty();) {
        auto& r = hungry.front();
        hungry.pop_front();
        if (r.owner != nullptr) r.owner->on_event();
    }
}

void tcp_layer::keep_lists(tcp_record& r) {
    auto& c = *r.connection;
    if (c.holds_out_of_order() != r.list_node<has_gap>::linked()) {
        if (c.holds_out_of_order())
            gaps_.push_back(r);
        else
            r.list_node<has_gap>::unlink();
    }
    bool const waits = c.current_state() == tcp::state::time_wait;
    if (waits && !r.list_node<in_time_wait>::linked()) time_waits_.push_back(r);
}

void tcp_layer::run_timers(time_ns now) {
    while (timers_.next() <= now) {
        auto* const t = timers_.front();
        // Whatever on_deadline() does, a deadline that stays due must not hold up the loop; service() sets the next.
        timers_.remove(*t);
        if ((t->serial & listener_bit) != 0) {
            auto& l = static_cast<listener_record&>(*t);
            l.listener.on_deadline(now);
            mark(l);
        } else {
            auto& r = static_cast<tcp_record&>(*t);
            if (r.connection->next_deadline() <= now) {
                r.connection->on_deadline(now);
                mark(r);
            } else {
                watch_memory(r, now);
                timers_.set(r, std::min(r.connection->next_deadline(), r.trim_at));
            }
        }
    }
}

/// A connection hears of its path what others have learnt of it, and that what was learnt has become old: then it tries
/// larger segments again (RFC 1191 section 6.3, RFC 8201 section 4).
void tcp_layer::follow_path(tcp_record& r, time_ns now) {
    auto const& paths = core_.path_mtus;
    if (r.path_revision == paths.revision() && now < r.path_until) return;
    r.path_revision = paths.revision();
    r.path_until = never;
    auto const& peer = r.connection->tuple().remote.address;
    if (core_.routes.is_local(peer)) return;
    auto const known = paths.find(peer, now);
    r.path_until = known.until;
    r.ip.may_fragment = known.may_fragment;
    r.connection->on_path_mtu(known.mtu != 0 ? known.mtu : core_.config.mtu, now);
}

void tcp_layer::service(tcp_record& r, time_ns now) {
    follow_path(r, now);
    tcp::segment s;
    auto& c = *r.connection;
    while (c.poll_output(now, s)) {
        auto const end = s.end();
        if (!r.emitted || r.sent_end < end) r.sent_end = end;
        r.emitted = true;
        emit(c.tuple(), r.ip, s);
    }
    bool const doubted = std::exchange(r.path_doubted, c.path_in_doubt());
    if (r.path_doubted && !doubted && core_.config.observer != nullptr)
        core_.config.observer->path_in_doubt(c.tuple().remote.address);
    if (r.owner != nullptr) r.owner->on_event();
    if (c.finished()) return leave(r);
    r.used_at = now;
    keep_lists(r);
    if (memory_->pressed() && c.holds_spare_memory()) c.trim();
    if (r.trim_at == never && c.holds_spare_memory()) r.trim_at = now + memory_kept;
    timers_.set(r, std::min(c.next_deadline(), r.trim_at));
}

/// A thousand connections kept alive for later must not hold what a thousand busy ones need; but a busy one must not
/// ask for its buffers anew with every message.
void tcp_layer::watch_memory(tcp_record& r, time_ns now) {
    if (now < r.trim_at) return;
    bool const idle = now - r.used_at >= memory_kept;
    if (idle) r.connection->trim();
    r.trim_at = !idle && r.connection->holds_spare_memory() ? r.used_at + memory_kept : never;
}

void tcp_layer::service(listener_record& l, time_ns now) {
    tcp::segment s;
    tcp::four_tuple t;
    while (l.listener.poll_output(now, t, s)) {
        auto ip = l.ip;
        ip.flow_label = flow_label(t);
        emit(t, ip, s);
    }
    if (l.owner != nullptr) {
        l.owner->on_event();
        timers_.set(l, l.listener.next_deadline());
        return;
    }
    timers_.remove(l);
    --listeners_;
    auto const last = std::move(l.itself);
}

void tcp_layer::emit(tcp::four_tuple const& t, tcp_ip_fields const& ip, tcp::segment const& s) {
    ip::send_fields f;
    f.source = t.local.address;
    f.destination = t.remote.address;
    f.protocol = wire::protocol::tcp;
    f.hop_limit = ip.hop_limit;
    f.traffic_class = static_cast<std::uint8_t>((ip.traffic_class & 0xfc) | static_cast<unsigned>(s.ecn));
    f.flow_label = ip.flow_label;
    f.dont_fragment = !ip.may_fragment;
    auto const way = core_.routes.find(f.destination, f.source);
    if (way.problem != error::ok) return;
    std::size_t const header_size = tcp::header_size(s);
    bool const large = s.gso_size != 0;
    bool const partial = core_.config.offload.checksum && !way.loopback &&
                         (large || core_.out.partial_checksum(f, header_size + s.payload.size(), way.mtu));
    packet_meta meta;
    meta.gso = large ? gso_kind::tcp : gso_kind::none;
    meta.gso_size = s.gso_size;
    constexpr std::uint16_t checksum_at = 16;
    meta.checksum_partial = partial;
    meta.checksum_offset = partial ? checksum_at : std::uint16_t{0};
    std::array<std::byte, tcp::max_header_bytes> header;
    auto const n =
        tcp::emit(s, f.source, f.destination, partial ? tcp::checksum_mode::partial : tcp::checksum_mode::full, header);
    core_.out.send(f, bytes_view{header}.first(n), s.payload, meta, way.mtu);
}

}  // namespace cardea::stack
