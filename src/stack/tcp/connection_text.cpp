// What a segment carries for the application: text and FIN; and when to acknowledge it.
#include <algorithm>

#include "stack/tcp/connection.hpp"

namespace cardea::stack::tcp {

void connection::take_text(segment const& s, time_ns now) {
    bool const wanted = state_ == state::established || state_ == state::fin_wait_1 || state_ == state::fin_wait_2;
    if (s.payload.empty() || !wanted) return;
    if (ecn_on_ && s.has(flag::cwr)) ece_out_ = false;
    if (ecn_on_ && s.ecn == ecn_codepoint::ce) ece_out_ = true;
    sequence const end = s.seq + static_cast<std::uint32_t>(s.payload.size());
    if (released_ && rx_.next() < end) {  // nobody will ever read it (RFC 9293 section 3.6.1, SHLD-3)
        send_reset(snd_nxt_, true);
        return fail(error::econnreset, now);
    }
    sequence const limit = peer_fin_known_ ? earlier(rcv_adv_, peer_fin_) : rcv_adv_;
    receive_buffer::outcome const o = rx_.insert(s.seq, s.payload, limit);
    counts_.bytes_received += o.advanced;
    if (o.duplicate) dsack_ = o.duplicate;
    if (read_shut_) rx_.consume(rx_.readable());
    schedule_ack(o, s, now);
}

/// RFC 5681 section 4.2: at once for anything out of order, for what fills a gap, and for every second full segment;
/// else within the delay.
void connection::schedule_ack(receive_buffer::outcome const& o, segment const& s, time_ns now) {
    std::uint32_t const size =
        s.gso_size != 0 ? s.gso_size : static_cast<std::uint32_t>(std::min<std::size_t>(s.payload.size(), 0xffff));
    if (o.advanced > 0) rcv_mss_ = std::max(rcv_mss_, std::min(size, announced_mss()));
    received_unacked_ += o.advanced;
    bool const irregular =
        o.refused || o.out_of_order || o.filled_gap || o.duplicate || o.advanced == 0 || rx_.has_gap();
    if (o.advanced > 0) owed_acks_ = 0;  // nothing is a duplicate of the new number yet
    if (o.advanced == 0 && !sack_on_) ++owed_acks_;
    if (irregular || received_unacked_ >= 2 * rcv_mss_) return ack_soon();
    if (quick_acks_ > 0) {
        --quick_acks_;
        return ack_soon();
    }
    if (!armed(timer::delayed_ack)) arm(timer::delayed_ack, now + config_.delayed_ack, now);
}

void connection::take_fin(segment const& s, time_ns now) {
    if (s.has(flag::fin)) {
        if (fin_taken_) return ack_soon();
        sequence const at = s.seq + static_cast<std::uint32_t>(s.payload.size());
        if (rcv_adv_ < at || (peer_fin_known_ && at != peer_fin_)) return;
        peer_fin_known_ = true;
        peer_fin_ = at;
        ack_soon();
    }
    if (!peer_fin_known_ || fin_taken_ || rx_.next() != peer_fin_) return;
    fin_taken_ = true;
    rcv_adv_ = later(rcv_adv_, rcv_nxt());
    rx_.drop_out_of_order();
    switch (state_) {
        case state::established:
            return set_state(state::close_wait, now);
        case state::fin_wait_1:
            return set_state(state::closing, now);  // our FIN's ACK would have moved us to FIN-WAIT-2 before
        case state::fin_wait_2:
            return enter_time_wait(now);
        default:
            return;
    }
}

}  // namespace cardea::stack::tcp
