// The public face of host_core.
#include "stack/host.hpp"

#include "stack/host_core.hpp"
#include "stack/socket/tcp_socket.hpp"
#include "stack/socket/udp_socket.hpp"

namespace cardea::stack {

host::host(host_config const& config) : core_{std::make_unique<host_core>(config)} {}
host::~host() = default;

void host::ingress(bytes_view packet, packet_meta const& meta, time_ns now) {
    core_->ingress(packet, meta, false, now);
}

void host::poll(time_ns now, packet_sink& sink) { core_->poll(now, sink); }
time_ns host::next_deadline() const { return core_->next_deadline(); }

std::unique_ptr<socket> host::open_tcp(ip_version family) {
    if (!core_->may_open()) return nullptr;
    return std::make_unique<tcp_socket>(*core_, family);
}

std::unique_ptr<socket> host::open_udp(ip_version family) {
    if (!core_->may_open()) return nullptr;
    return std::make_unique<udp_socket>(*core_, family);
}

void host::join_group(ip_address const& group) { core_->routes.join(group); }
void host::leave_group(ip_address const& group) { core_->routes.leave(group); }
host_config const& host::config() const { return core_->config; }
host_counters host::counters() const { return core_->counters(); }

}  // namespace cardea::stack
