// A UDP socket, with the calls, options and errors of udp(7).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

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

    std::optional<queued_error> take_error() override;
    std::uint64_t datagrams_dropped() const { return dropped_; }

    // --- The layer's side

    /// False when the queue is full.
    bool deliver(receive_info const& info, bytes_view payload);
    void on_icmp(ip::icmp_report const& r);
    void on_room() { announce(); }

  private:
    static constexpr std::size_t max_queued_errors = 16;

    error bind_inward(endpoint const& e, bool explicit_address);
    error ensure_bound();
    io_result send_inward(payload_view const& data, endpoint const& to, send_choice const& choice, time_ns now);
    error take_pending_error();
    void update_entry();
    port_entry entry() const;

    datagram_queue queue_;
    std::deque<queued_error> errors_;
    bound_address bound_;
    ip_address chosen_;  ///< the address bind() named; restored when a connection is undone
    std::uint16_t port_ = 0;
    endpoint remote_;
    error pending_error_ = error::ok;
    mtu_discovery discovery_ = mtu_discovery::want;
    std::uint16_t segment_size_ = 0;
    std::uint64_t dropped_ = 0;
    bool receive_errors_ = false;
    bool no_checksum_ = false;
    bool read_shut_ = false;
    bool write_shut_ = false;
};

}  // namespace cardea::stack
