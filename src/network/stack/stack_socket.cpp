// The calls: tried at once, and again whenever the stack says that it is worth it. Whoever waits stands in line; what
// is done while others could run (parking, yielding) comes last.
#include "network/stack/stack_socket.hpp"

#include <algorithm>
#include <array>
#include <cardea/deadline.hpp>
#include <chrono>
#include <limits>
#include <mutex>
#include <new>
#include <utility>

#include "network/stack/stack_perform.hpp"
#include "network/stack/translate.hpp"
#include "stack/tcp/connection.hpp"

namespace cardea::detail {

namespace {

tcpip::payload_view view(const_buffer data) noexcept { return {{data.data(), data.size()}, {}}; }

/// SO_LINGER with a time: close(2) waits until the peer has it all, or for so long.
class lingering final : private tcpip::socket_observer {
  public:
    lingering(tcpip::socket& s, fiber& waits) noexcept : socket_(s), who_(waits) { s.observe(this); }
    ~lingering() override { socket_.observe(nullptr); }
    void wait(std::chrono::milliseconds limit) noexcept {
        const deadline within(limit);
        while ((socket_.readiness() & tcpip::ready::drained) == 0) {
            if (who_.park(patience::interruptible) != wake::ready) return;
        }
    }

  private:
    void on_ready(tcpip::socket&, unsigned) override { who_.home.make_ready(who_); }
    tcpip::socket& socket_;
    fiber& who_;
};

void linger(tcpip::socket& s, tcpip::time_ns now) noexcept {
    std::int64_t limit_ms = 0;
    if (s.get_option(tcpip::socket_option::linger_ms, limit_ms, now) != tcpip::error::ok || limit_ms <= 0) return;
    const loop* here = loop::current();
    if (here == nullptr || here->running() == nullptr || !s.remote()) return;
    if (s.shutdown(tcpip::shutdown_mode::write, now) != tcpip::error::ok) return;
    lingering(s, *here->running()).wait(std::chrono::milliseconds(limit_ms));
}

}  // namespace

stack_socket::stack_socket(stack_network& home, std::unique_ptr<tcpip::socket> inner, family f, type t) noexcept
    : home_(&home), inner_(std::move(inner)), family_(f), type_(t) {
    inner_->observe(this);
}

void stack_socket::orphan() noexcept {
    last_local_ = inner_->local();
    last_peer_ = inner_->remote().value_or(tcpip::endpoint());
    home_.store(nullptr, std::memory_order_release);
}

// --- waiting --------------------------------------------------------------------------------------------------------

void stack_socket::on_ready(tcpip::socket&, unsigned newly) {
    using namespace tcpip;
    if ((newly & (ready::readable | ready::error | ready::hangup)) != 0) in_.wake_first();
    if ((newly & (ready::writable | ready::error | ready::hangup)) != 0) out_.wake_first();
    if ((newly & (ready::error | ready::hangup)) != 0) errors_.wake_first();
}

std::error_code stack_socket::usable() const noexcept {
    if (inner_ == nullptr) return errc::closed;
    if (home_.load(std::memory_order_acquire) == nullptr) return errc::wrong_network;
    return {};
}

std::error_code stack_socket::cut_off() const noexcept {
    const std::error_code down = home_.load(std::memory_order_relaxed)->down();
    if (!down) return {};
    const tcpip::ip_address here = inner_->local().address;
    const auto there = inner_->remote();
    const bool inside = there ? there->address.is_loopback() || there->address == here : here.is_loopback();
    return inside ? std::error_code() : down;
}

std::error_code stack_socket::may_send() const noexcept {
    const std::error_code refused = usable();
    return refused ? refused : cut_off();
}

void stack_socket::look_again() noexcept {
    in_.wake_first();
    out_.wake_first();
    errors_.wake_first();
}

// --- moving bytes ---------------------------------------------------------------------------------------------------

io_result stack_socket::send(const_buffer data) noexcept {
    io_result done;
    done.error = may_send();
    if (done.error) return done;
    done.error = perform(out_, [&]() noexcept {
        for (;;) {
            const auto went = inner_->send(view(data.after(done.bytes)), 0, now());
            done.bytes += went.size;
            if (went.size > 0) loop::current()->running()->made_progress();
            if (went.problem != tcpip::error::ok || type_ != type::stream || done.bytes == data.size()) {
                return went.problem;
            }
        }
    });
    return done;
}

io_result stack_socket::recv(mutable_buffer room) noexcept {
    io_result done;
    if (type_ != type::stream) {
        endpoint from;
        bool truncated = false;
        done = recv_from(room, from, truncated);
        if (truncated) done.error = std::make_error_code(std::errc::message_size);
        return done;
    }
    done.error = usable();
    if (done.error || room.size() == 0) return done;
    if (!unread_.empty()) return unread_.take(room);
    done.error = perform(in_, [&]() noexcept {
        const auto came = inner_->recv({room.data(), room.size()}, 0, now());
        done.bytes = came.size;
        return came.problem;
    });
    return done;
}

io_result stack_socket::send_to(const_buffer datagram, const endpoint& to) noexcept {
    io_result done;
    done.error = may_send();
    if (done.error) return done;
    if (wants_errors_) {
        outgoing_message m{datagram};
        m.how.to = to;
        return send_message(m);
    }
    const tcpip::endpoint there = to_stack(to);
    done.error = perform(out_, [&]() noexcept {
        const auto went = inner_->send_to(view(datagram), there, now());
        done.bytes = went.size;
        return went.problem;
    });
    return done;
}

io_result stack_socket::recv_from(mutable_buffer room, endpoint& from, bool& truncated) noexcept {
    io_result done;
    done.error = usable();
    if (done.error) return done;
    done.error = perform(in_, [&]() noexcept {
        tcpip::receive_info info;
        auto came = inner_->recv_from({room.data(), room.size()}, info, 0, now());
        while (pass_over(came.problem)) came = inner_->recv_from({room.data(), room.size()}, info, 0, now());
        done.bytes = came.size;
        // As the kernel has it, a stream's bytes come from nowhere in particular.
        from = type_ == type::stream ? endpoint() : from_stack(info.from);
        truncated = info.truncated;
        return came.problem;
    });
    return done;
}

// --- making connections ---------------------------------------------------------------------------------------------

std::error_code stack_socket::bind(const endpoint& where) noexcept {
    if (const std::error_code refused = usable()) return refused;
    const tcpip::error result = inner_->bind(to_stack(where));
    if (result == tcpip::error::ok) bound_ = inner_->local();
    return to_error_code(result);
}

std::error_code stack_socket::listen(int backlog) noexcept {
    if (const std::error_code refused = usable()) return refused;
    return to_error_code(inner_->listen(static_cast<std::uint32_t>(std::max(backlog, 0)), now()));
}

std::error_code stack_socket::accept(std::unique_ptr<network_socket>& connection, endpoint& client) noexcept {
    if (const std::error_code refused = usable()) return refused;
    return perform(in_, [&]() noexcept {
        tcpip::accept_result came = inner_->accept(now());
        if (came.problem != tcpip::error::ok) return came.problem;
        connection.reset(home_.load(std::memory_order_relaxed)->make(std::move(came.connection), family_, type_));
        client = from_stack(came.peer);
        return connection ? tcpip::error::ok : tcpip::error::enomem;
    });
}

std::error_code stack_socket::connect(const endpoint& server) noexcept {
    if (const std::error_code refused = usable()) return refused;
    bool under_way = false;
    const tcpip::endpoint there = to_stack(server);
    // Asked again while the handshake goes on the stack says EALREADY, and after it how it ended.
    const std::error_code result = perform(out_, [&]() noexcept {
        const tcpip::error said = inner_->connect(there, now());
        under_way = said == tcpip::error::einprogress || said == tcpip::error::ealready;
        return under_way ? tcpip::error::eagain : said;
    });
    if (under_way && result != errc::closed) start_afresh();
    return result;
}

// A connect was given up. The stack's socket is used up with it, so another takes its place: bound as it was, with its
// options.
void stack_socket::start_afresh() noexcept {
    using tcpip::socket_option;
    constexpr std::array kept{socket_option::reuse_address,     socket_option::reuse_port,
                              socket_option::broadcast,         socket_option::v6_only,
                              socket_option::send_buffer,       socket_option::no_delay,
                              socket_option::keepalive,         socket_option::linger_ms,
                              socket_option::receive_buffer,    socket_option::user_timeout_ms,
                              socket_option::keepalive_idle_ms, socket_option::keepalive_interval_ms,
                              socket_option::keepalive_count,   socket_option::cork,
                              socket_option::hop_limit,         socket_option::traffic_class};
    std::unique_ptr<tcpip::socket> fresh;
    try {
        fresh = home_.load(std::memory_order_relaxed)->host().open_tcp(inner_->family());
    } catch (const std::bad_alloc&) {
        fresh.reset();
    }
    if (!fresh) {
        inner_->shutdown(tcpip::shutdown_mode::both, now());  // it will say that it is shut down, which it is
        return;
    }
    for (const socket_option o : kept) {
        std::int64_t value = 0;
        if (inner_->get_option(o, value, now()) == tcpip::error::ok) fresh->set_option(o, value, now());
    }
    inner_->observe(nullptr);
    inner_->abort(now());
    if (bound_.port != 0) fresh->bind(bound_);
    fresh->observe(this);
    inner_ = std::move(fresh);
}

// --- endings --------------------------------------------------------------------------------------------------------

std::error_code stack_socket::shutdown(direction how) noexcept {
    if (const std::error_code refused = usable()) return refused;
    const auto mode = how == direction::receive ? tcpip::shutdown_mode::read
                      : how == direction::send  ? tcpip::shutdown_mode::write
                                                : tcpip::shutdown_mode::both;
    const unsigned ends = how == direction::receive ? 1 : how == direction::send ? 2 : 3;
    const tcpip::error result = inner_->shutdown(mode, now());
    home_.load(std::memory_order_relaxed)->call_done();
    // Again, after both have closed: then there is no connection any more, and nothing to be told.
    if (result == tcpip::error::enotconn && (shut_down_ & ends) == ends) return {};
    if (result == tcpip::error::ok) shut_down_ |= ends;
    return to_error_code(result);
}

std::error_code stack_socket::close() noexcept {
    end();
    return {};
}

void stack_socket::end() noexcept {
    if (inner_ == nullptr) return;
    std::unique_ptr<tcpip::socket> dying = std::move(inner_);
    dying->observe(nullptr);
    in_.close();
    out_.close();
    errors_.close();
    stack_network* home = nullptr;
    {
        std::lock_guard held(stack_network::ends);
        home = home_.exchange(nullptr, std::memory_order_acq_rel);
        if (home == nullptr) return;  // its host is gone, and it with that
        if (!home->is_here()) {
            home->abandon(*this, std::move(dying));
            return;
        }
        home->forget(*this);
    }
    linger(*dying, home->now_ns());  // others run meanwhile: this socket may be gone when it returns
    dying->close(home->now_ns());
    home->call_done();
}

std::error_code stack_socket::release(native_socket&) noexcept {
    return inner_ == nullptr ? errc::closed : errc::wrong_network;
}

// --- what never waits -----------------------------------------------------------------------------------------------

std::error_code stack_socket::local(endpoint& out) const noexcept {
    if (!is_open()) return errc::closed;
    out = from_stack(home() == nullptr ? last_local_ : inner_->local());
    return {};
}

std::error_code stack_socket::peer(endpoint& out) const noexcept {
    if (!is_open()) return errc::closed;
    const tcpip::endpoint there = home() == nullptr ? last_peer_ : inner_->remote().value_or(tcpip::endpoint());
    if (there.address.version == tcpip::ip_version::none) return std::make_error_code(std::errc::not_connected);
    out = from_stack(there);
    return {};
}

std::error_code stack_socket::set_option(option_id option, option_value value) noexcept {
    if (const std::error_code refused = usable()) return refused;
    if (option == option_id::metadata && type_ == type::datagram) {
        told_ = static_cast<metadata>(value);
        return {};
    }
    const auto known = to_stack(option);
    if (!known) return errc::not_supported;
    if (option == option_id::mtu_discovery && value > 2) return errc::not_supported;
    if (option == option_id::receive_errors && type_ == type::datagram) wants_errors_ = value != 0;
    const std::int64_t most = std::numeric_limits<std::int64_t>::max() / known->scale;
    return to_error_code(
        inner_->set_option(known->option, value > 0 ? std::min(value, most) * known->scale : value, now()));
}

std::error_code stack_socket::get_option(option_id option, option_value& value) const noexcept {
    if (const std::error_code refused = usable()) return refused;
    if (option == option_id::listening) {
        value = inner_->listener() != nullptr ? 1 : 0;
        return {};
    }
    // Of an IPv4 socket kernels tell an address, not a number.
    if (option == option_id::multicast_interface && family_ != family::inet6) return errc::not_supported;
    const auto known = to_stack(option);
    if (!known) return errc::not_supported;
    std::int64_t read = 0;
    const tcpip::error failed = inner_->get_option(known->option, read, now());
    if (failed != tcpip::error::ok) return to_error_code(failed);
    if (option == option_id::error_pending) read = to_error_code(static_cast<tcpip::error>(read)).value();
    value = read > 0 ? read / known->scale : read;
    return {};
}

std::error_code stack_socket::info(tcp_info& out) const noexcept {
    if (const std::error_code refused = usable()) return refused;
    if (type_ != type::stream) return errc::not_supported;
    out = {};
    if (const tcpip::tcp::connection* c = inner_->connection()) {
        out = from_stack(c->info());
    } else if (inner_->listener() != nullptr) {
        out.state = tcp_state::listen;
    }
    return {};
}

}  // namespace cardea::detail
