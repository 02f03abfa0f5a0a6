// What all sockets share.
#include "stack/socket/socket.hpp"

#include <limits>

#include "stack/host_core.hpp"

namespace cardea::stack {

socket::socket(host_core& core, ip_version family) : core_{&core}, hop_limit_{core.config.hop_limit}, family_{family} {
    core.adopt(*this);
}

socket::~socket() {
    if (core_ != nullptr) core_->release(*this);
}

void socket::detach() {
    core_ = nullptr;
    next_ = previous_ = nullptr;
    announce();
}

void socket::announce() {
    auto const now = readiness();
    auto const newly = now & ~announced_;
    announced_ = now;
    if (newly != 0 && observer_ != nullptr) observer_->on_ready(*this, newly);
}

error socket::listen(std::uint32_t, time_ns) { return core_ == nullptr ? error::ebadf : error::eopnotsupp; }

accept_result socket::accept(time_ns) { return {core_ == nullptr ? error::ebadf : error::eopnotsupp, nullptr, {}}; }

endpoint socket::outward(endpoint const& e) const {
    return family_ == ip_version::v6 ? endpoint{e.address.to_v4_mapped(), e.port} : e;
}

error socket::inward(endpoint const& given, endpoint& e) const {
    e = {given.address.unmapped(), given.port};
    if (family_ == ip_version::v4) return given.address.is_v4() ? error::ok : error::eafnosupport;
    if (given.address.version == ip_version::none) return error::eafnosupport;
    if (v6_only_ && e.address.is_v4()) return error::enetunreach;
    return error::ok;
}

error socket::set_option(socket_option o, std::int64_t value, time_ns) {
    if (core_ == nullptr) return error::ebadf;
    bool const on = value != 0;
    bool const octet = value >= 0 && value <= 255;
    switch (o) {
        case socket_option::reuse_address:
            reuse_address_ = on;
            return error::ok;
        case socket_option::reuse_port:
            reuse_port_ = on;
            return error::ok;
        case socket_option::broadcast:
            broadcast_ = on;
            return error::ok;
        case socket_option::v6_only:
            if (family_ != ip_version::v6) return error::enoprotoopt;
            if (local().port != 0) return error::einval;
            v6_only_ = on;
            return error::ok;
        case socket_option::hop_limit:
            if (value == -1) value = core_->config.hop_limit;
            if (value < 1 || value > 255) return error::einval;
            hop_limit_ = static_cast<std::uint8_t>(value);
            return error::ok;
        case socket_option::traffic_class:
            if (!octet) return error::einval;
            traffic_class_ = static_cast<std::uint8_t>(value);
            return error::ok;
        default:
            return error::enoprotoopt;
    }
}

error socket::get_option(socket_option o, std::int64_t& value, time_ns) {
    if (core_ == nullptr) return error::ebadf;
    switch (o) {
        case socket_option::reuse_address:
            value = reuse_address_;
            return error::ok;
        case socket_option::reuse_port:
            value = reuse_port_;
            return error::ok;
        case socket_option::broadcast:
            value = broadcast_;
            return error::ok;
        case socket_option::v6_only:
            if (family_ != ip_version::v6) return error::enoprotoopt;
            value = v6_only_;
            return error::ok;
        case socket_option::hop_limit:
            value = hop_limit_;
            return error::ok;
        case socket_option::traffic_class:
            value = traffic_class_;
            return error::ok;
        default:
            return error::enoprotoopt;
    }
}

}  // namespace cardea::stack
