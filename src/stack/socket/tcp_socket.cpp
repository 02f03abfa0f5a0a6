// The TCP socket: opening, closing, data.
#include "stack/socket/tcp_socket.hpp"

#include <algorithm>
#include <utility>

#include "stack/host_core.hpp"
#include "stack/socket/guarded.hpp"

namespace cardea::stack {

tcp_socket::tcp_socket(host_core& core, ip_version family) : socket{core, family}, config_{core.config.tcp} {}

tcp_socket::~tcp_socket() {
    observe(nullptr);
    if (core_ != nullptr) close(core_->now());
}

port_entry tcp_socket::entry(bool listening) const {
    port_entry e;
    e.local = bound_;
    e.owner = const_cast<tcp_socket*>(this);
    e.reuse_address = reuse_address_;
    e.reuse_port = reuse_port_;
    e.listening = listening;
    return e;
}

error tcp_socket::bind(endpoint const& given) {
    if (core_ == nullptr) return error::ebadf;
    if (port_ != 0 || record_) return error::einval;
    endpoint e;
    if (auto const problem = inward(given, e); problem != error::ok) return problem;
    if (!core_->bindable(e.address)) return error::eaddrnotavail;
    return guarded([&] { return bind_inward(e); });
}

error tcp_socket::bind_inward(endpoint const& e) {
    bool const v6 = e.address.is_v6();
    auto candidate = entry(false);
    candidate.local = {e.address, !v6 || (e.address.is_unspecified() && !v6_only_), v6};
    auto port = e.port;
    if (port == 0) {
        auto const chosen = core_->tcp.choose_port(candidate);
        if (!chosen) return error::eaddrinuse;
        port = *chosen;
    } else if (!core_->tcp.may_bind(port, candidate)) {
        return error::eaddrinuse;
    }
    core_->tcp.ports().add(port, candidate);
    port_ = port;
    bound_ = candidate.local;
    return error::ok;
}

error tcp_socket::connect(endpoint const& peer, time_ns now) {
    if (core_ == nullptr) return error::ebadf;
    if (listener_) return error::eisconn;
    if (record_) return connect_again();
    endpoint e;
    if (auto const problem = inward(peer, e); problem != error::ok) return problem;
    auto& a = e.address;
    if (a.is_unspecified()) a = a.is_v4() ? ip_address::loopback_v4() : ip_address::loopback_v6();
    if (a.is_multicast() || core_->routes.is_broadcast(a)) return error::enetunreach;
    return guarded([&] { return open(e, now); });
}

error tcp_socket::connect_again() {
    if (auto const failure = conn().failure(); failure != error::ok && !connect_reported_ && !conn().established()) {
        // As Linux: the socket may try once more.
        auto const told = std::exchange(failure_reported_, false);
        record_->owner = nullptr;
        record_.reset();
        announce();
        return told ? error::econnaborted : failure;
    }
    if (!conn().established()) return error::ealready;
    return std::exchange(connect_reported_, true) ? error::eisconn : error::ok;
}

error tcp_socket::open(endpoint const& peer, time_ns now) {
    auto const way = core_->routes.find(peer.address, bound_.address);
    if (way.problem != error::ok) return way.problem;
    auto const known = core_->path_mtu(way, peer.address, now);
    tcp::four_tuple const tuple{{way.source, port_}, peer};
    auto const opened = core_->tcp.connect(tuple, config_, known.mtu, reuse_address_, now);
    if (opened.problem != error::ok) return opened.problem;
    failure_reported_ = connect_reported_ = false;
    adopt_connection(opened.record);
    record_->ip.may_fragment = known.may_fragment;
    conn().set_cork(cork_, now);
    announce();
    return error::einprogress;
}

void tcp_socket::adopt_connection(std::shared_ptr<tcp_record> r) {
    record_ = std::move(r);
    record_->owner = this;
    apply_ip_fields();
}

error tcp_socket::listen(std::uint32_t backlog, time_ns) {
    if (core_ == nullptr) return error::ebadf;
    if (record_) return error::einval;
    if (listener_) {
        listener_->listener.set_backlog(backlog);
        return error::ok;
    }
    return guarded([&] { return begin_to_listen(backlog); });
}

error tcp_socket::begin_to_listen(std::uint32_t backlog) {
    if (port_ == 0) {
        auto const any = family() == ip_version::v4 ? ip_address::any_v4() : ip_address::any_v6();
        if (auto const e = bind_inward({any, 0}); e != error::ok) return e;
    }
    if (core_->tcp.ports().conflicts(port_, entry(true), true)) return error::eaddrinuse;
    tcp::listener_config c;
    c.connection = config_;
    core_->tcp.adapt(c.connection, bound_.address.is_loopback() && core_->routes.loops(bound_.address));
    c.local_mtu = core_->config.own_over_link ? 0 : core_->config.loopback_mtu;
    c.backlog = backlog;
    c.syn_backlog = core_->config.syn_backlog;
    c.cookies = core_->config.syn_cookies ? tcp::cookie_mode::on_overflow : tcp::cookie_mode::off;
    listener_ = core_->tcp.listen(c);
    listener_->owner = this;
    listener_->reuse_address = reuse_address_;
    apply_ip_fields();
    if (auto* e = core_->tcp.ports().find(port_, this)) *e = entry(true);
    announce();
    return error::ok;
}

accept_result tcp_socket::accept(time_ns now) {
    if (core_ == nullptr) return {error::ebadf, nullptr, {}};
    if (!listener_) return {error::einval, nullptr, {}};
    if (!listener_->listener.acceptable()) return {error::eagain, nullptr, {}};
    if (!core_->may_open()) return {error::enobufs, nullptr, {}};
    return guarded([&] { return take_accepted(now); });
}

accept_result tcp_socket::take_accepted(time_ns now) {
    auto const c = listener_->listener.front();
    auto record = core_->tcp.record_of(c);
    auto s = std::make_unique<tcp_socket>(*core_, family());
    listener_->listener.accept();
    s->inherit(*this, now);
    s->adopt_connection(std::move(record));
    s->connect_reported_ = true;
    s->conn().set_nagle(config_.nagle, now);
    s->conn().set_cork(cork_, now);
    s->conn().set_user_timeout(config_.user_timeout, now);
    // It was made with what the listener's socket had at listen(); what has been set since holds as well. Only the
    // window's scale has been told to the peer and stays (tcp(7): large buffers are to be set before listen()).
    auto const& made = s->conn().config();
    if (made.receive_buffer != config_.receive_buffer || made.send_buffer != config_.send_buffer)
        s->conn().set_buffers(config_.receive_buffer, config_.send_buffer, now);
    s->apply_keepalive(now);
    s->touch();
    announce();
    auto const peer = s->outward(c->tuple().remote);
    return {error::ok, std::move(s), peer};
}

void tcp_socket::inherit(tcp_socket const& from, time_ns) {
    config_ = from.config_;
    hop_limit_ = from.hop_limit_;
    traffic_class_ = from.traffic_class_;
    reuse_address_ = from.reuse_address_;
    reuse_port_ = from.reuse_port_;
    v6_only_ = from.v6_only_;
    linger_ms_ = from.linger_ms_;
    cork_ = from.cork_;
}

error tcp_socket::take_failure() {
    if (!record_ || failure_reported_) return error::ok;
    auto const e = conn().failure();
    if (e != error::ok) {
        failure_reported_ = true;
        announce();
    }
    return e;
}

io_result tcp_socket::send(payload_view const& data, unsigned flags, time_ns now) {
    if (core_ == nullptr) return {error::ebadf, 0};
    if (!record_) return {error::epipe, 0};
    if (auto const e = take_failure(); e != error::ok) return {e, 0};
    if (write_shut_ || conn().failure() != error::ok) return {error::epipe, 0};
    auto const state = conn().current_state();
    if (state == tcp::state::closed) return {error::epipe, 0};
    if (!conn().established()) return {error::eagain, 0};
    if (data.empty()) return {error::ok, 0};
    bool const urgent = (flags & message::out_of_band) != 0;
    auto n = data.second.empty() && urgent ? conn().send_urgent(data.first, now) : conn().send(data.first, now);
    if (n == data.first.size() && !data.second.empty())
        n += urgent ? conn().send_urgent(data.second, now) : conn().send(data.second, now);
    if (n == 0) return cannot_send();
    touch();
    return {error::ok, n};
}

/// The buffer is full; or there is room in it, and no memory: the host's budget has none, or the machine has not.
io_result tcp_socket::cannot_send() {
    if (conn().writable() != 0) return {error::enobufs, 0};
    if (conn().send_capacity() < conn().config().send_buffer) core_->tcp.wait_for_memory(*record_);
    announce();  // it may have been writable when last told
    return {error::eagain, 0};
}

io_result tcp_socket::recv(std::span<std::byte> into, unsigned flags, time_ns now) {
    if (core_ == nullptr) return {error::ebadf, 0};
    if (!record_) return {error::enotconn, 0};
    if (conn().readable() != 0) {
        if ((flags & message::peek) != 0) return {error::ok, conn().peek(into)};
        auto const n = conn().recv(into, now);
        touch();
        return {error::ok, n};
    }
    // As Linux: what failed after the peer's FIN is for senders to hear.
    if (conn().peer_closed()) return {error::ok, 0};
    if (auto const e = take_failure(); e != error::ok) return {e, 0};
    if (conn().eof() || read_shut_ || conn().failure() != error::ok) return {error::ok, 0};
    return {error::eagain, 0};
}

io_result tcp_socket::send_to(payload_view const& data, endpoint const&, time_ns now) { return send(data, 0, now); }

io_result tcp_socket::recv_from(std::span<std::byte> into, receive_info& info, unsigned flags, time_ns now) {
    info = {};
    if (auto const peer = remote()) info.from = *peer;
    return recv(into, flags, now);
}

payload_view tcp_socket::readable_bytes() const { return record_ ? conn().readable_bytes() : payload_view{}; }

void tcp_socket::consume(std::size_t n, time_ns now) {
    if (core_ == nullptr || !record_) return;
    conn().consume(n, now);
    touch();
}

error tcp_socket::shutdown(shutdown_mode how, time_ns now) {
    if (core_ == nullptr) return error::ebadf;
    bool const read = (static_cast<unsigned>(how) & 1U) != 0;
    bool const write = (static_cast<unsigned>(how) & 2U) != 0;
    if (listener_) {
        // As Linux: the socket ceases to listen and stays bound.
        if (!read) return error::ok;
        core_->tcp.retire(std::exchange(listener_, nullptr), now);
        if (auto* e = core_->tcp.ports().find(port_, this)) *e = entry(false);
        announce();
        return error::ok;
    }
    if (!record_ || conn().current_state() == tcp::state::closed) return error::enotconn;
    if (!conn().established()) {
        conn().abort(now);
    } else {
        if (read) conn().shutdown_read(now);
        if (write) conn().shutdown_write(now);
    }
    read_shut_ = read_shut_ || read;
    write_shut_ = write_shut_ || write;
    touch();
    return error::ok;
}

void tcp_socket::close(time_ns now) { let_go(now, linger_ms_ == 0); }
void tcp_socket::abort(time_ns now) { let_go(now, true); }

void tcp_socket::let_go(time_ns now, bool reset) {
    if (core_ == nullptr) return;
    if (port_ != 0) core_->tcp.ports().remove(port_, this);
    if (listener_) core_->tcp.retire(std::exchange(listener_, nullptr), now);
    if (record_) {
        if (reset)
            conn().abort(now);
        else
            conn().close(now);
        record_->owner = nullptr;
        core_->tcp.mark(*record_);
        record_.reset();
    }
    core_->release(*this);
    announce();
}

void tcp_socket::touch() {
    core_->tcp.mark(*record_);
    announce();
}

endpoint tcp_socket::local() const {
    if (core_ != nullptr && record_) return outward(record_->connection->tuple().local);
    if (core_ != nullptr && port_ != 0) return outward({bound_.address, port_});
    return {family() == ip_version::v4 ? ip_address::any_v4() : ip_address::any_v6(), 0};
}

std::optional<endpoint> tcp_socket::remote() const {
    if (!record_ || !conn().established()) return std::nullopt;
    return outward(conn().tuple().remote);
}

unsigned tcp_socket::readiness() const {
    if (core_ == nullptr) return ready::readable | ready::writable | ready::hangup | ready::drained;
    if (listener_) return listener_->listener.acceptable() ? ready::readable : 0U;
    if (!record_) return ready::writable | ready::hangup;
    auto const& c = conn();
    unsigned r = 0;
    if (c.failure() != error::ok || c.current_state() == tcp::state::closed) {
        r |= ready::readable | ready::writable | ready::hangup | ready::drained;
        if (c.failure() != error::ok && !failure_reported_) r |= ready::error;
        return r;
    }
    if (!c.established()) return 0;
    if (c.readable() != 0 || c.eof() || read_shut_) r |= ready::readable;
    // A third of the buffer, so that a writer is not woken for every acknowledgement.
    if (write_shut_ || c.writable() * 3 >= c.send_capacity()) r |= ready::writable;
    if (c.send_queue_empty()) r |= ready::drained;
    if (c.urgent_ahead() != 0) r |= ready::urgent;
    if (write_shut_ && (read_shut_ || c.eof())) r |= ready::hangup;
    return r;
}

}  // namespace cardea::stack
