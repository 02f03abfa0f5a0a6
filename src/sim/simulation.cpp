// See simulation.hpp.
#include "sim/simulation.hpp"

#include <algorithm>
#include <utility>

#include "fiber/loop.hpp"
#include "stack/wire/bytes.hpp"

namespace cardea::sim::detail {

using cardea::detail::loop;
using cardea::detail::never_ns;

/// Where one host's packets go when it is polled.
class simulation::outlet final : public stack::packet_sink {
  public:
    outlet(simulation& s, std::size_t from) noexcept : in_(s), from_(from) {}
    void emit(const stack::packet_view& packet) override { in_.emitted(from_, packet); }

  private:
    simulation& in_;
    std::size_t from_;
};

std::size_t simulation::add(sim_network& host, std::vector<stack::ip_address> addresses) {
    hosts_.push_back({&host, std::move(addresses), {}});
    return hosts_.size() - 1;
}

void simulation::connect(std::size_t from, wire&& w) { hosts_[from].wires.push_back(std::move(w)); }

std::size_t simulation::open_sockets() const noexcept {
    std::size_t n = 0;
    for (const member& m : hosts_) n += m.host->sockets();
    return n;
}

// --- time -----------------------------------------------------------------------------------------------------------

void simulation::wait(std::int64_t timeout_ns) noexcept {
    const std::int64_t limit =
        timeout_ns < 0 || timeout_ns >= never_ns - clock_ns() ? never_ns : clock_ns() + timeout_ns;
    for (;;) {
        const bool something = step();
        if (loop::current()->has_ready() || limit <= clock_ns() || take_wake()) return;
        if (something) continue;
        const std::int64_t next = std::min(next_event(), limit);
        if (next == never_ns) {
            if (!standstill_ || !standstill_()) sleep_until_woken();
            return;
        }
        advance_to(next);
    }
}

void simulation::drain(std::int64_t longest_ns) noexcept {
    const std::int64_t limit = clock_ns() + longest_ns;
    for (;;) {
        if (step()) continue;
        const std::int64_t next = next_event();
        if (next > limit) return;
        advance_to(next);
    }
}

// Everything that is due now, once; what comes of it is due in the next step. False: nothing was.
bool simulation::step() {
    bool something = false;
    while (!under_way_.empty() && under_way_.when() <= clock_ns()) {
        const flights::place at = under_way_.land();
        const flights::parcel& p = under_way_[at];
        note(fate::arrived, p.to, p.hash);
        hosts_[p.to].host->take_in(p.what.bytes, p.what.meta);
        under_way_.give_up(at);
        something = true;
    }
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        sim_network& host = *hosts_[i].host;
        host.tidy();
        if (host.host().next_deadline() > clock_ns()) continue;
        outlet out(*this, i);
        host.host().poll(clock_ns(), out);
        something = true;
    }
    return something;
}

std::int64_t simulation::next_event() const noexcept {
    std::int64_t next = under_way_.empty() ? never_ns : under_way_.when();
    for (const member& m : hosts_) next = std::min(next, m.host->host().next_deadline());
    return next;
}

// --- packets --------------------------------------------------------------------------------------------------------

void simulation::emitted(std::size_t from, const stack::packet_view& what) {
    const flights::place at = under_way_.pack(what);
    const stack::ip_address destination = destination_of(under_way_[at].what);
    if (!is_for_all(from, destination)) return carry(from, way(from, destination), at, what);
    // Everybody on a link of this host's hears it, but for itself: it has had its own copy. The last takes the
    // original.
    wire* last = nullptr;
    for (wire& w : hosts_[from].wires) {
        if (w.to == from) continue;
        if (last != nullptr) carry(from, last, under_way_.pack(what), what);
        last = &w;
    }
    carry(from, last, at, what);
}

// By that wire, with its delay and its luck; nullptr: none leads there.
void simulation::carry(std::size_t from, wire* on, flights::place at, const stack::packet_view& what) {
    const std::uint64_t hash = under_way_[at].hash;
    ++sent_;
    note(fate::sent, from, hash);
    if (on == nullptr || on->luck.happens(on->loss)) {
        ++lost_;
        note(on == nullptr ? fate::unroutable : fate::lost, from, hash);
        under_way_.give_up(at);
        hosts_[from].host->note_sent(what, on == nullptr ? "lost: no link leads there" : "lost on the link");
        return;
    }
    hosts_[from].host->note_sent(what);
    under_way_.send(at, on->to, clock_ns() + on->delay_ns);
}

stack::ip_address simulation::destination_of(const stack::packet& what) noexcept {
    constexpr std::size_t v4_destination = 16;
    constexpr std::size_t v6_destination = 24;
    stack::ip_address destination;
    if ((stack::wire::get8(what.bytes, 0) >> 4U) == 4) {
        return stack::ip_address::v4(stack::wire::get32(what.bytes, v4_destination));
    }
    destination.version = stack::ip_version::v6;
    for (std::size_t i = 0; i < destination.bytes.size(); ++i) {
        destination.bytes[i] = stack::wire::get8(what.bytes, v6_destination + i);
    }
    return destination;
}

bool simulation::is_for_all(std::size_t from, const stack::ip_address& destination) const {
    constexpr auto limited_broadcast = stack::ip_address::v4(255, 255, 255, 255);
    if (destination.is_multicast() || destination == limited_broadcast) return true;
    const auto& own = hosts_[from].host->host().config().addresses;
    return std::any_of(own.begin(), own.end(), [&](const auto& a) { return a.broadcast() == destination; });
}

wire* simulation::way(std::size_t from, const stack::ip_address& destination) noexcept {
    for (wire& w : hosts_[from].wires) {
        const auto& theirs = hosts_[w.to].addresses;
        if (w.to == from && destination.is_loopback()) return &w;
        if (std::find(theirs.begin(), theirs.end(), destination) != theirs.end()) return &w;
    }
    return nullptr;
}

void simulation::note(fate f, std::size_t host, std::uint64_t hash) noexcept {
    digest_ = mixed(digest_ ^ static_cast<std::uint64_t>(clock_ns()));
    digest_ = mixed(digest_ ^ (static_cast<std::uint64_t>(f) << 32U) ^ host);
    digest_ = mixed(digest_ ^ hash);
}

// --- other threads --------------------------------------------------------------------------------------------------

void simulation::wake_up() noexcept {
    std::lock_guard held(guard_);
    woken_ = true;
    changed_.notify_one();
}

bool simulation::take_wake() noexcept {
    std::lock_guard held(guard_);
    return std::exchange(woken_, false);
}

void simulation::sleep_until_woken() noexcept {
    std::unique_lock held(guard_);
    changed_.wait(held, [this] { return woken_; });
    woken_ = false;
}

}  // namespace cardea::sim::detail
