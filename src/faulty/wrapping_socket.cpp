// See wrapping_socket.hpp: making connections, options, the end.
#include "faulty/wrapping_socket.hpp"

#include <new>
#include <utility>

namespace cardea::detail {

void wrapping_socket::take(std::unique_ptr<network_socket>&& opened, type t) noexcept {
    inner_ = std::move(opened);
    type_ = t;
    counted_ = true;
    of_->open_sockets.fetch_add(1, std::memory_order_acq_rel);
}

network_socket& wrapping_socket::beneath(network_socket& s) noexcept {
    auto* const wrapper = dynamic_cast<wrapping_socket*>(&s);
    return wrapper != nullptr ? *wrapper->inner_ : s;
}

network* wrapping_socket::home() const noexcept { return inner_->home() != nullptr ? of_.get() : nullptr; }

template <class Act>
std::error_code wrapping_socket::with_faults(network_call call, Act act) noexcept {
    const verdict v = next(call);
    if (const std::error_code failed = before(v)) return failed;
    if (const std::error_code failed = act()) return failed;
    after(v);
    return v.afterwards;
}

// --- making connections ---------------------------------------------------------------------------------------------

std::error_code wrapping_socket::bind(const endpoint& where) noexcept {
    return with_faults(network_call::bind, [&] { return inner_->bind(where); });
}

std::error_code wrapping_socket::listen(int backlog) noexcept {
    return with_faults(network_call::listen, [&] { return inner_->listen(backlog); });
}

std::error_code wrapping_socket::connect(const endpoint& server) noexcept {
    return with_faults(network_call::connect, [&] { return inner_->connect(server); });
}

// One that is to fail afterwards is made in one step: nobody would see it done otherwise.
std::error_code wrapping_socket::begin_connect(const endpoint& server) noexcept {
    const verdict v = next(network_call::connect);
    if (const std::error_code failed = before(v)) return failed;
    if (!v.afterwards && !v.cancels) return inner_->begin_connect(server);
    if (const std::error_code failed = inner_->connect(server)) return failed;
    after(v);
    return v.afterwards;
}

std::error_code wrapping_socket::accept(std::unique_ptr<network_socket>& connection, endpoint& client) noexcept {
    const verdict v = next(network_call::accept);
    if (const std::error_code failed = before(v)) return failed;
    if (const std::error_code failed = accept_next(connection, client)) return failed;
    after(v);
    if (v.afterwards) keep(std::move(connection), client);
    return v.afterwards;
}

std::error_code wrapping_socket::accept_next(std::unique_ptr<network_socket>& connection, endpoint& client) noexcept {
    {
        const std::lock_guard held(guard_);
        if (!connections_.empty()) {
            connection = std::move(connections_.front().socket);
            client = connections_.front().client;
            connections_.pop_front();
            return {};
        }
    }
    std::unique_ptr<wrapping_socket> made = of_->blank();
    if (!made) return std::make_error_code(std::errc::not_enough_memory);
    std::unique_ptr<network_socket> accepted;
    if (const std::error_code failed = inner_->accept(accepted, client)) return failed;
    made->take(std::move(accepted), type_);
    connection = std::move(made);
    return {};
}

// For the next accept. Where there is none any more, or no memory, it is closed.
void wrapping_socket::keep(std::unique_ptr<network_socket>&& accepted, const endpoint& client) noexcept {
    visitor late{std::move(accepted), client};
    const std::lock_guard held(guard_);
    if (ended_) return;
    try {
        connections_.push_back(std::move(late));
    } catch (const std::bad_alloc&) {
    }
}

// --- options --------------------------------------------------------------------------------------------------------

std::error_code wrapping_socket::set_option(option_id option, option_value value) noexcept {
    return with_faults(network_call::option, [&] { return inner_->set_option(option, value); });
}

std::error_code wrapping_socket::set_text_option(option_id option, const std::string& value) noexcept {
    return with_faults(network_call::option, [&] { return inner_->set_text_option(option, value); });
}

std::error_code wrapping_socket::set_membership(const group_membership& of, bool member) noexcept {
    return with_faults(network_call::option, [&] { return inner_->set_membership(of, member); });
}

// --- ending ---------------------------------------------------------------------------------------------------------

std::error_code wrapping_socket::shutdown(direction how) noexcept {
    return with_faults(network_call::shutdown, [&] { return inner_->shutdown(how); });
}

void wrapping_socket::count_out() noexcept {
    if (std::exchange(counted_, false)) of_->open_sockets.fetch_sub(1, std::memory_order_acq_rel);
}

std::error_code wrapping_socket::close() noexcept {
    if (inner_ == nullptr) return {};
    let_go(true);
    std::list<visitor> orphans;
    {
        const std::lock_guard held(guard_);
        if (std::exchange(ended_, true)) return {};
        count_out();
        orphans.swap(connections_);
        received_.clear();
    }
    orphans.clear();
    return inner_->close();
}

std::error_code wrapping_socket::release(native_socket& out) noexcept {
    let_go(true);
    if (const std::error_code failed = inner_->release(out)) return failed;
    const std::lock_guard held(guard_);
    ended_ = true;
    count_out();
    for (visitor& c : connections_) {
        native_socket one;
        if (c.socket->release(one)) continue;
        try {
            out.accepted.push_back(one.descriptor);
        } catch (const std::bad_alloc&) {
            // Nothing is left that would own it but a socket.
            [[maybe_unused]] const std::error_code lost = of_->adopt(std::move(one), c.socket);
        }
    }
    connections_.clear();
    return {};
}

}  // namespace cardea::detail
