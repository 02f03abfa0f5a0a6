// A connection's life: how it begins, the states' entries, how it ends.
#include "stack/tcp/connection.hpp"

#include <algorithm>

namespace cardea::stack::tcp {
namespace {

std::uint8_t window_shift_for(std::uint32_t receive_buffer) {
    std::uint8_t shift = 0;
    while (shift < max_window_shift && (receive_buffer >> shift) > 0xffff) ++shift;
    return shift;
}

}  // namespace

connection::connection(open_parameters const& p, state initial)
    : memory_{p.memory},
      tuple_{p.tuple},
      config_{p.config},
      watcher_{p.watcher},
      state_{initial},
      ts_offset_{p.timestamp_offset} {
    deadlines_.fill(never);
    path_mtu_ = config_.path_mtu != 0 ? std::min(config_.path_mtu, config_.mtu) : config_.mtu;
    iss_ = snd_una_ = recover_ = rescue_ = ecn_recover_ = small_end_ = p.iss;
    snd_nxt_ = snd_max_ = snd_up_ = round_end_ = iss_ + 1;
    tx_.start(iss_ + 1, memory_.get());
    board_.start(iss_ + 1, memory_.get());
    rx_.charge_to(memory_.get());
    rcv_shift_ = config_.window_scaling ? window_shift_for(config_.receive_buffer) : std::uint8_t{0};
    rtt_.configure(config_.rto_initial, config_.rto_min, config_.rto_max);
    peer_mss_ = p.tuple.remote.address.is_v6() ? 1220 : 536;  // RFC 9293 MUST-15
    set_send_mss();
}

connection connection::connect(open_parameters const& p, time_ns now) {
    connection c{p, state::closed};
    c.opened_actively_ = true;
    c.progress_at_ = c.heard_at_ = now;
    c.syn_due_ = true;
    c.ecn_asked_ = p.config.ecn == ecn_mode::active;
    c.set_state(state::syn_sent, now);
    return c;
}

connection connection::accept(open_parameters const& p, segment const& syn, bool announced, time_ns now) {
    connection c{p, state::listen};
    c.progress_at_ = c.heard_at_ = now;
    c.take_syn_options(syn, now);
    c.syn_due_ = !announced;
    c.set_state(state::syn_received, now);
    if (announced) {
        c.last_ack_sent_ = c.rcv_nxt();
        c.last_sent_at_ = p.announced_at;
        c.timeouts_ = p.handshake_lost ? 1 : 0;
        c.arm_retransmit(now);
    }
    return c;
}

void connection::set_state(state to, time_ns now) {
    state const from = state_;
    if (from == to) return;
    state_ = to;
    if (watcher_ != nullptr) watcher_->state_changed(*this, from, to, now);
}

/// The handshake is complete: windows and estimates begin (RFC 6298 section 5.7, RFC 6928).
void connection::establish(time_ns now) {
    was_established_ = true;
    stop(timer::retransmit, now);
    bool const syn_was_lost = timeouts_ > 0;
    if (syn_was_lost) rtt_.after_syn_timeout();
    timeouts_ = unanswered_ = 0;
    progress_at_ = heard_at_ = now;
    // RFC 5681 section 3.1: after a lost SYN the window begins with one segment.
    std::uint32_t const first = syn_was_lost ? mss_ : initial_window(mss_, config_.initial_window_segments);
    cc_.start(config_.congestion, config_.hystart, mss_, first, snd_nxt_);
    recover_ = ecn_recover_ = iss_;
    round_end_ = snd_nxt_;
    set_state(state::established, now);
    report_window(now);
    if (fin_queued_) set_state(state::fin_wait_1, now);
    restart_keepalive(now);
}

void connection::fail(error why, time_ns now) {
    if (failure_ == error::ok) failure_ = why;
    enter_closed(now);
}

void connection::enter_closed(time_ns now) {
    stop_all(now);
    tx_.clear();
    board_.clear();
    rx_.drop_out_of_order();
    if (released_) rx_.clear();
    syn_due_ = ack_now_ = window_probe_due_ = keepalive_due_ = tail_probe_due_ = false;
    owed_acks_ = 0;
    set_state(state::closed, now);
}

void connection::enter_time_wait(time_ns now) {
    stop_all(now);
    tx_.clear();
    board_.clear();
    rx_.drop_out_of_order();
    set_state(state::time_wait, now);
    arm(timer::linger, now + config_.time_wait, now);
}

void connection::end_time_wait(time_ns now) {
    if (state_ == state::time_wait) enter_closed(now);
}

/// The application has no more to send: the FIN's place is after the last byte queued.
void connection::queue_fin(time_ns now) {
    if (fin_queued_) return;
    fin_queued_ = true;
    if (state_ == state::established) set_state(state::fin_wait_1, now);
    if (state_ == state::close_wait) set_state(state::last_ack, now);  // in SYN-RECEIVED it waits for establish()
}

void connection::send_reset(sequence seq, bool with_ack) {
    reset_due_ = true;
    reset_seq_ = seq;
    reset_with_ack_ = with_ack;
}

void connection::abort(time_ns now) {
    released_ = true;
    bool const peer_waits = state_ == state::syn_received || state_ == state::established ||
                            state_ == state::fin_wait_1 || state_ == state::fin_wait_2 || state_ == state::close_wait;
    if (peer_waits) send_reset(snd_nxt_, true);
    if (state_ != state::closed) fail(error::econnaborted, now);
}

void connection::shutdown_write(time_ns now) { queue_fin(now); }

void connection::close(time_ns now) {
    if (released_) return;
    bool const unread = rx_.readable() > 0;
    released_ = read_shut_ = true;
    rx_.clear();
    if (state_ == state::closed) return;
    if (state_ == state::syn_sent) return enter_closed(now);
    if (unread && state_ != state::time_wait) {  // data would be lost silently (RFC 9293 SHLD-3)
        send_reset(snd_nxt_, true);
        return enter_closed(now);
    }
    queue_fin(now);
    if (state_ == state::fin_wait_2) arm(timer::linger, now + config_.fin_wait_2, now);
}

void connection::on_icmp_error(icmp_error kind, sequence quoted, time_ns now) {
    bool const in_flight = snd_una_ <= quoted && quoted < snd_max_;
    if (!in_flight || kind == icmp_error::source_quench || state_ == state::closed) return;  // RFC 9293 MUST-55
    bool hard = false;
    error what = error::ehostunreach;
    switch (kind) {
        case icmp_error::network_unreachable:
            what = error::enetunreach;
            break;
        case icmp_error::port_unreachable:
            what = error::econnrefused, hard = true;
            break;
        case icmp_error::protocol_unreachable:
            what = error::enoprotoopt, hard = true;
            break;
        case icmp_error::admin_prohibited:
            hard = true;
            break;
        case icmp_error::parameter_problem:
            what = error::eproto;
            break;
        default:
            break;
    }
    // Whoever opens wants to know, and may try elsewhere: RFC 5461 section 4.1, and Linux's tcp_v4_err().
    bool const opening = state_ == state::syn_sent || state_ == state::syn_received;
    if (opening && (hard || config_.icmp_ends_opening)) return fail(what, now);
    if (hard && config_.abort_on_hard_icmp) return fail(what, now);
    soft_error_ = what;  // RFC 9293 SHLD-25, MUST-56
}

void connection::on_path_mtu(std::uint32_t mtu, time_ns now) {
    std::uint32_t const least = tuple_.remote.address.is_v6() ? 1280 : 552;  // RFC 8201; Linux's min_pmtu for v4
    std::uint32_t const bounded = std::min(std::max(mtu, least), config_.mtu);
    if (bounded == path_mtu_) return;
    bool const smaller = bounded < path_mtu_;
    path_mtu_ = bounded;
    set_send_mss();
    if (!was_established_ || state_ == state::closed) return;
    cc_.set_mss(mss_);
    // What was sent larger has been dropped, not lost to congestion: resend it cut anew, the window as it is.
    if (smaller && board_.mark_larger_lost(mss_)) {
        if (phase_ == phase::open) {
            phase_ = phase::loss;
            recover_ = snd_nxt_;
        }
        reason_ = resend_reason::path_mtu;
        force_resend_ = true;
        arm_retransmit(now);
    }
    report_window(now);
}

void connection::trim() {
    tx_.trim();
    rx_.trim();
    board_.trim();
}

bool connection::holds_spare_memory() const {
    constexpr std::size_t worth_it = 16 * 1024;
    bool const sending = tx_.size() == 0 && tx_.memory() > worth_it;
    bool const receiving = rx_.readable() == 0 && !rx_.has_gap() && rx_.memory() > worth_it;
    return sending || receiving || (board_.empty() && board_.memory() > worth_it);
}

std::size_t connection::memory() const { return tx_.memory() + rx_.memory() + board_.memory(); }

}  // namespace cardea::stack::tcp
