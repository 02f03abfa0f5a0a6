// The UDP socket.
#include "stack/socket/udp_socket.hpp"

#include <algorithm>
#include <utility>

#include "stack/host_core.hpp"
#include "stack/socket/guarded.hpp"
#include "stack/socket/udp_layer.hpp"

namespace cardea::stack {

udp_socket::udp_socket(host_core& core, ip_version family)
    : socket{core, family}, queue_{core.config.udp_receive_buffer, core.udp.memory()} {}

udp_socket::~udp_socket() {
    observe(nullptr);
    close(0);
}

port_entry udp_socket::entry() const {
    port_entry e;
    e.local = bound_;
    e.remote = remote_;
    e.owner = const_cast<udp_socket*>(this);
    e.reuse_address = reuse_address_;
    e.reuse_port = reuse_port_;
    return e;
}

void udp_socket::update_entry() {
    if (auto* e = core_->udp.ports().find(port_, this)) *e = entry();
}

error udp_socket::bind(endpoint const& given) {
    if (core_ == nullptr) return error::ebadf;
    if (port_ != 0) return error::einval;
    endpoint e;
    if (auto const problem = inward(given, e); problem != error::ok) return problem;
    auto const& a = e.address;
    if (!core_->bindable(a) && !a.is_multicast() && !core_->routes.is_broadcast(a)) return error::eaddrnotavail;
    return guarded([&] { return bind_inward(e, true); });
}

error udp_socket::bind_inward(endpoint const& e, bool explicit_address) {
    auto const& a = e.address;
    bound_address wanted;
    wanted.address = a;
    bool const dual = family() == ip_version::v6 && a.is_unspecified() && a.is_v6() && !v6_only_;
    wanted.v4 = a.is_v4() || dual;
    wanted.v6 = a.is_v6();
    auto candidate = entry();
    candidate.local = wanted;
    auto port = e.port;
    if (port == 0) {
        auto const chosen = core_->udp.choose_port(candidate);
        if (!chosen) return error::eaddrinuse;
        port = *chosen;
    } else if (core_->udp.ports().conflicts(port, candidate, false)) {
        return error::eaddrinuse;
    }
    core_->udp.ports().add(port, candidate);
    bound_ = wanted;
    port_ = port;
    if (explicit_address) chosen_ = a;
    return error::ok;
}

error udp_socket::ensure_bound() {
    if (port_ != 0) return error::ok;
    auto const any = family() == ip_version::v4 ? ip_address::any_v4() : ip_address::any_v6();
    auto const e = guarded([&] { return bind_inward({any, 0}, false); });
    return e == error::eaddrinuse ? error::eagain : e;  // as Linux: every ephemeral port is taken for now
}

error udp_socket::connect(endpoint const& peer, time_ns) {
    if (core_ == nullptr) return error::ebadf;
    if (peer.address.version == ip_version::none) {
        remote_ = {};
        if (port_ != 0 && chosen_.is_unspecified())
            bound_.address = family() == ip_version::v4 ? ip_address::any_v4() : ip_address::any_v6();
        bound_.v4 = family() == ip_version::v4 || bound_.address.is_v4() || (bound_.is_wildcard() && !v6_only_);
        bound_.v6 = family() == ip_version::v6 && !bound_.address.is_v4();
        update_entry();
        return error::ok;
    }
    endpoint e;
    if (auto const problem = inward(peer, e); problem != error::ok) return problem;
    if (e.address.is_unspecified())
        e.address = e.address.is_v4() ? ip_address::loopback_v4() : ip_address::loopback_v6();
    if (core_->routes.is_broadcast(e.address) && !broadcast_) return error::eacces;
    auto const way = core_->routes.find(e.address, chosen_.is_multicast() ? ip_address{} : chosen_);
    if (way.problem != error::ok) return way.problem;
    if (auto const problem = ensure_bound(); problem != error::ok) return problem;
    remote_ = e;
    bound_ = {way.source, e.address.is_v4(), e.address.is_v6()};
    update_entry();
    return error::ok;
}

error udp_socket::take_pending_error() {
    auto const e = std::exchange(pending_error_, error::ok);
    if (e != error::ok) announce();
    return e;
}

io_result udp_socket::send(payload_view const& data, unsigned, time_ns now) {
    if (core_ == nullptr) return {error::ebadf, 0};
    if (remote_.address.version == ip_version::none) return {error::edestaddrreq, 0};
    return send_inward(data, remote_, {}, now);
}

io_result udp_socket::send_chosen(payload_view const& data, endpoint const* to, send_choice const& choice,
                                  time_ns now) {
    if (core_ == nullptr) return {error::ebadf, 0};
    auto own = choice;
    own.source = choice.source.unmapped();
    if (own.source.is_unspecified()) own.source = {};
    if (own.source.version != ip_version::none && !core_->bindable(own.source)) return {error::einval, 0};
    endpoint there = remote_;
    if (to != nullptr) {
        if (auto const e = inward(*to, there); e != error::ok) return {e, 0};
        if (there.port == 0) return {error::einval, 0};
    } else if (remote_.address.version == ip_version::none) {
        return {error::edestaddrreq, 0};
    }
    bool const other_family = own.source.version != ip_version::none && own.source.version != there.address.version;
    if (other_family) return {error::einval, 0};
    return send_inward(data, there, own, now);
}

io_result udp_socket::send_to(payload_view const& data, endpoint const& peer, time_ns now) {
    if (core_ == nullptr) return {error::ebadf, 0};
    endpoint to;
    if (auto const e = inward(peer, to); e != error::ok) return {e, 0};
    if (to.port == 0) return {error::einval, 0};
    if (to.address.is_unspecified())
        to.address = to.address.is_v4() ? ip_address::loopback_v4() : ip_address::loopback_v6();
    return send_inward(data, to, {}, now);
}

io_result udp_socket::send_inward(payload_view const& data, endpoint const& to, send_choice const& choice,
                                  time_ns now) {
    if (write_shut_) return {error::epipe, 0};
    if (auto const e = take_pending_error(); e != error::ok) return {e, 0};
    if (core_->routes.is_broadcast(to.address) && !broadcast_) return {error::eacces, 0};
    if (auto const e = ensure_bound(); e != error::ok) return {e, 0};
    udp_send s;
    bool const own_address =
        !bound_.is_wildcard() && !bound_.address.is_multicast() && !core_->routes.is_broadcast(bound_.address);
    s.local = {own_address ? bound_.address : ip_address{}, port_};
    if (choice.source.version != ip_version::none) s.local.address = choice.source;
    s.remote = to;
    s.hop_limit = choice.hop_limit.value_or(to.address.is_multicast() ? std::uint8_t{1} : hop_limit_);
    s.traffic_class = choice.traffic_class.value_or(traffic_class_);
    s.dont_fragment = discovery_ == mtu_discovery::must;
    s.never_df = discovery_ == mtu_discovery::dont;
    s.no_checksum = no_checksum_;
    s.segment_size = segment_size_;
    auto const e = core_->udp.send(s, data, now);
    if (e == error::eagain) {
        core_->udp.wait_for_room(*this);
        announce();
    }
    return e == error::ok ? io_result{error::ok, data.size()} : io_result{e, 0};
}

io_result udp_socket::recv(std::span<std::byte> into, unsigned flags, time_ns now) {
    receive_info info;
    return recv_from(into, info, flags, now);
}

io_result udp_socket::recv_from(std::span<std::byte> into, receive_info& info, unsigned flags, time_ns) {
    if (core_ == nullptr) return {error::ebadf, 0};
    if (auto const e = take_pending_error(); e != error::ok) return {e, 0};
    if (queue_.empty()) return {read_shut_ ? error::ok : error::eagain, 0};
    auto const n = queue_.read(into, info, (flags & message::peek) != 0);
    info.from = outward(info.from);
    info.to = outward(info.to);
    announce();
    return {error::ok, n};
}

error udp_socket::shutdown(shutdown_mode how, time_ns) {
    if (core_ == nullptr) return error::ebadf;
    if (remote_.address.version == ip_version::none) return error::enotconn;
    auto const bits = static_cast<unsigned>(how);
    read_shut_ = read_shut_ || (bits & 1U) != 0;
    write_shut_ = write_shut_ || (bits & 2U) != 0;
    announce();
    return error::ok;
}

void udp_socket::close(time_ns) {
    if (core_ == nullptr) return;
    unlink();
    if (port_ != 0) core_->udp.ports().remove(port_, this);
    queue_.clear();
    core_->release(*this);
    announce();
}

endpoint udp_socket::local() const {
    if (core_ == nullptr || port_ == 0)
        return {family() == ip_version::v4 ? ip_address::any_v4() : ip_address::any_v6(), 0};
    return outward({bound_.address, port_});
}

std::optional<endpoint> udp_socket::remote() const {
    if (remote_.address.version == ip_version::none) return std::nullopt;
    return outward(remote_);
}

unsigned udp_socket::readiness() const {
    if (core_ == nullptr) return ready::readable | ready::writable | ready::hangup;
    unsigned r = 0;
    if (!queue_.empty() || pending_error_ != error::ok || read_shut_) r |= ready::readable;
    if (!core_->out.full() || pending_error_ != error::ok || write_shut_) r |= ready::writable;
    if (pending_error_ != error::ok || !errors_.empty()) r |= ready::error;
    if (read_shut_ && write_shut_) r |= ready::hangup;
    return r;
}

bool udp_socket::deliver(receive_info const& info, bytes_view payload) {
    if (read_shut_) return true;
    bool const room = queue_.push(info, payload);
    if (!room) ++dropped_;
    announce();
    return room;
}

void udp_socket::on_icmp(ip::icmp_report const& r) {
    bool const connected = remote_.address.version != ip_version::none;
    if (r.meaning.packet_too_big && discovery_ == mtu_discovery::dont) return;
    if (receive_errors_ && errors_.size() == max_queued_errors) errors_.pop_front();
    if (receive_errors_)
        errors_.push_back({r.meaning.what,
                           outward(r.remote),
                           r.offender,
                           r.message.type,
                           r.message.code,
                           r.meaning.packet_too_big ? r.reported_mtu : 0,
                           {r.quoted_data.begin(), r.quoted_data.end()}});
    // An unconnected socket must not die of one peer's trouble (udp(7)).
    if (receive_errors_ || (connected && r.meaning.hard)) pending_error_ = r.meaning.what;
    announce();
}

std::optional<queued_error> udp_socket::take_error() {
    if (errors_.empty()) return std::nullopt;
    auto e = std::move(errors_.front());
    errors_.pop_front();
    pending_error_ = error::ok;
    announce();
    return e;
}

error udp_socket::set_option(socket_option o, std::int64_t value, time_ns now) {
    if (core_ == nullptr) return error::ebadf;
    constexpr std::int64_t min_buffer = 2048;
    constexpr std::int64_t max_buffer = 64 * 1024 * 1024;
    switch (o) {
        case socket_option::receive_buffer:
            if (value < 0) return error::einval;
            queue_.set_bound(static_cast<std::size_t>(std::clamp(value, min_buffer, max_buffer)));
            return error::ok;
        case socket_option::send_buffer:
            return value < 0 ? error::einval : error::ok;  // the host's queue is the bound
        case socket_option::mtu_discover:
            if (value < 0 || value > 2) return error::einval;
            discovery_ = static_cast<mtu_discovery>(value);
            return error::ok;
        case socket_option::receive_errors:
            receive_errors_ = value != 0;
            if (!receive_errors_) errors_.clear();
            return error::ok;
        case socket_option::checksum_off:
            no_checksum_ = value != 0;
            return error::ok;
        case socket_option::segment_size:
            if (value < 0 || value > 65'507) return error::einval;
            segment_size_ = static_cast<std::uint16_t>(value);
            return error::ok;
        default:
            break;
    }
    auto const e = socket::set_option(o, value, now);
    if (port_ != 0) update_entry();
    return e;
}

error udp_socket::get_option(socket_option o, std::int64_t& value, time_ns now) {
    if (core_ == nullptr) return error::ebadf;
    switch (o) {
        case socket_option::receive_buffer:
            value = static_cast<std::int64_t>(queue_.bound());
            return error::ok;
        case socket_option::send_buffer:
            value = static_cast<std::int64_t>(core_->config.output_packets);
            return error::ok;
        case socket_option::mtu_discover:
            value = static_cast<std::int64_t>(discovery_);
            return error::ok;
        case socket_option::receive_errors:
            value = receive_errors_;
            return error::ok;
        case socket_option::checksum_off:
            value = no_checksum_;
            return error::ok;
        case socket_option::segment_size:
            value = segment_size_;
            return error::ok;
        case socket_option::pending_error:
            value = static_cast<std::int64_t>(take_pending_error());
            return error::ok;
        case socket_option::path_mtu: {
            if (remote_.address.version == ip_version::none) return error::enotconn;
            auto const way = core_->routes.find(remote_.address, bound_.address);
            value = core_->path_mtu(way, remote_.address, now).mtu;
            return error::ok;
        }
        default:
            return socket::get_option(o, value, now);
    }
}

}  // namespace cardea::stack
