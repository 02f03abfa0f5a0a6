// A segment's way in, in the order of RFC 9293 section 3.10.7.4 as changed by RFC 5961 and RFC 7323: timestamp,
// sequence, RST, SYN, ACK, URG, text, FIN.
#include <algorithm>

#include "stack/tcp/connection.hpp"

namespace cardea::stack::tcp {
namespace {
constexpr time_ns paws_horizon = 24 * 86'400 * seconds;  // RFC 7323 section 5.5
}

disposition connection::on_segment(segment const& s, time_ns now) {
    ++counts_.segments_in;
    switch (state_) {
        case state::closed:
        case state::listen:
            break;
        case state::syn_sent:
            on_syn_sent(s, now);
            break;
        case state::time_wait:
            return on_time_wait(s, now);
        default:
            on_synchronized(s, now);
            break;
    }
    report_window(now);
    return disposition::consumed;
}

void connection::on_synchronized(segment const& s, time_ns now) {
    if (!acceptable(s, now)) return;
    heard_at_ = now;
    keepalive_unanswered_ = 0;
    if (s.has(flag::rst)) return on_reset(s, now);

    segment in = s;
    if (s.has(flag::syn)) {
        // The peer's own SYN again, perhaps with its ACK of ours: simultaneous open. Any other is RFC 5961's.
        if (state_ != state::syn_received || s.seq != irs_) return challenge(now);
        if (!s.has(flag::ack)) {
            syn_due_ = true;
            return;
        }
        in.seq += 1;
        in.flags &= static_cast<std::uint8_t>(~flag::syn);
        ack_soon();
    }
    if (!in.has(flag::ack)) return;
    if (state_ == state::syn_received) {
        if (!on_syn_received_ack(s, now)) return;
    } else if (!on_ack(in, now)) {
        return;
    }
    if (state_ == state::closed || state_ == state::time_wait) return;
    take_urgent(in);
    take_text(in, now);
    if (state_ != state::closed) take_fin(in, now);
}

/// Whether the segment is to be looked at further; answers it when not.
bool connection::acceptable(segment const& s, time_ns now) {
    if (!timestamps_acceptable(s, now)) return false;
    bool const own_syn_again = state_ == state::syn_received && s.has(flag::syn) && s.seq == irs_;
    if (own_syn_again) {
        if (ts_on_ && s.options.has_timestamps) ts_recent_ = s.options.ts_value;
        return true;
    }
    if (!sequence_acceptable(s)) {
        if (s.has(flag::rst)) return false;
        if (s.seq < rx_.next() && !s.payload.empty())
            dsack_ = sack_block{s.seq, earlier(s.seq + static_cast<std::uint32_t>(s.payload.size()), rx_.next())};
        if (s.length() > 0 && !s.has(flag::syn)) {
            ack_soon();  // our ACK was lost, or the window is closed
            if (!sack_on_) ++owed_acks_;
        } else {
            challenge(now);  // as cheap to elicit as to send: rate-limited, so that two ends cannot loop
        }
        return false;
    }
    // RFC 7323 section 4.3 (2). An older one has passed only after so long a silence that ours means nothing any more
    // (section 5.5), or with a reset, which nobody has checked.
    if (ts_on_ && s.options.has_timestamps && s.seq <= last_ack_sent_ && !s.has(flag::rst)) {
        ts_recent_ = s.options.ts_value;
        ts_recent_at_ = now;
    }
    return true;
}

/// PAWS (RFC 7323 section 5.3). Resets are exempt.
bool connection::timestamps_acceptable(segment const& s, time_ns now) {
    if (!ts_on_ || s.has(flag::rst)) return true;
    if (!s.options.has_timestamps) {
        // Section 3.2: silently dropped; but a SYN is answered whatever it is (RFC 5961 section 4.2): a peer that has
        // begun anew learns so of the connection it has forgotten.
        if (s.has(flag::syn)) challenge(now);
        return false;
    }
    bool const old = timestamp_before(s.options.ts_value, ts_recent_) && now - ts_recent_at_ < paws_horizon;
    if (!old) return true;
    ++counts_.paws_rejects;
    if (s.length() > 0 && !s.has(flag::syn)) {
        ack_soon();
    } else {
        challenge(now);
    }
    return false;
}

/// The four cases of RFC 9293 section 3.4. With a closed window a segment at RCV.NXT still passes, so that its ACK, RST
/// and URG are seen (MUST-66); take_text() keeps nothing of it.
bool connection::sequence_acceptable(segment const& s) const {
    sequence const next = rcv_nxt();
    sequence const edge = later(rcv_adv_, next);
    if (s.length() == 0) return next <= s.seq && s.seq <= edge;
    bool const begins_inside = next <= s.seq && (s.seq < edge || s.seq == next);
    bool const ends_inside = next < s.end() && s.seq < next;
    return begins_inside || ends_inside;
}

/// RFC 5961 section 3.2, RFC 9293 section 3.10.7.4 second step.
void connection::on_reset(segment const& s, time_ns now) {
    if (s.seq != rcv_nxt()) return challenge(now);
    switch (state_) {
        case state::syn_received:
            return fail(opened_actively_ ? error::econnrefused : error::econnreset, now);
        case state::close_wait:
            return fail(error::epipe, now);
        case state::closing:
        case state::last_ack:
            return enter_closed(now);
        default:
            return fail(error::econnreset, now);
    }
}

/// A challenge ACK, at most so many a second (RFC 5961 section 7).
void connection::challenge(time_ns now) {
    if (now - challenge_window_ >= seconds) {
        challenge_window_ = now;
        challenges_ = 0;
    }
    if (challenges_ >= config_.challenge_acks_per_second) return;
    ++challenges_;
    ++counts_.challenge_acks_out;
    ack_soon();
}

disposition connection::on_time_wait(segment const& s, time_ns now) {
    if (s.has(flag::syn) && !s.has(flag::ack) && !s.has(flag::rst)) {
        // RFC 6191 section 2, RFC 9293 MAY-2: a new incarnation shows itself by a later timestamp, or, where that does
        // not tell, by a higher sequence number. An older timestamp is of an old duplicate, whatever its number.
        bool const stamped = s.options.has_timestamps && config_.timestamps;
        bool const later_stamp = stamped && (!ts_on_ || timestamp_before(ts_recent_, s.options.ts_value));
        bool const older_stamp = stamped && ts_on_ && timestamp_before(s.options.ts_value, ts_recent_);
        if (later_stamp || (!older_stamp && rcv_nxt() < s.seq)) return disposition::reopen;
        challenge(now);  // RFC 6191 would have silence; as RFC 5961 for every other SYN, the answer tells of the state
        return disposition::consumed;
    }
    if (!timestamps_acceptable(s, now)) return disposition::consumed;
    if (s.has(flag::rst)) {
        if (s.seq == rcv_nxt())
            enter_closed(now);
        else if (sequence_acceptable(s))
            challenge(now);  // RFC 5961 section 3.2
        return disposition::consumed;
    }
    // The peer's FIN again, whose ACK was lost, is all that may come (RFC 9293 section 3.10.7.4, eighth step). Whatever
    // else comes is answered so often only, and prolongs nothing: old segments are as cheap to send as to answer.
    bool const its_fin = s.has(flag::fin) && !s.has(flag::syn) && s.end() == rcv_nxt();
    if (its_fin) {
        ack_soon();
        arm(timer::linger, now + config_.time_wait, now);
    } else if (s.length() > 0 || s.seq != rcv_nxt() || s.ack != snd_nxt_) {
        challenge(now);
    }
    return disposition::consumed;
}

/// RFC 9293 section 3.8.5: the pointer names the byte after the urgent data, which stays in the stream.
void connection::take_urgent(segment const& s) {
    if (!s.has(flag::urg) || s.urgent == 0 || fin_taken_) return;
    sequence const up = s.seq + s.urgent;
    if (up <= rx_.next() - rx_.readable()) return;
    if (!urgent_in_ || rcv_up_ < up) rcv_up_ = up;
    urgent_in_ = true;
}

}  // namespace cardea::stack::tcp
