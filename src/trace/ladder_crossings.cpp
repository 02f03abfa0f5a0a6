// Matches what one side's calls sent with what the other's received.
#include "trace/ladder_crossings.hpp"

#include <algorithm>
#include <tuple>

namespace cardea::trace {

namespace {

std::string byte_count(std::size_t n) { return std::to_string(n) + (n == 1 ? " byte" : " bytes"); }

/// What shutdown() was asked for when it does not concern the peer.
constexpr std::size_t shuts_receiving = 0;

bool succeeded(const call_record& call) noexcept { return call.ended && !call.result; }

class matcher {
  public:
    matcher(const std::vector<call_record>& records, const std::vector<call_moments>& when,
            const known_sockets& sockets)
        : records_(records), when_(when), sockets_(sockets) {
        for (std::size_t i = 0; i < records.size(); ++i) {
            if (records[i].ended) by_end_.push_back(i);
        }
        std::sort(by_end_.begin(), by_end_.end(), [&](std::size_t a, std::size_t b) {
            return std::pair(records[a].end_ns, records[a].end_order) <
                   std::pair(records[b].end_ns, records[b].end_order);
        });
    }

    std::vector<crossing> all() {
        for (const auto& [id, s] : sockets_) {
            if (s.datagram) continue;
            if (s.asked) handshake(id);
            if (s.connected || s.accepted) {
                bytes_from(id, s);
                end_from(id, s);
            }
        }
        datagrams();
        return std::move(found_);
    }

  private:
    bool is(std::size_t i, std::uint64_t socket, call_kind kind) const {
        return records_[i].socket == socket && records_[i].kind == kind;
    }

    void handshake(std::uint64_t client) {
        for (std::size_t i = 0; i < records_.size(); ++i) {
            if (!is(i, client, call_kind::connect)) continue;
            const bool made = succeeded(records_[i]);
            found_.push_back({crossing_kind::request, side::client, "connection request", "request", when_[i].begin,
                              made ? when_[i].begin : never, true});
            if (made) {
                found_.push_back(
                    {crossing_kind::reply, side::server, "accepted", "ok", when_[i].end, when_[i].end, true});
            }
        }
    }

    /// Bytes received lie at the same places of the stream as when they were sent.
    void bytes_from(std::uint64_t sender, const known_socket& s) {
        std::size_t sent = 0;      // places of the stream up to the send before
        std::size_t received = 0;  // up to the receive before `next`
        std::size_t next = 0;      // in by_end_
        for (std::size_t i = 0; i < records_.size(); ++i) {
            if (!is(i, sender, call_kind::send)) continue;
            // What a send that never returned has moved is not known; it can be as much as was asked.
            const std::size_t size = records_[i].ended ? records_[i].bytes : records_[i].asked;
            if (size == 0) continue;
            const std::size_t end = sent + size;
            bool arrived = false;
            for (; s.partner != 0 && next < by_end_.size(); ++next) {
                const auto r = by_end_[next];
                if (is(r, s.partner, call_kind::put_back)) received -= std::min(received, records_[r].bytes);
                if (!is(r, s.partner, call_kind::recv)) continue;
                if (received >= end) break;
                if (records_[r].bytes == 0) continue;
                found_.push_back(
                    {crossing_kind::data, s.at, byte_count(size), std::to_string(size), when_[i].begin, when_[r].end});
                arrived = true;
                if (received + records_[r].bytes > end) break;  // it goes on into the next send
                received += records_[r].bytes;
            }
            if (!arrived) {
                found_.push_back(
                    {crossing_kind::data, s.at, byte_count(size), std::to_string(size), when_[i].begin, never});
            }
            sent = end;
        }
    }

    /// The first recv of the other end that saw the end of the stream, or its breaking.
    void end_from(std::uint64_t sender, const known_socket& s) {
        if (s.partner == 0) return;
        const auto goodbye = std::find_if(records_.begin(), records_.end(), [&](const call_record& call) {
            const bool half = call.kind == call_kind::shutdown && call.asked != shuts_receiving;
            return call.socket == sender && (call.kind == call_kind::close || half);
        });
        if (goodbye == records_.end()) return;
        const auto left = when_[static_cast<std::size_t>(goodbye - records_.begin())].begin;
        for (const auto i : by_end_) {
            const auto& call = records_[i];
            if (!is(i, s.partner, call_kind::recv) || when_[i].end < left) continue;
            if (call.result == std::errc::connection_reset) {
                found_.push_back({crossing_kind::reset, s.at, "reset", "", left, when_[i].end});
                return;
            }
            if (!call.result && call.bytes == 0 && call.asked != 0) {
                found_.push_back({crossing_kind::end_of_stream, s.at, "end of stream", "end", left, when_[i].end});
                return;
            }
        }
    }

    endpoint destination(const call_record& call) const {
        return call.kind == call_kind::send_to ? call.peer : sockets_.at(call.socket).peer;
    }

    bool sends_datagram(const call_record& call) const {
        if (!call.ended || call.result) return false;
        return call.kind == call_kind::send_to || (call.kind == call_kind::send && sockets_.at(call.socket).datagram);
    }

    bool receives_datagram(const call_record& call) const {
        if (!succeeded(call)) return false;
        return call.kind == call_kind::recv_from || (call.kind == call_kind::recv && sockets_.at(call.socket).datagram);
    }

    bool may_have_sent(const call_record& sent, const call_record& got, bool truncated) const {
        if (sent.socket == got.socket) return false;
        const bool size_fits = truncated ? got.bytes == got.asked && sent.bytes > got.bytes : sent.bytes == got.bytes;
        return size_fits && may_be(destination(sent), sockets_.at(got.socket).local) &&
               may_be(got.peer, sockets_.at(sent.socket).local);
    }

    /// The first datagram under way that fits what was received; one that was lost is passed over if its size differs.
    std::size_t origin_of(std::size_t receive, const std::vector<bool>& arrived) const {
        for (const bool truncated : {false, true}) {
            for (std::size_t i = 0; i < records_.size() && when_[i].begin <= when_[receive].end; ++i) {
                if (arrived[i] || !sends_datagram(records_[i])) continue;
                if (may_have_sent(records_[i], records_[receive], truncated)) return i;
            }
        }
        return never;
    }

    void datagrams() {
        std::vector<bool> arrived(records_.size(), false);
        for (const auto r : by_end_) {
            if (!receives_datagram(records_[r])) continue;
            const auto i = origin_of(r, arrived);
            if (i == never) continue;
            arrived[i] = true;
            add_datagram(i, when_[r].end);
        }
        for (std::size_t i = 0; i < records_.size(); ++i) {
            if (sends_datagram(records_[i]) && !arrived[i]) add_datagram(i, never);
        }
    }

    void add_datagram(std::size_t sent, std::size_t arrived) {
        found_.push_back({crossing_kind::datagram, sockets_.at(records_[sent].socket).at,
                          byte_count(records_[sent].bytes), std::to_string(records_[sent].bytes), when_[sent].begin,
                          arrived});
    }

    const std::vector<call_record>& records_;
    const std::vector<call_moments>& when_;
    const known_sockets& sockets_;
    std::vector<std::size_t> by_end_;
    std::vector<crossing> found_;
};

}  // namespace

std::vector<crossing> find_crossings(const std::vector<call_record>& records, const std::vector<call_moments>& when,
                                     const known_sockets& sockets) {
    auto found = matcher(records, when, sockets).all();
    std::sort(found.begin(), found.end(), [](const crossing& a, const crossing& b) {
        return std::tie(a.left, a.arrived, a.kind) < std::tie(b.left, b.arrived, b.kind);
    });
    return found;
}

}  // namespace cardea::trace
