// Messages on Cardea's own stack: the facts about a datagram, what one has of its own, the ICMP errors that come back,
// and multicast groups. Descriptors and credentials it has not, and says so.
#include <cardea/message.hpp>
#include <new>

#include "network/stack/stack_perform.hpp"
#include "network/stack/stack_socket.hpp"
#include "network/stack/translate.hpp"

namespace cardea::detail {

namespace {

bool in_octet(std::optional<int> n, int least) noexcept { return !n || (*n >= least && *n <= 255); }

std::optional<std::uint8_t> to_octet(std::optional<int> n) noexcept {
    if (!n) return std::nullopt;
    return static_cast<std::uint8_t>(*n);
}

datagram_info facts_of(const tcpip::receive_info& from, metadata told, std::int64_t monotonic_to_wall_ns) noexcept {
    datagram_info to;
    to.full_size = from.full_size;
    to.from = from_stack(from.from);
    if (has(told, metadata::destination)) {
        to.to = from_stack(from.to).with_port(0);
        to.interface = from.interface;
    }
    if (has(told, metadata::hop_limit)) to.hop_limit = from.hop_limit;
    if (has(told, metadata::traffic_class)) to.traffic_class = from.traffic_class;
    if (has(told, metadata::arrival)) to.arrived = std::chrono::nanoseconds(from.arrived + monotonic_to_wall_ns);
    return to;
}

}  // namespace

io_result stack_socket::send_message(const outgoing_message& message) noexcept {
    io_result done;
    done.error = may_send();
    if (done.error) return done;
    const datagram_options& how = message.how;
    const bool foreign = !message.descriptors.empty() || message.with_credentials;
    if (foreign || type_ != type::datagram) return network_socket::send_message(message);
    if (!in_octet(how.hop_limit, 1) || !in_octet(how.traffic_class, 0)) {
        return {0, std::make_error_code(std::errc::invalid_argument)};
    }
    const tcpip::endpoint there = to_stack(how.to);
    const tcpip::endpoint* to = how.to == endpoint() ? nullptr : &there;
    const tcpip::send_choice choice{to_stack(how.source).address, to_octet(how.hop_limit), to_octet(how.traffic_class),
                                    how.interface};
    done.error = perform(out_, [&]() noexcept {
        const tcpip::payload_view bytes{{message.data.data(), message.data.size()}, {}};
        auto went = inner_->send_chosen(bytes, to, choice, now());
        if (pass_over(went.problem)) went = inner_->send_chosen(bytes, to, choice, now());
        done.bytes = went.size;
        return went.problem;
    });
    return done;
}

io_result stack_socket::recv_message(incoming_message& message) noexcept {
    if (type_ != type::datagram) return network_socket::recv_message(message);
    message.info = {};
    message.descriptors.clear();
    message.descriptors_lost = false;
    message.sender.reset();
    io_result done;
    done.error = usable();
    if (done.error) return done;
    done.error = perform(in_, [&]() noexcept {
        for (;;) {
            tcpip::receive_info info;
            const auto came = inner_->recv_from({message.room.data(), message.room.size()}, info, 0, now());
            if (pass_over(came.problem)) continue;
            if (came.problem != tcpip::error::ok) return came.problem;
            const network& home = *home_.load(std::memory_order_relaxed);
            message.info = facts_of(info, told_, home.wall_clock_ns() - home.now_ns());
            message.info.size = done.bytes = came.size;
            return came.problem;
        }
    });
    return done;
}

std::error_code stack_socket::set_membership(const group_membership& of, bool member) noexcept {
    if (const std::error_code refused = usable()) return refused;
    if (type_ != type::datagram) return errc::not_supported;
    const tcpip::group_choice choice{to_stack(of.group).address, to_stack(of.source).address, of.interface};
    tcpip::error result = tcpip::error::enomem;
    try {
        result = member ? inner_->join_group(choice, now()) : inner_->leave_group(choice, now());
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
    home_.load(std::memory_order_relaxed)->call_done();
    return to_error_code(result);
}

std::error_code stack_socket::recv_error(datagram_error& out) noexcept {
    if (const std::error_code refused = usable()) return refused;
    if (!wants_errors_) return errc::not_supported;
    return perform(errors_, [&]() noexcept {
        auto queued = inner_->take_error();
        if (!queued) return tcpip::error::eagain;
        const bool v6 = queued->offender.is_v6();
        out.what = to_error_code(queued->problem);
        out.by = v6 ? datagram_error::origin::icmpv6 : datagram_error::origin::icmp;
        out.destination = from_stack(queued->destination).unmapped();
        out.reporter = from_stack({queued->offender, 0});
        out.icmp_type = queued->icmp_type;
        out.icmp_code = queued->icmp_code;
        out.mtu = queued->mtu;
        out.datagram = std::move(queued->datagram);
        return tcpip::error::ok;
    });
}

// An unconnected socket that has asked for errors hears of them by recv_error() alone. True: `problem` was such a
// thing, has been taken, and the call may be tried again.
bool stack_socket::pass_over(tcpip::error problem) noexcept {
    using tcpip::error;
    const bool from_icmp = problem == error::econnrefused || problem == error::ehostunreach ||
                           problem == error::enetunreach || problem == error::ehostdown || problem == error::eproto ||
                           problem == error::enoprotoopt || problem == error::eacces || problem == error::emsgsize;
    return from_icmp && wants_errors_ && !inner_->remote();
}

}  // namespace cardea::detail
