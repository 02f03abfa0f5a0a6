// A UDP socket, with the calls, options and errors of udp(7).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "stack/ip/datagram.hpp"
#include "stack/ip/icmp.hpp"
#include "stack/linked_list.hpp"
#include "stack/socket/datagram_queue.hpp"
#include "stack/socket/port_table.hpp"
#include "stack/socket/socket.hpp"

namespace cardea::stack {

struct udp_send;
struct wants_room;

class udp_socket final : public socket, public list_node<wants_room> {
  public:
    udp_socket(host_core& core, ip_version family);
    ~udp_socket() override;

    bool is_stream() const override { return false; }
    error bind(endpoint const& local) override;
    error connect(endpoint const& peer, time_ns now) override;
    io_result send(payload_view const& data, unsigned flags, time_ns now) override;
    io_result send_to(payload_view const& data, endpoint const& peer, time_ns now) override;
    io_result send_chosen(payload_view const& data, endpoint const* to, send_choice const& choice,
                          time_ns now) override;
    io_result recv(std::span<std::byte> into, unsigned flags, time_ns now) override;
    io_result recv_from(std::span<std::byte> into, receive_info& info, unsigned flags, time_ns now) override;
    error shutdown(shutdown_mode how, time_ns now) override;
    void close(time_ns now) override;
    void abort(time_ns now) override { close(now); }
    error set_option(socket_option o, std::int64_t value, time_ns now) override;
    error get_option(socket_option o, std::int64_t& value, time_ns now) override;
    endpoint local() const override;
    std::optional<endpoint> remote() const override;
    unsigned readiness() const override;

    error join_group(group_choice const& c, time_ns now) override;
    error leave_group(group_choice const& c, time_ns now) override;

    std::optional<queued_error> take_error() override;
    std::uint64_t datagrams_dropped() const { return dropped_; }

    // --- The layer's side

    /// Whether it wants a datagram that came to a group or a broadcast address of its port.
    bool hears(ip::datagram const& d) const;
    /// False when the queue is full.
    bool deliver(receive_info const& info, bytes_view payload);
    void on_icmp(ip::icmp_report const& r);
    void on_room() { announce(); }

  private:
    static constexpr std::size_t max_queued_errors = 16;

    /// Of everybody, or of `sources` alone.
    struct membership {
        ip_address group;
        std::uint32_t interface = 0;
        bool from_anybody = false;
        std::vector<ip_address> sources;
    };
    using memberships = std::vector<membership>;

    memberships::iterator find_membership(ip_address const& group, std::uint32_t interface);
    error group_of(group_choice& c) const;
    error may_join_one_more(ip_address const& group) const;
    error may_add(membership const& to, ip_address const& source) const;
    void leave(memberships::iterator m, time_ns now);
    void leave_every_group(time_ns now);
    error set_multicast_option(socket_option o, std::int64_t value);

    error bind_inward(endpoint const& e, bool explicit_address);
    error ensure_bound();
    io_result send_inward(payload_view const& data, endpoint const& to, send_choice const& choice, time_ns now);
    error take_pending_error();
    void update_entry();
    port_entry entry() const;

    datagram_queue queue_;
    memberships memberships_;
    std::deque<queued_error> errors_;
    bound_address bound_;
    ip_address chosen_;  ///< the address bind() named; restored when a connection is undone
    std::uint16_t port_ = 0;
    endpoint remote_;
    error pending_error_ = error::ok;
    mtu_discovery discovery_ = mtu_discovery::want;
    std::uint16_t segment_size_ = 0;
    std::uint64_t dropped_ = 0;
    std::uint32_t multicast_interface_ = 0;
    std::uint8_t multicast_hops_ = 1;
    bool multicast_loop_ = true;
    bool receive_errors_ = false;
    bool no_checksum_ = false;
    bool read_shut_ = false;
    bool write_shut_ = false;
};

}  // namespace cardea::stack
