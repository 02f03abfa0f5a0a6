// Binding conflicts and the choice among bound sockets.
#include "stack/socket/port_table.hpp"

#include <algorithm>
#include <new>

namespace cardea::stack {

bool bound_address::overlaps(bound_address const& other) const {
    if (!((v4 && other.v4) || (v6 && other.v6))) return false;
    return is_wildcard() || other.is_wildcard() || address == other.address;
}

bool bound_address::takes(ip_address const& destination) const {
    if (!(destination.is_v4() ? v4 : v6)) return false;
    return is_wildcard() || address == destination;
}

bool port_table::conflicts(std::uint16_t port, port_entry const& candidate, bool stream) const {
    auto const* const here = at(port);
    if (here == nullptr) return false;
    return std::any_of(here->begin(), here->end(), [&](port_entry const& e) {
        if (e.owner == candidate.owner || !e.local.overlaps(candidate.local)) return false;
        if (e.reuse_port && candidate.reuse_port) return false;
        return !(e.reuse_address && candidate.reuse_address && !(stream && e.listening));
    });
}

void port_table::add(std::uint16_t port, port_entry const& e) {
    auto const place = table_.try_emplace(port).first;
    try {
        place->second.push_back(e);
    } catch (std::bad_alloc const&) {  // a port without entries is free
        if (place->second.empty()) table_.erase(place);
        throw;
    }
}

void port_table::remove(std::uint16_t port, socket const* owner) {
    auto const it = table_.find(port);
    if (it == table_.end()) return;
    std::erase_if(it->second, [owner](port_entry const& e) { return e.owner == owner; });
    if (it->second.empty()) table_.erase(it);
}

port_entry* port_table::find(std::uint16_t port, socket const* owner) {
    auto const it = table_.find(port);
    if (it == table_.end()) return nullptr;
    auto const e =
        std::find_if(it->second.begin(), it->second.end(), [owner](auto const& x) { return x.owner == owner; });
    return e == it->second.end() ? nullptr : &*e;
}

port_table::entries const* port_table::at(std::uint16_t port) const {
    auto const it = table_.find(port);
    return it == table_.end() ? nullptr : &it->second;
}

/// 0: not for it.
int port_table::score(port_entry const& e, endpoint const& local, endpoint const& remote) {
    if (!e.local.takes(local.address)) return 0;
    int s = 1;
    if (e.remote.address.version != ip_version::none) {
        if (e.remote != remote) return 0;
        s += 4;
    }
    if (!e.local.is_wildcard()) s += 2;
    // 0.0.0.0 before a dual-stack ::, as Linux has it.
    s *= 2;
    if (e.local.v4 != e.local.v6) ++s;
    return s;
}

port_entry const* port_table::lookup(endpoint const& local, endpoint const& remote, std::uint64_t flow_hash,
                                     bool listeners) const {
    auto const* const here = at(local.port);
    if (here == nullptr) return nullptr;
    port_entry const* best = nullptr;
    int best_score = 0;
    std::uint64_t group = 0;
    for (auto const& e : *here) {
        if (listeners && !e.listening) continue;
        auto const s = score(e, local, remote);
        if (s == 0 || s < best_score) continue;
        group = s > best_score ? 1 : group + 1;
        best = &e;
        best_score = s;
    }
    if (best == nullptr || group == 1 || !best->reuse_port) return best;
    auto chosen = flow_hash % group;
    for (auto const& e : *here) {
        if ((listeners && !e.listening) || score(e, local, remote) != best_score) continue;
        if (chosen-- == 0) return &e;
    }
    return best;
}

std::vector<socket*> port_table::lookup_all(endpoint const& local, endpoint const& remote) const {
    std::vector<socket*> all;
    auto const* const here = at(local.port);
    if (here == nullptr) return all;
    for (auto const& e : *here)
        if (score(e, local, remote) != 0) all.push_back(e.owner);
    return all;
}

}  // namespace cardea::stack
