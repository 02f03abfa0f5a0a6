// What a network that has no messages of its own does with them: those that carry nothing but bytes go the plain way,
// everything else is said not to be supported.
#include <cardea/message.hpp>
#include <cardea/network.hpp>

#include "network/batch_slots.hpp"

namespace cardea {

namespace {

bool is_plain(const outgoing_message& m) noexcept {
    const datagram_options& how = m.how;
    const bool own_way = how.source != endpoint() || how.interface != 0 || how.hop_limit || how.traffic_class;
    return !own_way && m.descriptors.empty() && !m.with_credentials;
}

}  // namespace

io_result network_socket::send_message(const outgoing_message& message) noexcept {
    if (!is_plain(message)) return {0, errc::not_supported};
    return message.how.to == endpoint() ? send(message.data) : send_to(message.data, message.how.to);
}

io_result network_socket::recv_message(incoming_message& message) noexcept {
    bool truncated = false;
    const io_result done = recv_from(message.room, message.info.from, truncated);
    message.info.size = done.bytes;
    message.info.full_size = done.bytes + (truncated ? 1 : 0);  // how much more it was nobody knows
    return done;
}

batch_result network_socket::send_batch(std::span<const outgoing_datagram> datagrams) noexcept {
    batch_result all;
    for (const outgoing_datagram& one : datagrams) {
        const io_result done = one.to == nullptr ? send(one.data) : send_to(one.data, *one.to);
        all.error = done.error;
        if (all.error) break;
        ++all.datagrams;
        all.bytes += done.bytes;
    }
    return all;
}

std::error_code network_socket::recv_batch(datagram_batch& into) noexcept {
    detail::batch_slots& slots = into.slots();
    slots.clear();
    incoming_message one{{slots.room(0), datagram_batch::buffer_bytes}};
    const io_result done = recv_message(one);
    if (done.error) return done.error;
    slots.next() = one.info;
    slots.add();
    return {};
}

std::error_code network_socket::recv_error(datagram_error&) noexcept { return errc::not_supported; }

std::error_code network_socket::set_membership(const group_membership&, bool) noexcept { return errc::not_supported; }

std::error_code network_socket::peer_credentials(credentials&) const noexcept { return errc::not_supported; }

std::error_code network::open_pair(family, type, int, std::unique_ptr<network_socket>&,
                                   std::unique_ptr<network_socket>&) noexcept {
    return errc::not_supported;
}

}  // namespace cardea
