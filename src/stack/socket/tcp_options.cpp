// The options of a TCP socket.
#include <algorithm>

#include "stack/host_core.hpp"
#include "stack/socket/tcp_socket.hpp"

namespace cardea::stack {

namespace {

constexpr std::int64_t min_buffer = 4 * 1024;
constexpr std::int64_t max_buffer = 64 * 1024 * 1024;

std::uint32_t buffer_size(std::int64_t v) { return static_cast<std::uint32_t>(std::clamp(v, min_buffer, max_buffer)); }

}  // namespace

void tcp_socket::apply_keepalive(time_ns now) {
    if (record_ && config_.keepalive != conn().config().keepalive)
        conn().set_keepalive(config_.keepalive, config_.keepalive_idle, config_.keepalive_interval,
                             config_.keepalive_count, now);
}

void tcp_socket::apply_ip_fields() {
    auto const tc = static_cast<std::uint8_t>(traffic_class_ & 0xfc);
    if (record_) record_->ip.hop_limit = hop_limit_, record_->ip.traffic_class = tc;
    if (listener_) listener_->ip.hop_limit = hop_limit_, listener_->ip.traffic_class = tc;
}

error tcp_socket::set_option(socket_option o, std::int64_t value, time_ns now) {
    if (core_ == nullptr) return error::ebadf;
    bool known = true;
    auto e = set_tcp_option(o, value, now, known);
    if (!known) {
        e = socket::set_option(o, value, now);
        apply_ip_fields();
        if (port_ != 0)
            if (auto* bound = core_->tcp.ports().find(port_, this)) *bound = entry(listener_ != nullptr);
    }
    if (record_) touch();
    return e;
}

error tcp_socket::set_tcp_option(socket_option o, std::int64_t value, time_ns now, bool& known) {
    bool const on = value != 0;
    auto const set_keepalive = [&](time_ns& field) {
        constexpr std::int64_t longest_ms = 32'767'000;
        if (value < 1 || value > longest_ms) return error::einval;
        field = milliseconds(value);
        if (record_)
            conn().set_keepalive(config_.keepalive, config_.keepalive_idle, config_.keepalive_interval,
                                 config_.keepalive_count, now);
        return error::ok;
    };
    switch (o) {
        case socket_option::no_delay:
            config_.nagle = on ? tcp::nagle_mode::off : core_->config.tcp.nagle;
            if (record_) conn().set_nagle(config_.nagle, now);
            return error::ok;
        case socket_option::cork:
            cork_ = on;
            if (record_) conn().set_cork(on, now);
            return error::ok;
        case socket_option::quick_ack:
            if (record_) conn().set_quick_ack(on, now);
            return error::ok;
        case socket_option::keepalive:
            config_.keepalive = on;
            apply_keepalive(now);
            return error::ok;
        case socket_option::keepalive_idle_ms:
            return set_keepalive(config_.keepalive_idle);
        case socket_option::keepalive_interval_ms:
            return set_keepalive(config_.keepalive_interval);
        case socket_option::keepalive_count:
            if (value < 1 || value > 127) return error::einval;
            config_.keepalive_count = static_cast<std::uint32_t>(value);
            if (record_)
                conn().set_keepalive(config_.keepalive, config_.keepalive_idle, config_.keepalive_interval,
                                     config_.keepalive_count, now);
            return error::ok;
        case socket_option::user_timeout_ms:
            if (value < 0) return error::einval;
            config_.user_timeout = milliseconds(std::min<std::int64_t>(value, 1'000'000'000));
            if (record_) conn().set_user_timeout(config_.user_timeout, now);
            return error::ok;
        case socket_option::linger_ms:
            linger_ms_ = std::max<std::int64_t>(value, no_linger);
            return error::ok;
        case socket_option::receive_buffer:
        case socket_option::send_buffer:
            if (value < 0) return error::einval;
            (o == socket_option::receive_buffer ? config_.receive_buffer : config_.send_buffer) = buffer_size(value);
            if (record_) conn().set_buffers(config_.receive_buffer, config_.send_buffer, now);
            return error::ok;
        default:
            known = false;
            return error::ok;
    }
}

error tcp_socket::get_option(socket_option o, std::int64_t& value, time_ns now) {
    if (core_ == nullptr) return error::ebadf;
    bool known = true;
    auto const e = get_tcp_option(o, value, now, known);
    return known ? e : socket::get_option(o, value, now);
}

error tcp_socket::get_tcp_option(socket_option o, std::int64_t& value, time_ns now, bool& known) {
    switch (o) {
        case socket_option::no_delay:
            value = config_.nagle == tcp::nagle_mode::off;
            return error::ok;
        case socket_option::cork:
            value = cork_;
            return error::ok;
        case socket_option::keepalive:
            value = config_.keepalive;
            return error::ok;
        case socket_option::keepalive_idle_ms:
            value = config_.keepalive_idle / milliseconds(1);
            return error::ok;
        case socket_option::keepalive_interval_ms:
            value = config_.keepalive_interval / milliseconds(1);
            return error::ok;
        case socket_option::keepalive_count:
            value = config_.keepalive_count;
            return error::ok;
        case socket_option::user_timeout_ms:
            value = config_.user_timeout / milliseconds(1);
            return error::ok;
        case socket_option::linger_ms:
            value = linger_ms_;
            return error::ok;
        case socket_option::receive_buffer:
            value = config_.receive_buffer;
            return error::ok;
        case socket_option::send_buffer:
            value = config_.send_buffer;
            return error::ok;
        case socket_option::max_segment:
            value = record_ ? static_cast<std::int64_t>(conn().info().mss) : 536;
            return error::ok;
        case socket_option::path_mtu: {
            if (!record_) return error::enotconn;
            auto const& t = conn().tuple();
            auto const way = core_->routes.find(t.remote.address, t.local.address);
            value = core_->path_mtu(way, t.remote.address, now).mtu;
            return error::ok;
        }
        case socket_option::pending_error: {
            auto e = take_failure();
            if (e == error::ok && record_) e = conn().take_soft_error();
            value = static_cast<std::int64_t>(e);
            return error::ok;
        }
        default:
            known = false;
            return error::ok;
    }
}

}  // namespace cardea::stack
