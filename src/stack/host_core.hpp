// The inside of a host, shared by its layers and sockets: not for users of the stack.
#pragma once

#include <cstdint>

#include "stack/host.hpp"
#include "stack/ip/group_reports.hpp"
#include "stack/ip/icmp.hpp"
#include "stack/ip/input.hpp"
#include "stack/ip/output.hpp"
#include "stack/ip/path_mtu.hpp"
#include "stack/ip/routes.hpp"
#include "stack/random.hpp"
#include "stack/socket/ephemeral.hpp"
#include "stack/socket/tcp_layer.hpp"
#include "stack/socket/udp_layer.hpp"

namespace cardea::stack {

class host_core final : private ip::input_handler {
  public:
    explicit host_core(host_config const& given);
    ~host_core() override;
    host_core(host_core const&) = delete;
    host_core& operator=(host_core const&) = delete;

    void ingress(bytes_view packet, packet_meta const& meta, bool looped, time_ns now);
    void poll(time_ns now, packet_sink& sink);
    time_ns next_deadline() const;
    host_counters counters() const;

    // --- For layers and sockets

    /// After anything that may have left output behind.
    void signal_output();
    void drop(bytes_view packet, drop_reason why);
    void complain(ip::datagram const& about, ip::icmp_complaint const& what) override;
    /// The MTU towards a destination: the first hop's, less what ICMP has taught.
    ip::path_mtu path_mtu(ip::route const& way, ip_address const& destination, time_ns now) const;
    /// A local address that a socket may bind to, groups and broadcast excepted.
    bool bindable(ip_address const& a) const;

    /// A keyed hash of a flow: choices made with it cannot be steered from outside.
    std::uint64_t flow_hash(tcp::four_tuple const& t) const;

    time_ns now() const { return now_; }  ///< of the last call that brought the time
    bool may_open() const { return counters_.sockets < config.max_sockets; }
    void adopt(socket& s);
    void release(socket& s);

    host_config const config;
    random_source random;
    ip::routes routes;
    ip::path_mtu_cache path_mtus;
    ip::output out;
    ip::group_reports groups;
    ephemeral_ports ephemeral;
    udp_layer udp;
    tcp_layer tcp;

  private:
    void deliver(ip::datagram const& d) override;
    void dropped(bytes_view packet, drop_reason why) override { drop(packet, why); }
    void on_icmp(ip::icmp_report const& r);
    bool output_pending() const;
    void drain_loopback(time_ns now);

    ip::input in_;
    ip::icmp icmp_;
    host_counters counters_;
    tcp::secret_key flow_key_;
    socket* sockets_ = nullptr;
    time_ns now_ = 0;  ///< of the call in progress
    bool polling_ = false;
    bool signalled_ = false;
};

}  // namespace cardea::stack
