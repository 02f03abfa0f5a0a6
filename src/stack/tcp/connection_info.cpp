// What a connection tells of itself.
#include "stack/tcp/connection.hpp"

namespace cardea::stack::tcp {

connection_info connection::info() const {
    connection_info i = counts_;
    i.current = state_;
    i.iss = iss_;
    i.irs = irs_;
    i.timestamps = ts_on_;
    i.sack = sack_on_;
    i.window_scaling = ws_on_;
    i.ecn = ecn_on_;
    i.send_shift = snd_shift_;
    i.receive_shift = rcv_shift_;
    i.in_recovery = phase_ == phase::recovery;
    i.in_loss = phase_ == phase::loss;
    i.rto = rtt_.rto();
    i.srtt = rtt_.srtt();
    i.rttvar = rtt_.rttvar();
    i.min_rtt = rtt_.lowest();
    i.cwnd = cc_.cwnd();
    i.ssthresh = cc_.ssthresh();
    i.mss = mss_;
    i.peer_mss = peer_mss_;
    i.send_window = snd_wnd_;
    i.receive_window = rcv_nxt() < rcv_adv_ ? distance(rcv_nxt(), rcv_adv_) : 0;
    i.in_flight = board_.pipe();
    i.unacknowledged = board_.outstanding();
    i.unsent = unsent();
    i.readable = rx_.readable();
    i.out_of_order = rx_.out_of_order();
    i.consecutive_timeouts = timeouts_;
    return i;
}

}  // namespace cardea::stack::tcp
