// UDP (RFC 768, RFC 1122 section 4.1) of one host: ports, delivery, ICMP errors, and sending for its sockets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "stack/error.hpp"
#include "stack/ip/datagram.hpp"
#include "stack/ip/icmp.hpp"
#include "stack/linked_list.hpp"
#include "stack/memory_budget.hpp"
#include "stack/packet.hpp"
#include "stack/socket/port_table.hpp"
#include "stack/time.hpp"

namespace cardea::stack {

class host_core;
class udp_socket;
struct wants_room;  ///< the list of sockets that wait for room in the output queue

struct udp_send {
    endpoint local;  ///< unspecified address: the route's
    endpoint remote;
    std::uint8_t hop_limit = 64;
    std::uint8_t traffic_class = 0;
    bool dont_fragment = true;  ///< only what fits: EMSGSIZE beyond the path MTU
    bool never_df = false;
    bool no_checksum = false;
    std::uint16_t segment_size = 0;  ///< split into datagrams of this size; 0: one
};

class udp_layer {
  public:
    explicit udp_layer(host_core& core);

    void receive(ip::datagram const& d, time_ns now);
    void on_icmp(ip::icmp_report const& r, time_ns now);
    error send(udp_send const& s, payload_view const& payload, time_ns now);

    port_table& ports() { return ports_; }
    /// What all sockets' receive queues share.
    std::shared_ptr<memory_budget> const& memory() const { return memory_; }
    std::size_t memory_used() const { return memory_->used(); }
    /// A free port, for a socket bound without one.
    std::optional<std::uint16_t> choose_port(port_entry const& e);

    /// The socket waits for room in the output queue.
    void wait_for_room(udp_socket& s);
    void on_room();

  private:
    struct prepared;
    error send_one(prepared const& p, payload_view const& payload, std::uint16_t gso_size);
    error send_segments(prepared const& p, std::uint16_t segment_size, payload_view const& payload);
    /// The largest datagram that has lately gone between two ends.
    struct large_flow {
        endpoint local, remote;
        std::uint16_t length = 0;
    };
    large_flow& place_of(endpoint const& local, endpoint const& remote);
    void remember(prepared const& p, std::size_t length);
    bool has_sent(ip::icmp_report const& r);
    std::uint64_t flow_hash(endpoint const& local, endpoint const& remote) const;
    void deliver(udp_socket& s, ip::datagram const& d, endpoint const& local, endpoint const& remote,
                 bytes_view payload, time_ns now);

    host_core& core_;
    std::shared_ptr<memory_budget> memory_;
    port_table ports_;
    linked_list<udp_socket, wants_room> waiting_;
    std::array<large_flow, 256> large_flows_;  ///< the latest at each place
};

}  // namespace cardea::stack
