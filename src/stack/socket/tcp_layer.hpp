// TCP of one host around tcp::connection and tcp::listener: the table of connections, ports, timers, resets for
// segments nobody knows, and emission. Connections live here until they are finished, whether or not a socket still
// holds them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include "stack/ip/datagram.hpp"
#include "stack/ip/icmp.hpp"
#include "stack/linked_list.hpp"
#include "stack/memory_budget.hpp"
#include "stack/socket/port_table.hpp"
#include "stack/tcp/connection.hpp"
#include "stack/tcp/listener.hpp"
#include "stack/timer_heap.hpp"

namespace cardea::stack {

class host_core;
class tcp_socket;

/// What the IP header of a connection's packets says.
struct tcp_ip_fields {
    std::uint8_t hop_limit = 64;
    std::uint8_t traffic_class = 0;  ///< without the ECN bits, which are each segment's
    std::uint32_t flow_label = 0;
    bool may_fragment = false;  ///< the path is narrower than we take MTUs to be
};

// The lists that a record may be in.
struct has_output;
struct has_gap;
struct in_time_wait;
struct wants_memory;

struct tcp_record final : timed,
                          list_node<has_output>,
                          list_node<has_gap>,
                          list_node<in_time_wait>,
                          list_node<wants_memory> {
    std::shared_ptr<tcp::connection> connection;
    tcp_socket* owner = nullptr;  ///< null while unaccepted, and after close
    tcp_ip_fields ip;
    std::uint64_t path_revision = 0;  ///< of the path MTUs, when last looked at
    time_ns path_until = never;       ///< when what they said becomes old
    time_ns used_at = 0;              ///< when a segment, a call or a timer last had to do with it
    time_ns trim_at = never;          ///< when to look whether its spare memory is still unused
    tcp::sequence sent_end;           ///< after the highest sequence number emitted
    bool emitted = false;
    bool reuse_address = false;
    bool in_table = false;
    bool reopening = false;     ///< in TIME-WAIT, while a listener completes the handshake that is to replace it
    bool path_doubted = false;  ///< and the observer has been told
};

struct listener_record final : timed, list_node<has_output> {
    listener_record(tcp::listener_config const& c, tcp::secret_key const& k, tcp::observer* w) : listener{c, k, w} {}
    tcp::listener listener;
    tcp_socket* owner = nullptr;  ///< null once the socket is closed
    tcp_ip_fields ip;
    bool reuse_address = false;
    std::shared_ptr<listener_record> itself;  ///< once its socket has let go, until its resets are out
};

class tcp_layer {
  public:
    explicit tcp_layer(host_core& core);
    ~tcp_layer();
    tcp_layer(tcp_layer const&) = delete;
    tcp_layer& operator=(tcp_layer const&) = delete;

    void receive(ip::datagram const& d, time_ns now);
    void on_icmp(ip::icmp_report const& r, time_ns now);

    /// Runs the timers due, then emits what connections and listeners have to send.
    void poll(time_ns now);
    bool pending() const { return !dirty_.empty() || !dirty_listeners_.empty(); }
    time_ns next_deadline() const { return timers_.next(); }
    std::size_t connections() const { return table_.size(); }
    std::size_t memory_used() const { return memory_->used(); }

    // --- For sockets

    port_table& ports() { return ports_; }
    /// Whether `port` may be bound: sockets, and connections that outlived theirs.
    bool may_bind(std::uint16_t port, port_entry const& e) const;
    std::optional<std::uint16_t> choose_port(port_entry const& e);

    struct opening {
        error problem = error::ok;
        std::shared_ptr<tcp_record> record;
    };
    /// An active open. local.port 0: an ephemeral one.
    opening connect(tcp::four_tuple tuple, tcp::connection_config config, std::uint32_t path_mtu, bool reuse_address,
                    time_ns now);
    std::shared_ptr<listener_record> listen(tcp::listener_config const& config);
    /// The table's record of an accepted connection, or a new one outside of the table if it has ended meanwhile.
    std::shared_ptr<tcp_record> record_of(std::shared_ptr<tcp::connection> const& c);

    /// Its socket could not send for want of memory: it hears when there is some.
    void wait_for_memory(tcp_record& r);
    void mark(tcp_record& r);
    void mark(listener_record& l);
    /// The listener's socket has closed it: keeps it until its resets are out.
    void retire(std::shared_ptr<listener_record> l, time_ns now);
    /// Fills in what depends on the path and on the device.
    void adapt(tcp::connection_config& config, bool loopback) const;

  private:
    struct tuple_hash {
        std::uint64_t key;
        std::size_t operator()(tcp::four_tuple const& t) const;
    };
    using table = std::unordered_map<tcp::four_tuple, std::shared_ptr<tcp_record>, tuple_hash>;
    struct port_use {
        std::uint32_t connections = 0;
        std::uint32_t exclusive = 0;  ///< of sockets without SO_REUSEADDR
    };

    void to_listener(ip::datagram const& d, tcp::four_tuple const& t, tcp::segment const& s, time_ns now,
                     std::optional<tcp::sequence> isn);
    void refuse(ip::datagram const& d, tcp::four_tuple const& t, tcp::segment const& s);
    std::shared_ptr<tcp_record> enter(std::shared_ptr<tcp::connection> c, tcp_ip_fields const& ip, bool reuse);
    void leave(tcp_record& r);
    bool make_room(time_ns now);
    void relieve();
    void keep_lists(tcp_record& r);
    void run_timers(time_ns now);
    void service(tcp_record& r, time_ns now);
    void watch_memory(tcp_record& r, time_ns now);
    void follow_path(tcp_record& r, time_ns now);
    void service(listener_record& l, time_ns now);
    void emit(tcp::four_tuple const& t, tcp_ip_fields const& ip, tcp::segment const& s);
    listener_record* find_listener(tcp::four_tuple const& t) const;
    std::optional<std::uint16_t> choose_connect_port(tcp::four_tuple const& t, bool reuse_time_wait);
    bool in_flight(tcp_record const& r, tcp::sequence quoted) const;
    std::uint32_t flow_label(tcp::four_tuple const& t) const;

    host_core& core_;
    tcp::secret_key secret_;
    tcp::isn_generator isn_;
    port_table ports_;
    table table_;  ///< looked up, never iterated
    std::unordered_map<std::uint16_t, port_use> port_uses_;
    timer_heap timers_;
    std::shared_ptr<memory_budget> memory_;  ///< of the connections, which may outlive the layer in their sockets
    linked_list<tcp_record, has_output> dirty_;
    linked_list<listener_record, has_output> dirty_listeners_;
    linked_list<tcp_record, has_gap> gaps_;             ///< data beyond a gap, the oldest first
    linked_list<tcp_record, in_time_wait> time_waits_;  ///< the oldest first
    linked_list<tcp_record, wants_memory> starving_;
    std::size_t listeners_ = 0;
    std::uint64_t next_serial_ = 0;
};

}  // namespace cardea::stack
