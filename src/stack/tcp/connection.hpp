// One TCP connection (RFC 9293) as a state machine: segments, application calls and time go in; segments, deadlines and
// readiness come out. No I/O, no clock, no randomness, no threads; every call returns at once. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/error.hpp"
#include "stack/tcp/config.hpp"
#include "stack/tcp/info.hpp"
#include "stack/tcp/observer.hpp"
#include "stack/tcp/segment.hpp"
#include "stack/tcp/sequence.hpp"

namespace cardea::stack::tcp {

/// What both openings need.
struct open_parameters {
    four_tuple tuple;
    connection_config config;
    sequence iss;                        ///< from isn_generator
    std::uint32_t timestamp_offset = 0;  ///< added to the millisecond clock in TSval; from isn_generator
    observer* watcher = nullptr;         ///< may be null; outlives the connection
};

class connection {
  public:
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
    bool eof() const;              ///< the peer has closed and everything has been read
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
    bool finished() const;

    // --- Options, changeable at any time

    void set_nagle(nagle_mode mode, time_ns now);
    void set_cork(bool on, time_ns now);  ///< only full segments leave while on
    void set_keepalive(bool on, time_ns idle, time_ns interval, std::uint32_t count, time_ns now);
    void set_user_timeout(time_ns timeout, time_ns now);
    void set_retries(std::uint32_t r1, std::uint32_t r2);
    void set_buffers(std::uint32_t receive_bytes, std::uint32_t send_bytes, time_ns now);
    void set_quick_ack(bool on, time_ns now);

    // --- What it is

    state current_state() const;
    four_tuple const& tuple() const;
    connection_config const& config() const;
    connection_info info() const;
    /// For a SYN that reopens this tuple: an initial sequence number above every one used (RFC 9293 MAY-2).
    sequence reuse_isn() const;
    /// R1 retransmissions without an answer: the host should doubt the path (RFC 9293 MUST-20).
    bool path_in_doubt() const;
};

}  // namespace cardea::stack::tcp
