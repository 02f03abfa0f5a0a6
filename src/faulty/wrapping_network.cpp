// See wrapping_network.hpp; and the public face of it.
#include "faulty/wrapping_network.hpp"

#include <cardea/names.hpp>
#include <new>
#include <utility>

#include "faulty/wrapping_socket.hpp"
#include "fiber/execution.hpp"
#include "fiber/loop.hpp"
#include "fiber/thread_execution.hpp"

namespace cardea {

namespace detail {

namespace {

/// Where the running fiber or thread has its wrapper.
network*& worn() noexcept {
    loop* here = loop::current();
    if (here != nullptr && here->running() != nullptr) return here->running()->wrapper;
    return this_thread_execution().wrapper;
}

std::error_code no_memory() noexcept { return std::make_error_code(std::errc::not_enough_memory); }

// What was opened has to be closed again where the caller learns of a failure only.
template <class Act, class Undo>
std::error_code with_faults(const verdict& v, Act act, Undo undo) noexcept {
    if (const std::error_code failed = before(v)) return failed;
    if (const std::error_code failed = act()) return failed;
    after(v);
    if (v.afterwards) undo();
    return v.afterwards;
}

}  // namespace

std::error_code before(const verdict& v) noexcept {
    if (v.delay_ns > 0) {
        if (const std::error_code interrupted = pause(v.delay_ns)) return interrupted;
    }
    return v.before;
}

void after(const verdict& v) noexcept {
    if (v.cancels) execution::current().request_cancel();
}

std::unique_ptr<wrapping_socket> wrapping_network::blank() noexcept {
    return std::unique_ptr<wrapping_socket>(new (std::nothrow) wrapping_socket(shared_from_this()));
}

std::error_code wrapping_network::open(family f, type t, int protocol, std::unique_ptr<network_socket>& out) noexcept {
    return with_faults(
        plan.next(network_call::open),
        [&] {
            std::unique_ptr<wrapping_socket> made = blank();
            if (!made) return no_memory();
            std::unique_ptr<network_socket> opened;
            if (const std::error_code failed = beneath_.open(f, t, protocol, opened)) return failed;
            made->take(std::move(opened), t);
            out = std::move(made);
            return std::error_code();
        },
        [&] { out.reset(); });
}

std::error_code wrapping_network::open_pair(family f, type t, int protocol, std::unique_ptr<network_socket>& one,
                                            std::unique_ptr<network_socket>& other) noexcept {
    return with_faults(
        plan.next(network_call::open),
        [&] {
            std::unique_ptr<wrapping_socket> first = blank();
            std::unique_ptr<wrapping_socket> second = blank();
            if (!first || !second) return no_memory();
            std::unique_ptr<network_socket> a;
            std::unique_ptr<network_socket> b;
            if (const std::error_code failed = beneath_.open_pair(f, t, protocol, a, b)) return failed;
            first->take(std::move(a), t);
            second->take(std::move(b), t);
            one = std::move(first);
            other = std::move(second);
            return std::error_code();
        },
        [&] {
            one.reset();
            other.reset();
        });
}

std::error_code wrapping_network::adopt(native_socket&& from, std::unique_ptr<network_socket>& out) noexcept {
    std::unique_ptr<wrapping_socket> made = blank();
    if (!made) return no_memory();
    std::unique_ptr<network_socket> taken;
    if (const std::error_code failed = beneath_.adopt(std::move(from), taken)) return failed;
    made->take(std::move(taken), from.type);  // which adopt() has filled in
    out = std::move(made);
    return {};
}

std::error_code wrapping_network::resolve(const std::string& host, const std::string& service,
                                          std::vector<endpoint>& out) noexcept {
    return with_faults(
        plan.next(network_call::resolve), [&] { return beneath_.resolve(host, service, out); }, [&] { out.clear(); });
}

std::error_code wrapping_network::begin_resolve(const std::string& host, const std::string& service, family only,
                                                std::unique_ptr<address_look_up>& out) noexcept {
    std::unique_ptr<address_look_up> begun;
    const std::error_code failed = beneath_.begin_resolve(host, service, only, begun);
    if (failed == errc::not_supported) return failed;  // resolve() is next, and that is the call that is counted
    return with_faults(
        plan.next(network_call::resolve),
        [&] {
            out = std::move(begun);
            return failed;
        },
        [&] { out.reset(); });
}

std::error_code wrapping_network::resolve_srv(const std::string& name, std::vector<service_record>& out) noexcept {
    return with_faults(
        plan.next(network_call::resolve), [&] { return beneath_.resolve_srv(name, out); }, [&] { out.clear(); });
}

std::error_code wrapping_network::reverse(const endpoint& of, std::string& name) noexcept {
    return with_faults(
        plan.next(network_call::resolve), [&] { return beneath_.reverse(of, name); }, [&] { name.clear(); });
}

std::error_code wrapping_network::await_connect(const std::vector<network_socket*>& begun, std::int64_t until_ns,
                                                std::size_t& which, std::error_code& outcome) noexcept {
    std::vector<network_socket*> under;
    try {
        under.reserve(begun.size());
    } catch (const std::bad_alloc&) {
        return no_memory();
    }
    for (network_socket* s : begun) under.push_back(&wrapping_socket::beneath(*s));
    return beneath_.await_connect(under, until_ns, which, outcome);
}

}  // namespace detail

faulty_network::faulty_network() : core_(std::make_shared<detail::wrapping_network>(this_network())) {}

faulty_network::~faulty_network() = default;

std::size_t faulty_network::add(const fault& one) { return core_->plan.add(one); }

void faulty_network::clear() noexcept { core_->plan.clear(); }

std::uint64_t faulty_network::calls(network_call of) const noexcept { return core_->plan.calls(of); }

std::uint64_t faulty_network::faults() const noexcept { return core_->plan.faults(); }

std::uint64_t faulty_network::faults(std::size_t number) const noexcept { return core_->plan.faults(number); }

network_call faulty_network::last(std::size_t number) const noexcept { return core_->plan.last(number); }

network_call faulty_network::last() const noexcept { return core_->plan.last(); }

std::size_t faulty_network::open_sockets() const noexcept {
    return core_->open_sockets.load(std::memory_order_acquire);
}

faulty_network::inside::inside(faulty_network& on) noexcept : before_(std::exchange(detail::worn(), on.core_.get())) {}

faulty_network::inside::~inside() { detail::worn() = before_; }

}  // namespace cardea
