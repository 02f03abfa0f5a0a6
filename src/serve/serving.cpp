// Accepting, handling, receiving, and what is done when the machine has no room. Uses the public calls.
#include "serve/serving.hpp"

#include <array>
#include <cardea/deadline.hpp>
#include <cardea/descriptor.hpp>
#include <cardea/error.hpp>
#include <charconv>
#include <new>
#include <optional>
#include <utility>

namespace cardea::detail {

namespace {

constexpr std::size_t largest_datagram = 64 * 1024;

/// The limits that the options set for a handler.
class limits {
  public:
    explicit limits(const serve_options& options) {
        if (options.idle.count() > 0) idle_.emplace(options.idle);
        if (options.total.count() > 0) total_.emplace(options.total);
    }

  private:
    std::optional<call_limit> idle_;
    std::optional<deadline> total_;
};

/// What a router or a peer says about an earlier datagram that we sent (icmp(7), udp(7)).
bool is_about_another_datagram(std::error_code ec) noexcept {
    return ec == std::errc::connection_refused || ec == std::errc::host_unreachable ||
           ec == std::errc::network_unreachable || ec == std::errc::connection_reset || ec == std::errc::message_size ||
           ec == std::errc::protocol_error || ec == std::errc::no_protocol_option;
}

bool is_over(std::error_code ec) noexcept { return ec == errc::cancelled || ec == errc::closed; }

}  // namespace

serving::serving(service& of, std::vector<listener>& mine, unsigned number)
    : of_(of), number_(number), gates_(mine.size()) {
    for (std::size_t i = 0; i < mine.size(); ++i) {
        gates_[i].at = &mine[i];
        if (std::holds_alternative<udp_socket>(mine[i].door)) {
            gates_[i].datagram = std::make_unique<std::byte[]>(largest_datagram);
        }
    }
}

void serving::start() {
    for (gate& g : gates_) {
        if (g.datagram) {
            handlers_.spawn({.name = "receive", .stack_size = of_.options.stack_size}, [this, &g] { receive_loop(g); });
        } else {
            acceptors_.spawn({.name = "accept"}, [this, &g] { accept_loop(g); });
        }
    }
    if (of_.boxes.size() > 1) acceptors_.spawn({.name = "take over"}, [this] { box_loop(); });
}

void serving::stop_accepting() {
    draining_ = true;
    of_.boxes[number_]->close();  // what is in it still gets its handler
    acceptors_.cancel();
    acceptors_.join();
    for (gate& g : gates_) {
        // A receive loop that answers a datagram needs its socket a little longer, and closes it itself.
        if (g.busy) continue;
        if (of_.passed_on.load(std::memory_order_acquire)) serve_what_is_held(g);
        g.at->close();
    }
}

void serving::join(std::chrono::nanoseconds limit) {
    const deadline within{limit};
    try {
        handlers_.join();
    } catch (const error& e) {
        if (e.code() != errc::timed_out || !within.expired()) throw;
    }
}

// --- connections ---------------------------------------------------------------------------------------------------

void serving::accept_loop(gate& g) noexcept {
    for (;;) {
        std::exception_ptr why;
        try {
            if (!accept_one(g)) return;
            g.rest.success();
            continue;
        } catch (const cardea::cancelled&) {
            return;
        } catch (...) {
            why = std::current_exception();
        }
        if (!pause(g, why)) return;
    }
}

// False: the door is closed. Throws when there is no descriptor, no memory or no stack for one more connection.
bool serving::accept_one(gate& g) {
    semaphore* places = of_.places ? &*of_.places : nullptr;
    // While all places are taken connections wait in the listen queue. No place is held while waiting for a connection:
    // it may come to another loop.
    if (places != nullptr) {
        places->acquire();
        places->release();
    }
    std::error_code ec;
    arrival one{g.at->accept(ec), {}};
    if (is_over(ec)) return false;
    if (ec) throw error(ec, "accept", g.at->where);
    if (places != nullptr) {
        try {
            places->acquire();
        } catch (const cardea::cancelled&) {
            if (of_.passed_on.load(std::memory_order_acquire)) take_when_there_is_a_place(std::move(one));
            throw;
        }
        one.held = place(places);
    }
    dispatch(std::move(one), g.at->is_local());
    return true;
}

// The kernel spreads TCP over the loops (SO_REUSEPORT). A Unix name has one listener, whose loop deals them out.
void serving::dispatch(arrival&& one, bool may_leave) {
    if (may_leave && of_.boxes.size() > 1) {
        const unsigned target = next_loop_;
        next_loop_ = (next_loop_ + 1) % static_cast<unsigned>(of_.boxes.size());
        std::error_code ec;
        if (target != number_) one.peer.handle().detach(ec);
        if (target != number_ && !ec && deliver(*of_.boxes[target], one)) return;
    }
    take(std::move(one));
}

// False: that loop takes no more, for the server drains, and `one` is still ours. Cancelled while it is full, for the
// same reason, this loop serves it as well: who was accepted gets its handler.
bool serving::deliver(channel<arrival>& box, arrival& one) {
    try {
        return box.push_from(one);
    } catch (...) {
        take(std::move(one));
        throw;
    }
}

void serving::box_loop() noexcept {
    for (;;) {
        std::exception_ptr why;
        try {
            std::optional<arrival> one = of_.boxes[number_]->pop();
            if (!one) return;
            take(std::move(*one));
            continue;
        } catch (const cardea::cancelled&) {
            return;
        } catch (...) {
            why = std::current_exception();
        }
        of_.accept_paused({}, why, true);
    }
}

void serving::take(arrival&& one) {
    std::array<char, 28> name{'h', 'a', 'n', 'd', 'l', 'e', 'r', ' '};
    const std::uint64_t number = of_.accepted.fetch_add(1, std::memory_order_relaxed) + 1;
    const char* end = std::to_chars(name.data() + 8, name.data() + name.size(), number).ptr;
    handlers_.spawn({.name = {name.data(), end}, .stack_size = of_.options.stack_size},
                    [this, mine = std::move(one)]() mutable {
                        std::error_code ignored;
                        serve_one(std::move(mine.peer), mine.peer.handle().peer(ignored));
                        mine.held = place();
                        a_connection_closed();
                    });
}

// --- a successor has the sockets -----------------------------------------------------------------------------------

// Where the drain would end a connection that has no handler yet, a hot restart must not.
void serving::take_when_there_is_a_place(arrival&& one) noexcept {
    std::exception_ptr why;
    try {
        if (!of_.places) return take(std::move(one));
        handlers_.spawn({.name = "waits for a place"}, [this, mine = std::move(one)]() mutable {
            of_.places->acquire();
            mine.held = place(&*of_.places);
            take(std::move(mine));
        });
        return;
    } catch (...) {
        why = std::current_exception();
    }
    of_.accept_paused({}, why, true);
}

// Connections that were taken from the listen queue ahead of need (a multishot accept) are known to this process only.
void serving::serve_what_is_held(gate& g) noexcept {
    if (g.datagram) return;
    if (auto* local = std::get_if<unix_listener>(&g.at->door)) local->keep_path();
    std::error_code ec;
    const native_socket left = g.at->handle().release(ec);
    if (ec) return;
    const descriptor mine(left.descriptor);
    for (const int accepted : left.accepted) {
        socket s = socket::adopt(accepted, ec);
        if (ec) {
            descriptor(accepted).close();
        } else {
            take_when_there_is_a_place({stream(std::move(s)), {}});
        }
    }
}

void serving::serve_one(stream&& peer, const endpoint& client) noexcept {
    std::exception_ptr why;
    try {
        const limits within(of_.options);
        of_.how.on_stream(of_.how.for_streams, stream(std::move(peer.handle())));
    } catch (const cardea::cancelled&) {  // it was asked to end, and has
    } catch (...) {
        why = std::current_exception();
    }
    if (this_fiber::cancel_requested()) of_.cancelled.fetch_add(1, std::memory_order_relaxed);
    if (why) of_.handler_failed(client, why);
}

// --- datagrams -----------------------------------------------------------------------------------------------------

void serving::receive_loop(gate& g) noexcept {
    udp_socket& door = *std::get_if<udp_socket>(&g.at->door);
    while (!draining_) {
        std::error_code ec;
        const received got = door.recv_from({g.datagram.get(), largest_datagram}, ec);
        if (is_over(ec)) break;
        if (!ec) {
            g.rest.success();
            datagram_came(g, got);
        } else if (!is_about_another_datagram(ec)) {
            std::exception_ptr why;
            try {
                why = std::make_exception_ptr(error(ec, "recv", g.at->where));
            } catch (...) {
                why = std::current_exception();
            }
            if (!pause(g, why)) break;
        }
    }
    door.close();
}

void serving::datagram_came(gate& g, const received& got) noexcept {
    g.busy = true;
    std::exception_ptr why;
    try {
        const limits within(of_.options);
        of_.how.on_datagram(of_.how.for_datagrams, *std::get_if<udp_socket>(&g.at->door), {g.datagram.get(), got.size},
                            got.from);
    } catch (const cardea::cancelled&) {  // it was asked to end, and has
    } catch (...) {
        why = std::current_exception();
    }
    if (this_fiber::cancel_requested()) of_.cancelled.fetch_add(1, std::memory_order_relaxed);
    if (why) of_.handler_failed(got.from, why);
    g.busy = false;
}

// --- no room -------------------------------------------------------------------------------------------------------

// False: cancelled.
bool serving::pause(gate& g, const std::exception_ptr& why) noexcept {
    of_.accept_paused(g.at->where, why, g.rest.is_news());
    return g.rest.wait();
}

void serving::a_connection_closed() noexcept {
    for (gate& g : gates_) g.rest.hurry();
}

}  // namespace cardea::detail
