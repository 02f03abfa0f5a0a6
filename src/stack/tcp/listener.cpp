// The listen queue. SYN-ACKs and the handshake's last step are made by a connection object that lives for the call, so
// that the rules of SYN-RECEIVED are written once, in connection.
#include "stack/tcp/listener.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace cardea::stack::tcp {

listener::listener(listener_config const& config, secret_key const& secret, observer* watcher)
    : config_{config}, isns_{secret}, cookies_{secret}, watcher_{watcher} {}

listener::pending listener::remember(segment const& syn, sequence iss) {
    pending p;
    p.iss = iss;
    p.irs = syn.seq;
    p.window = syn.window;
    p.mss = syn.options.mss.value_or(0);
    p.shift = syn.options.window_shift.value_or(no_shift);
    p.sack = syn.options.sack_permitted;
    p.timestamps = syn.options.has_timestamps;
    p.ts_value = syn.options.ts_value;
    p.ecn = syn.has(flag::ece) && syn.has(flag::cwr);
    return p;
}

/// The SYN again, as far as it matters.
segment listener::recall(four_tuple const& t, pending const& p) {
    segment syn;
    syn.source_port = t.remote.port;
    syn.destination_port = t.local.port;
    syn.seq = p.irs;
    syn.window = p.window;
    syn.flags = flag::syn;
    if (p.ecn) syn.flags |= flag::ece | flag::cwr;
    if (p.mss != 0) syn.options.mss = p.mss;
    if (p.shift != no_shift) syn.options.window_shift = p.shift;
    syn.options.sack_permitted = p.sack;
    syn.options.has_timestamps = p.timestamps;
    syn.options.ts_value = p.ts_value;
    return syn;
}

open_parameters listener::parameters(four_tuple const& t, sequence iss) const {
    open_parameters p;
    p.tuple = t;
    p.config = config_.connection;
    bool const to_itself = t.remote.address.is_loopback() || t.remote.address == t.local.address;
    if (to_itself && config_.local_mtu != 0) p.config.mtu = config_.local_mtu;
    p.iss = iss;
    p.timestamp_offset = isns_.timestamp_offset(t);
    p.memory = config_.memory;
    return p;
}

listener::result listener::on_segment(four_tuple const& t, segment const& s, time_ns now, std::optional<sequence> isn) {
    admitted_ = {};
    admitted_deadline_ = {};
    if (t.remote.address.is_unspecified() || t.remote.address.is_multicast()) return {true, nullptr};  // MUST-63
    if (auto const entry = pending_.find(t); entry != pending_.end()) return on_pending(entry, s, now);
    if (s.has(flag::rst)) return {true, nullptr};
    if (s.has(flag::ack)) return s.has(flag::syn) ? result{} : on_cookie(t, s, now);
    if (s.has(flag::syn)) return on_syn(t, s, now, isn);
    return {true, nullptr};  // RFC 9293 section 3.10.7.2, fourth: dropped
}

listener::result listener::on_syn(four_tuple const& t, segment const& s, time_ns now, std::optional<sequence> isn) {
    if (config_.cookies == cookie_mode::always) {
        reply_with_cookie(t, s, now);
        return {true, nullptr, true};
    }
    if (!room_to_accept()) {  // its ACK could not be honoured: let the client try again
        ++counts_.overflows;
        ++counts_.syns_dropped;
        return {true, nullptr};
    }
    if (pending_.size() >= config_.syn_backlog) {
        ++counts_.overflows;
        if (config_.cookies == cookie_mode::off) {
            ++counts_.syns_dropped;
            return {true, nullptr};
        }
        reply_with_cookie(t, s, now);
        return {true, nullptr, true};
    }
    sequence const iss = isn.value_or(isns_.initial_sequence(t, now));
    auto const entry = pending_.emplace(t, remember(s, iss)).first;
    try {
        schedule(entry, now + wait_for(entry->second));
        due_.push_back(t);
    } catch (std::bad_alloc const&) {  // as if the SYN had been lost
        schedule(entry, never);
        pending_.erase(entry);
        throw;
    }
    if (watcher_ != nullptr) watcher_->pending(t, state::listen, state::syn_received, now);
    return {true, nullptr};
}

listener::result listener::on_pending(table::iterator entry, segment const& s, time_ns now) {
    auto const& [t, p] = *entry;
    bool const same_syn = s.has(flag::syn) && !s.has(flag::ack) && !s.has(flag::rst) && s.seq == p.irs;
    if (same_syn) {  // the SYN-ACK was lost, or is late
        if (!p.due) due_.push_back(t);
        entry->second.due = true;
        entry->second.ts_value = s.options.ts_value;
        entry->second.answered_twice = true;
        // So long after the SYN-ACK it is the client's timer that has sent it again, not the network.
        bool const timer = p.sent_at >= 0 && now - p.sent_at >= config_.connection.rto_min;
        if (timer) entry->second.lost = true;
        return {true, nullptr};
    }
    bool const completes = s.has(flag::ack) && !s.has(flag::rst) && !s.has(flag::syn);
    if (completes && !room_to_accept()) {
        ++counts_.overflows;
        if (config_.reset_on_overflow) {
            reply(t, *reset_for(s));
            forget(entry, now);
        }
        return {true, nullptr};  // the SYN-ACK's timer gives it another chance
    }
    four_tuple const tuple = t;
    auto given = parameters(tuple, p.iss);
    given.announced_at = p.retries == 0 && !p.answered_twice ? p.sent_at : -1;
    given.handshake_lost = p.lost;
    given.watcher = watcher_;
    connection c = connection::accept(given, recall(tuple, p), true, now);
    c.on_segment(s, now);
    if (c.established()) {
        auto const done = admit(std::move(c));
        admitted_deadline_ = deadlines_.extract({p.deadline, t});
        admitted_ = pending_.extract(entry);
        return done;
    }
    // The connection's own limit ends with it: the listener has one for all that have not got one yet.
    if (c.info().challenge_acks_out != 0 && !may_challenge(now)) return {true, nullptr};
    for (segment out; c.poll_output(now, out);) reply(tuple, out);
    if (c.current_state() == state::closed) forget(entry, now);
    return {true, nullptr};
}

/// RFC 5961 section 7.
bool listener::may_challenge(time_ns now) {
    if (now - challenge_window_ >= seconds) {
        challenge_window_ = now;
        challenges_ = 0;
    }
    if (challenges_ >= config_.connection.challenge_acks_per_second) return false;
    ++challenges_;
    return true;
}

void listener::withdraw() {
    ready_.pop_back();
    if (admitted_.empty()) return;
    pending_.insert(std::move(admitted_));
    if (!admitted_deadline_.empty()) deadlines_.insert(std::move(admitted_deadline_));
}

listener::result listener::admit(connection&& c) {
    auto made = std::make_shared<connection>(std::move(c));
    ready_.push_back(made);
    return {true, std::move(made)};
}

/// An ACK out of nowhere: perhaps the answer to a cookie.
listener::result listener::on_cookie(four_tuple const& t, segment const& s, time_ns now) {
    bool const sent_lately = last_cookie_at_ >= 0 && now - last_cookie_at_ < 2 * syn_cookies::period;
    if (!sent_lately) return {};
    auto const mss = cookies_.redeem(t, s, now);
    if (!mss) {
        ++counts_.cookies_failed;
        return {};
    }
    if (!room_to_accept()) {
        ++counts_.overflows;
        return {true, nullptr};
    }
    segment syn;
    syn.source_port = s.source_port;
    syn.destination_port = s.destination_port;
    syn.seq = s.seq - 1;
    syn.flags = flag::syn;
    syn.window = s.window;
    syn.options.mss = *mss;
    if (s.options.has_timestamps && config_.connection.timestamps) {
        syn.options.has_timestamps = true;
        syn.options.ts_value = s.options.ts_value;
        syn_cookies::decode_options(s.options.ts_echo, syn);
    }
    ++counts_.cookies_accepted;
    auto given = parameters(t, s.ack - 1);
    given.watcher = watcher_;
    connection c = connection::accept(given, syn, true, now);
    c.on_segment(s, now);
    if (!c.established()) return {};
    return admit(std::move(c));
}

void listener::reply_with_cookie(four_tuple const& t, segment const& syn, time_ns now) {
    segment kept = syn;
    if (!syn.options.has_timestamps || !config_.connection.timestamps) {  // nowhere to keep these
        kept.options.window_shift.reset();
        kept.options.sack_permitted = false;
        kept.flags &= static_cast<std::uint8_t>(~(flag::ece | flag::cwr));
    }
    connection c = connection::accept(parameters(t, cookies_.make(t, syn, now)), kept, false, now);
    segment out;
    if (!c.poll_output(now, out)) return;
    if (out.options.has_timestamps) out.options.ts_value = syn_cookies::encode_options(out.options.ts_value, kept);
    last_cookie_at_ = now;
    ++counts_.cookies_sent;
    reply(t, out);
}

/// Answers that nothing is remembered of are dropped when too many wait: the other end asks again.
void listener::reply(four_tuple const& t, segment const& s) {
    if (replies_.size() >= max_replies) return;
    try {
        replies_.emplace_back(t, s);
    } catch (std::bad_alloc const&) {
        return;
    }
}

/// Allocates only for the first deadline of an entry, in on_syn().
void listener::schedule(table::iterator entry, time_ns deadline) {
    pending& p = entry->second;
    if (p.deadline == never && deadline == never) return;
    if (p.deadline == never) {
        deadlines_.emplace(deadline, entry->first);
    } else {
        auto node = deadlines_.extract({p.deadline, entry->first});
        node.value().first = deadline;
        if (deadline != never) deadlines_.insert(std::move(node));
    }
    p.deadline = deadline;
}

time_ns listener::wait_for(pending const& p) const {
    return std::min(config_.connection.rto_initial << p.retries, config_.connection.rto_max);
}

/// The SYN-ACK is to go out once more; without memory to say so, when its timer runs out again.
void listener::ask_again(table::iterator entry) {
    if (entry->second.due) return;
    try {
        due_.push_back(entry->first);
        entry->second.due = true;
    } catch (std::bad_alloc const&) {
        return;
    }
}

void listener::forget(table::iterator entry, time_ns now) {
    schedule(entry, never);
    if (watcher_ != nullptr) watcher_->pending(entry->first, state::syn_received, state::listen, now);
    pending_.erase(entry);
}

bool listener::poll_output(time_ns now, four_tuple& tuple, segment& out) {
    while (!due_.empty()) {
        auto const entry = pending_.find(due_.front());
        due_.pop_front();
        if (entry == pending_.end() || !entry->second.due) continue;
        pending& p = entry->second;
        p.due = false;
        p.sent_at = now;
        tuple = entry->first;
        // The SYN-ACK's maker is no connection that anybody should hear of: nobody watches it.
        connection c = connection::accept(parameters(tuple, p.iss), recall(tuple, p), false, now);
        c.poll_output(now, out);
        schedule(entry, now + wait_for(p));
        return true;
    }
    if (replies_.empty()) return false;
    tuple = replies_.front().first;
    out = replies_.front().second;
    replies_.pop_front();
    return true;
}

time_ns listener::next_deadline() const { return deadlines_.empty() ? never : deadlines_.begin()->first; }

void listener::on_deadline(time_ns now) {
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
        auto const entry = pending_.find(deadlines_.begin()->second);
        if (entry->second.retries >= config_.syn_ack_retries) {
            forget(entry, now);
            continue;
        }
        ++entry->second.retries;
        entry->second.lost = true;
        schedule(entry, now + wait_for(entry->second));
        ask_again(entry);
    }
}

void listener::on_icmp_error(four_tuple const& t, icmp_error kind, sequence quoted, time_ns now) {
    // As for a connection of its own: unreachable hosts and networks, and whatever else may pass, are no end (RFC 9293
    // MUST-56). The SYN-ACK's timer decides.
    bool const hard = kind == icmp_error::port_unreachable || kind == icmp_error::protocol_unreachable ||
                      kind == icmp_error::admin_prohibited;
    auto const entry = pending_.find(t);
    if (hard && entry != pending_.end() && entry->second.iss == quoted) forget(entry, now);
}

std::shared_ptr<connection> listener::accept() {
    if (ready_.empty()) return nullptr;
    auto c = std::move(ready_.front());
    ready_.pop_front();
    return c;
}

void listener::close(time_ns now) {
    replies_.clear();
    due_.clear();
    deadlines_.clear();
    for (auto const& [t, p] : pending_) {
        segment r;
        r.source_port = t.local.port;
        r.destination_port = t.remote.port;
        r.seq = p.iss + 1;
        r.ack = p.irs + 1;
        r.flags = flag::rst | flag::ack;
        reply(t, r);
        if (watcher_ != nullptr) watcher_->pending(t, state::syn_received, state::closed, now);
    }
    pending_.clear();
}

listener_info listener::info() const {
    listener_info i = counts_;
    i.pending = pending_.size();
    i.ready = ready_.size();
    return i;
}

}  // namespace cardea::stack::tcp
