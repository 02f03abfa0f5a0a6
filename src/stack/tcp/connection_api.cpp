// The application's side of a connection: bytes in and out, readiness, options.
#include <algorithm>

#include "stack/tcp/connection.hpp"

namespace cardea::stack::tcp {

std::size_t connection::writable() const {
    bool const open = state_ == state::syn_sent || state_ == state::syn_received || state_ == state::established ||
                      state_ == state::close_wait;
    if (!open || fin_queued_) return 0;
    std::size_t const capacity = send_capacity();
    return capacity - std::min<std::size_t>(capacity, tx_.size());
}

std::size_t connection::send_capacity() const {
    return tx_.may_grow() ? config_.send_buffer : std::min<std::size_t>(config_.send_buffer, tx_.sure_capacity());
}

std::size_t connection::send(std::span<std::byte const> data, time_ns) {
    std::size_t const n = std::min(data.size(), writable());
    return n == 0 ? 0 : tx_.append(data.first(n));
}

std::size_t connection::send_urgent(std::span<std::byte const> data, time_ns now) {
    std::size_t const n = send(data, now);
    if (n != 0) {
        snd_up_ = tx_.end();
        urgent_out_ = true;
        if (can_send_data()) ack_now_ = true;  // the pointer travels at once, window or not (RFC 9293 section 3.8.5)
    }
    return n;
}

std::size_t connection::readable() const { return rx_.readable(); }
payload_view connection::readable_bytes() const { return rx_.view(); }
std::size_t connection::peek(std::span<std::byte> into) const { return rx_.peek(into); }

std::size_t connection::recv(std::span<std::byte> into, time_ns now) {
    std::size_t const n = rx_.peek(into);
    consume(n, now);
    return n;
}

void connection::consume(std::size_t n, time_ns) {
    n = std::min<std::size_t>(n, rx_.readable());
    if (n == 0) return;
    rx_.consume(static_cast<std::uint32_t>(n));
    if (pressed()) rx_.trim();  // others wait for it
    if (urgent_in_ && rcv_up_ <= rx_.next() - rx_.readable()) urgent_in_ = false;
    bool const peer_sends = state_ == state::established || state_ == state::fin_wait_1 || state_ == state::fin_wait_2;
    if (peer_sends && window_update_due()) ack_soon();
}

bool connection::eof() const {
    if (rx_.readable() != 0) return false;
    return fin_taken_ || read_shut_ || state_ == state::closed;
}

error connection::failure() const { return failure_; }

error connection::take_soft_error() {
    error const e = soft_error_;
    soft_error_ = error::ok;
    return e;
}

bool connection::established() const { return was_established_; }

bool connection::send_queue_empty() const {
    if (state_ == state::closed) return true;
    return tx_.size() == 0 && (!fin_queued_ || snd_una_ == tx_.end() + 1);
}

std::size_t connection::urgent_ahead() const {
    if (!urgent_in_) return 0;
    sequence const front = rx_.next() - rx_.readable();
    return front < rcv_up_ ? distance(front, rcv_up_) : 0;
}

void connection::shutdown_read(time_ns now) {
    read_shut_ = true;
    consume(rx_.readable(), now);
}

void connection::set_nagle(nagle_mode mode, time_ns) { config_.nagle = mode; }
void connection::set_cork(bool on, time_ns now) {
    cork_ = on;
    if (!on) stop(timer::cork, now);
}

void connection::set_keepalive(bool on, time_ns idle, time_ns interval, std::uint32_t count, time_ns now) {
    config_.keepalive = on;
    config_.keepalive_idle = idle;
    config_.keepalive_interval = interval;
    config_.keepalive_count = count;
    keepalive_unanswered_ = 0;
    stop(timer::keepalive, now);
    restart_keepalive(now);
}

void connection::set_user_timeout(time_ns timeout, time_ns now) {
    config_.user_timeout = timeout;
    if (armed(timer::retransmit)) arm_retransmit(now);
}

void connection::set_retries(std::uint32_t r1, std::uint32_t r2) {
    config_.retries_1 = r1;
    config_.retries_2 = r2;
}

void connection::set_buffers(std::uint32_t receive_bytes, std::uint32_t send_bytes, time_ns) {
    config_.receive_buffer = receive_bytes;
    config_.send_buffer = send_bytes;
    if (synchronized() && was_established_ && window_update_due()) ack_soon();
}

void connection::set_quick_ack(bool on, time_ns) {
    quick_acks_ = on ? 16 : 0;
    if (on && received_unacked_ > 0) ack_soon();
}

}  // namespace cardea::stack::tcp
