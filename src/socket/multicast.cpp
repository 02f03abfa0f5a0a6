// Multicast groups.
#include <cardea/multicast.hpp>
#include <string>

#include "socket/message_calls.hpp"

namespace cardea {

using detail::message_calls;

namespace {

[[noreturn]] void refuse(const socket& s, std::error_code ec, const char* operation, const group_membership& m) {
    if (ec != errc::bad_address) message_calls::fail(s, ec, operation, m.group);
    throw error(ec, operation, std::string(operation) + " " + m.group.to_string() + " (no group's address)");
}

}  // namespace

void join(socket_ref receiver, const group_membership& group) {
    std::error_code ec;
    join(receiver, group, ec);
    if (ec) refuse(receiver.get(), ec, "join", group);
}

void join(socket_ref receiver, const group_membership& group, std::error_code& ec) noexcept {
    ec = message_calls::set_membership(receiver.get(), group, true);
}

void leave(socket_ref receiver, const group_membership& group) {
    std::error_code ec;
    leave(receiver, group, ec);
    if (ec) refuse(receiver.get(), ec, "leave", group);
}

void leave(socket_ref receiver, const group_membership& group, std::error_code& ec) noexcept {
    ec = message_calls::set_membership(receiver.get(), group, false);
}

std::uint32_t interface_of(const std::string& name) {
    std::error_code ec;
    const std::uint32_t index = interface_of(name, ec);
    if (ec) throw error(ec, "interface", "interface " + name);
    return index;
}

std::uint32_t interface_of(const std::string& name, std::error_code& ec) noexcept {
    const std::uint32_t index = this_network().interface_index(name);
    ec = index != 0 ? std::error_code() : std::make_error_code(std::errc::no_such_device);
    return index;
}

}  // namespace cardea
