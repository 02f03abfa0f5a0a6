// Reads from the calls what each socket is. The trace does not say it outright, but the textbook's calls do: only a
// server listens, only a datagram socket calls recv_from.
#include "trace/ladder_sockets.hpp"

#include <algorithm>

namespace cardea::trace {

namespace {

bool known(const endpoint& e) noexcept { return e.family() != family::unspecified; }

/// Anonymous: said nothing about itself. A Unix client that did not bind.
bool unnamed(const endpoint& e) noexcept { return e.family() == family::local && e.name().empty(); }

void learn(known_socket& s, const call_record& call) {
    // A wildcard is the least that can be known; the connection's own address replaces it.
    const bool better = !known(s.local) || s.local.is_any() || s.local.port() == 0;
    if (better && known(call.local) && call.kind != call_kind::accept) s.local = call.local;
    switch (call.kind) {
        case call_kind::listen:
            s.listens = true;
            break;
        case call_kind::bind:
            s.bound = true;
            break;
        case call_kind::connect:
            s.asked = true;
            s.connected = s.connected || !call.ended || !call.result;
            break;
        case call_kind::send_to:
        case call_kind::recv_from:
            s.datagram = true;
            break;
        default:
            break;
    }
    const bool of_the_connection = call.kind != call_kind::send_to && call.kind != call_kind::recv_from &&
                                   call.kind != call_kind::accept && call.kind != call_kind::bind;
    if (of_the_connection && known(call.peer)) s.peer = call.peer;
    if (call.kind == call_kind::accept && known(call.local) && better) s.local = call.local;
}

void learn_accepted(known_sockets& sockets, const call_record& call) {
    if (call.kind != call_kind::accept || !call.ended || call.result || call.made == 0) return;
    auto& made = sockets[call.made];
    made.accepted = true;
    made.at = side::server;
    if (known(call.peer)) made.peer = call.peer;
    if (!known(made.local) && known(call.local)) made.local = call.local;
}

/// Each accepted socket with the client that connected to it: by the client's port where it is known, else the first
/// that asked (a listen queue is served in order).
void pair_connections(known_sockets& sockets, const std::vector<call_record>& records) {
    std::size_t number = 0;
    std::vector<const call_record*> accepts;
    for (const auto& call : records) {
        if (call.kind == call_kind::accept && call.made != 0) accepts.push_back(&call);
    }
    std::sort(accepts.begin(), accepts.end(), [](const auto* a, const auto* b) {
        return std::pair(a->end_ns, a->end_order) < std::pair(b->end_ns, b->end_order);
    });
    for (const auto* accept : accepts) {
        auto& server_end = sockets[accept->made];
        server_end.number = ++number;
        for (const auto& call : records) {
            if (call.kind != call_kind::connect || call.socket == accept->made) continue;
            auto& client_end = sockets[call.socket];
            if (!client_end.connected || client_end.datagram || client_end.partner != 0) continue;
            if (!may_be(client_end.peer, server_end.local) || !may_be(client_end.local, server_end.peer)) continue;
            client_end.partner = accept->made;
            client_end.number = number;
            server_end.partner = call.socket;
            break;
        }
    }
}

/// connect() is also a datagram socket's, to fix its peer. It is one if whom it connected to is one.
void find_connected_datagrams(known_sockets& sockets) {
    for (auto& entry : sockets) {
        auto& s = entry.second;
        if (!s.connected || s.partner != 0 || s.datagram) continue;
        s.datagram = std::any_of(sockets.begin(), sockets.end(), [&](const auto& other) {
            return other.second.datagram && other.second.bound && may_be(s.peer, other.second.local);
        });
    }
}

/// Of two bound datagram sockets the one that speaks first is the client.
void choose_sides(known_sockets& sockets, const std::vector<call_record>& records) {
    for (auto& [id, s] : sockets) {
        if (s.listens || s.accepted || (s.bound && s.datagram && !s.connected)) s.at = side::server;
    }
    const auto speaks_first = [&](std::uint64_t id) {
        const auto first = std::find_if(records.begin(), records.end(), [id](const call_record& call) {
            const bool moves = call.kind == call_kind::send_to || call.kind == call_kind::recv_from;
            return call.socket == id && moves;
        });
        return first != records.end() && first->kind == call_kind::send_to;
    };
    for (auto& [id, s] : sockets) {
        if (s.at == side::server && s.datagram && speaks_first(id)) s.at = side::client;
    }
}

}  // namespace

bool may_be(const endpoint& a, const endpoint& b) noexcept {
    if (!known(a) || !known(b) || unnamed(a) || unnamed(b)) return true;
    if (!a.is_ip() || !b.is_ip()) return a == b;
    if (a.port() != b.port()) return false;
    return a.is_any() || b.is_any() || a.unmapped() == b.unmapped();
}

known_sockets identify(const std::vector<call_record>& records) {
    known_sockets sockets;
    for (const auto& call : records) learn(sockets[call.socket], call);
    for (const auto& call : records) learn_accepted(sockets, call);
    pair_connections(sockets, records);
    find_connected_datagrams(sockets);
    choose_sides(sockets, records);
    return sockets;
}

}  // namespace cardea::trace
