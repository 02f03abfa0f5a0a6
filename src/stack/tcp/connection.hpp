// One TCP connection (RFC 9293) as a state machine: segments, application calls and time go in; segments, deadlines and
// readiness come out. No I/O, no clock, no randomness, no threads; every call returns at once. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "stack/error.hpp"
#include "stack/memory_budget.hpp"
#include "stack/tcp/config.hpp"
#include "stack/tcp/congestion.hpp"
#include "stack/tcp/info.hpp"
#include "stack/tcp/observer.hpp"
#include "stack/tcp/prr.hpp"
#include "stack/tcp/rack.hpp"
#include "stack/tcp/receive_buffer.hpp"
#include "stack/tcp/rtt.hpp"
#include "stack/tcp/scoreboard.hpp"
#include "stack/tcp/segment.hpp"
#include "stack/tcp/send_buffer.hpp"
#include "stack/tcp/sequence.hpp"

namespace cardea::stack::tcp {

/// What both openings need.
struct open_parameters {
    four_tuple tuple;
    connection_config config;
    sequence iss;                           ///< from isn_generator
    std::uint32_t timestamp_offset = 0;     ///< added to the millisecond clock in TSval; from isn_generator
    time_ns announced_at = -1;              ///< when a listener sent its SYN-ACK, if once only
    bool handshake_lost = false;            ///< a listener's SYN-ACK seems to have been lost
    observer* watcher = nullptr;            ///< may be null; outlives the connection
    std::shared_ptr<memory_budget> memory;  ///< what all connections' buffers share; may be null
};

class connection {
  public:
    connection(connection&&) = default;
    connection& operator=(connection&&) = delete;  // buffers must not outlive the budget they are charged to

    /// Active open: SYN-SENT; poll_output() yields the SYN.
    static connection connect(open_parameters const& p, time_ns now);
    /// Passive open from a listener's SYN: SYN-RECEIVED. `announced`: a listener has already sent the SYN-ACK.
    static connection accept(open_parameters const& p, segment const& syn, bool announced, time_ns now);

    // --- The network's side

    /// Takes in one segment of this connection (addresses and checksum already checked).
    disposition on_segment(segment const& s, time_ns now);
    /// An ICMP error that quotes a segment of ours with sequence number `quoted`. Errors for bytes not in flight are
    /// ignored (RFC 5927 section 4.1).
    void on_icmp_error(icmp_error kind, sequence quoted, time_ns now);
    /// The path takes packets of `mtu` bytes at most (RFC 1191, RFC 8201). The host has checked the quoted packet.
    void on_path_mtu(std::uint32_t mtu, time_ns now);

    /// Yields the next segment to send, if any: call until false after every other call. The payload of `out` may hold
    /// many MSS (out.gso_size each) when the configuration allows it; it is valid until the next call.
    bool poll_output(time_ns now, segment& out);
    /// When on_deadline() wants to be called, or `never`.
    time_ns next_deadline() const;
    /// Runs the timers due at `now`; harmless when none is.
    void on_deadline(time_ns now);

    // --- The application's side. Nothing blocks; 0 means "not now" (or end: see eof() and failure()).

    std::size_t send(std::span<std::byte const> data, time_ns now);
    /// As send(), the last byte being the end of urgent data (RFC 9293 section 3.8.5).
    std::size_t send_urgent(std::span<std::byte const> data, time_ns now);
    std::size_t recv(std::span<std::byte> into, time_ns now);
    std::size_t peek(std::span<std::byte> into) const;
    /// The readable bytes where they lie, and taking n of them off: recv() without the copy.
    payload_view readable_bytes() const;
    void consume(std::size_t n, time_ns now);

    std::size_t readable() const;  ///< bytes that recv() would give
    std::size_t writable() const;  ///< bytes that send() would take
    /// What the send buffer may hold: as configured, or, while the host is short of memory, what it has.
    std::size_t send_capacity() const;
    bool peer_closed() const { return fin_taken_; }  ///< its FIN came, and everything before it
    bool eof() const;                                ///< the peer has closed and everything has been read
    /// Why the connection ended, or ok. Reported for good; data that came before it remains readable.
    error failure() const;
    /// The latest ICMP error that did not end the connection; cleared by taking it (RFC 9293 SHLD-25).
    error take_soft_error();
    bool established() const;  ///< the handshake is complete (or was)
    /// Everything sent, the FIN included when there is one, has been acknowledged: what lingering waits for.
    bool send_queue_empty() const;
    /// Unread urgent data is known of: bytes to read until its end; 0: none (RFC 9293 MUST-32, MUST-33).
    std::size_t urgent_ahead() const;

    /// No more sends: a FIN follows what is queued.
    void shutdown_write(time_ns now);
    /// No more reads: what arrives from now on is acknowledged and dropped (as Linux's SHUT_RD).
    void shutdown_read(time_ns now);
    /// The application lets go. Unread data makes it a reset (RFC 2525 section 2.17); else as shutdown_write(), then
    /// the connection lives on by itself until finished().
    void close(time_ns now);
    /// A reset and the end.
    void abort(time_ns now);
    /// CLOSED with nothing left to emit: the host may destroy it.
    bool finished() const { return state_ == state::closed && !reset_due_; }
    /// Gives back buffer memory that holds nothing: for connections that have been idle a while.
    void trim();
    /// trim() would give back enough to be worth it.
    bool holds_spare_memory() const;
    std::size_t memory() const;  ///< bytes of heap held
    /// Something lies beyond a gap; and giving it up for others, with the memory it was in (RFC 2018 section 8).
    bool holds_out_of_order() const { return rx_.has_gap(); }
    void prune() { rx_.prune(); }
    /// TIME-WAIT gives way before its time.
    void end_time_wait(time_ns now);

    // --- Options, changeable at any time

    void set_nagle(nagle_mode mode, time_ns now);
    void set_cork(bool on, time_ns now);  ///< only full segments leave while on
    void set_keepalive(bool on, time_ns idle, time_ns interval, std::uint32_t count, time_ns now);
    void set_user_timeout(time_ns timeout, time_ns now);
    void set_retries(std::uint32_t r1, std::uint32_t r2);
    void set_buffers(std::uint32_t receive_bytes, std::uint32_t send_bytes, time_ns now);
    void set_quick_ack(bool on, time_ns now);

    // --- What it is

    state current_state() const { return state_; }
    four_tuple const& tuple() const { return tuple_; }
    connection_config const& config() const { return config_; }
    connection_info info() const;
    /// For a SYN that reopens this tuple: an initial sequence number above every one used (RFC 9293 MAY-2).
    sequence reuse_isn() const { return snd_max_ + 65'537; }
    /// R1 retransmissions without an answer: the host should doubt the path (RFC 9293 MUST-20).
    bool path_in_doubt() const { return unanswered_ >= config_.retries_1; }

  private:
    enum class phase : std::uint8_t { open, recovery, loss };

    connection(open_parameters const& p, state initial);

    // connection.cpp: life and death
    void set_state(state to, time_ns now);
    void establish(time_ns now);
    void fail(error why, time_ns now);
    void enter_closed(time_ns now);
    void enter_time_wait(time_ns now);
    void queue_fin(time_ns now);
    void send_reset(sequence seq, bool with_ack);
    bool synchronized() const { return state_ >= state::established || state_ == state::syn_received; }

    // connection_handshake.cpp
    void take_syn_options(segment const& s, time_ns now);
    void on_syn_sent(segment const& s, time_ns now);
    void measure_handshake(segment const& s, time_ns now);
    void simultaneous_open(segment const& s, time_ns now);
    bool on_syn_received_ack(segment const& s, time_ns now);
    bool emit_handshake(time_ns now, segment& out);
    void set_send_mss();
    std::uint32_t ip_header() const { return tuple_.remote.address.is_v6() ? 40 : 20; }
    std::uint32_t announced_mss() const;

    // connection_input.cpp
    disposition on_time_wait(segment const& s, time_ns now);
    bool acceptable(segment const& s, time_ns now);
    bool timestamps_acceptable(segment const& s, time_ns now);
    bool sequence_acceptable(segment const& s) const;
    void on_reset(segment const& s, time_ns now);
    void on_synchronized(segment const& s, time_ns now);
    void take_urgent(segment const& s);
    void challenge(time_ns now);
    void take_text(segment const& s, time_ns now);
    void take_fin(segment const& s, time_ns now);
    void schedule_ack(receive_buffer::outcome const& o, segment const& s, time_ns now);
    void ack_soon() { ack_now_ = true; }

    // connection_ack.cpp
    bool on_ack(segment const& s, time_ns now);
    bool take_sacks(segment const& s, delivery& d);
    void update_send_window(segment const& s, time_ns now);
    void measure(segment const& s, delivery const& d, time_ns now);
    void on_progress(std::uint32_t acked, time_ns now);
    void forget_old_numbers();
    void on_our_fin_acknowledged(time_ns now);
    void take_ecn_echo(segment const& s, time_ns now);

    // connection_recovery.cpp
    void on_delivery(delivery const& d, bool duplicate, time_ns now);
    bool loss_detected(bool duplicate) const;
    void enter_recovery(delivery const& d, time_ns now);
    void continue_recovery(delivery const& d, bool duplicate, time_ns now);
    void leave_recovery(time_ns now);
    void grow_window(delivery const& d, time_ns now);
    void reduce_by_prr(std::uint32_t delivered, bool at_least_one);
    void detect_by_time(delivery const& d, time_ns now);
    void judge_tail_probe(bool again, time_ns now);
    void schedule_tail_probe(time_ns now);

    // connection_output.cpp, connection_resend.cpp
    void begin_segment(segment& out, sequence seq, std::uint8_t flags, time_ns now);
    std::uint16_t announce_window();
    std::uint32_t window_to_announce() const;
    std::uint32_t segment_payload() const;
    std::size_t sack_blocks_due() const;
    bool emit_reset(time_ns now, segment& out);
    bool emit_new(time_ns now, segment& out);
    bool emit_ack(time_ns now, segment& out);
    bool emit_window_probe(time_ns now, segment& out);
    bool emit_keepalive(time_ns now, segment& out);
    bool emit_resend(time_ns now, segment& out);
    bool emit_speculative(time_ns now, segment& out);
    bool emit_tail_probe(time_ns now, segment& out);
    void emit_run(sent_run const& run, resend_reason why, time_ns now, segment& out);
    void fill_payload(segment& out, sequence begin, sequence end, std::uint32_t mss);
    void account_sent(segment const& out, time_ns now);
    std::uint32_t sendable(std::uint32_t mss, time_ns now);
    bool pressed() const { return memory_ != nullptr && memory_->pressed(); }
    void wait_to_send(time_ns now);
    bool may_send_short(std::uint32_t length) const;
    bool window_update_due() const;
    std::uint32_t send_limit() const;
    std::uint32_t unsent() const { return snd_nxt_ < tx_.end() ? distance(snd_nxt_, tx_.end()) : 0; }
    std::uint32_t usable_window() const;
    bool fin_unsent() const { return fin_queued_ && snd_nxt_ <= tx_.end(); }
    bool can_send_data() const;
    sequence rcv_nxt() const { return rx_.next() + (fin_taken_ ? 1U : 0U); }

    // connection_timers.cpp
    void arm(timer t, time_ns deadline, time_ns now);
    void stop(timer t, time_ns now);
    bool armed(timer t) const { return deadlines_[static_cast<std::size_t>(t)] != never; }
    void stop_all(time_ns now);
    void arm_retransmit(time_ns now);
    void on_retransmit_timer(time_ns now);
    void on_persist_timer(time_ns now);
    void on_keepalive_timer(time_ns now);
    void on_probe_timer(time_ns now);
    void restart_keepalive(time_ns now);
    void run_timer(timer t, time_ns now);
    std::uint32_t retry_limit() const;
    bool gave_up(time_ns now);
    std::uint32_t timestamp(time_ns now) const {
        return static_cast<std::uint32_t>(static_cast<std::uint64_t>(now) / milliseconds) + ts_offset_;
    }
    void report_window(time_ns now);

    std::shared_ptr<memory_budget> memory_;  ///< before the buffers, which it outlives
    four_tuple tuple_;
    connection_config config_;
    observer* watcher_ = nullptr;
    state state_ = state::closed;
    error failure_ = error::ok, soft_error_ = error::ok;

    // Send sequence space (RFC 9293 section 3.3.1). snd_max_ exceeds snd_nxt_ only by a window probe.
    sequence iss_, snd_una_, snd_nxt_, snd_max_, snd_wl1_, snd_wl2_, snd_up_;
    std::uint32_t snd_wnd_ = 0, max_snd_wnd_ = 0;
    std::uint32_t peer_mss_ = 536, path_mtu_ = 1500;
    std::uint32_t mss_ = 536;  ///< Eff.snd.MSS but for SACK blocks
    std::uint8_t snd_shift_ = 0, rcv_shift_ = 0;
    send_buffer tx_;
    scoreboard board_;

    // Receive sequence space.
    sequence irs_, rcv_adv_, last_ack_sent_, rcv_up_, peer_fin_;
    receive_buffer rx_;
    std::uint32_t rcv_mss_ = 536;         ///< the size of the segments the peer seems to send
    std::uint32_t received_unacked_ = 0;  ///< bytes in order since our last ACK
    std::uint32_t quick_acks_ = 16;       ///< left to send at once, at the start
    std::uint32_t owed_acks_ = 0;         ///< duplicate ACKs for a peer that counts them
    std::optional<sack_block> dsack_;

    // Options
    bool ts_on_ = false, sack_on_ = false, ws_on_ = false, ecn_on_ = false, ecn_asked_ = false;
    std::uint32_t ts_offset_ = 0, ts_recent_ = 0;
    time_ns ts_recent_at_ = 0;

    // Flags
    bool opened_actively_ = false, was_established_ = false, released_ = false, read_shut_ = false;
    bool fin_queued_ = false, fin_taken_ = false, peer_fin_known_ = false;
    bool urgent_out_ = false, urgent_in_ = false;
    bool syn_due_ = false, reset_due_ = false, reset_with_ack_ = false, ack_now_ = false;
    bool window_probe_due_ = false, keepalive_due_ = false, tail_probe_due_ = false;
    bool force_resend_ = false;  ///< the next retransmission is not held back by the window
    bool force_short_ = false;   ///< the persist timer overrides silly-window avoidance
    bool blocked_by_window_ = false, cork_ = false;
    bool ece_out_ = false, cwr_due_ = false;
    bool ece_in_ = false;  ///< the segment being taken in echoes congestion
    bool cwnd_limited_ = false;
    sequence reset_seq_;

    // Congestion and recovery
    rtt_estimator rtt_;
    congestion_control cc_;
    proportional_rate_reduction prr_;
    rack_state rack_;
    phase phase_ = phase::open;
    sequence recover_;      ///< RecoveryPoint
    sequence rescue_;       ///< RescueRxt
    sequence ecn_recover_;  ///< one reduction a window (RFC 3168 section 6.1.2)
    sequence round_end_;    ///< of the window in which cwnd_limited_ and max_flight_ were noted
    sequence small_end_;    ///< Minshall: the end of the last short segment
    bool rescued_ = false, partial_ack_seen_ = false;
    resend_reason reason_ = resend_reason::timeout;
    std::uint32_t dup_acks_ = 0, max_flight_ = 0;
    std::uint32_t limited_sent_ = 0;  ///< bytes in flight beyond the window, by RFC 3042
    std::uint32_t reported_cwnd_ = 0, reported_ssthresh_ = 0;

    // Timers
    std::array<time_ns, timer_count> deadlines_;
    std::uint32_t syns_out_ = 0;    ///< transmissions of our SYN
    std::uint32_t timeouts_ = 0;    ///< of the data now outstanding
    std::uint32_t unanswered_ = 0;  ///< retransmissions and probes since the peer was last heard
    std::uint32_t persist_backoff_ = 0, keepalive_unanswered_ = 0;
    time_ns progress_at_ = 0, heard_at_ = 0, last_sent_at_ = -1;
    time_ns challenge_window_ = 0;
    std::uint32_t challenges_ = 0;

    connection_info counts_;  ///< its counters; the rest is filled by info()
};

}  // namespace cardea::stack::tcp
