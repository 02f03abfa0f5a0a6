// The way out of IP: headers, fragments, and the choice between the link and loopback. Transport checksums are the
// transports' business; this says whether a device will finish them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "stack/address.hpp"
#include "stack/error.hpp"
#include "stack/host_config.hpp"
#include "stack/ip/routes.hpp"
#include "stack/packet.hpp"
#include "stack/packet_queue.hpp"
#include "stack/random.hpp"
#include "stack/tcp/isn.hpp"

namespace cardea::stack::ip {

/// The header fields a transport decides.
struct send_fields {
    ip_address source;
    ip_address destination;
    std::uint8_t protocol = 0;
    std::uint8_t hop_limit = 64;
    std::uint8_t traffic_class = 0;
    std::uint32_t flow_label = 0;
    bool dont_fragment = true;  ///< IPv4 only: IPv6 routers never fragment
};

constexpr std::size_t header_size(ip_address const& destination) { return destination.is_v4() ? 20 : 40; }

class output {
  public:
    output(host_config const& config, routes const& r, random_source& random);

    /// While a sink is attached packets go straight to it; else they are queued.
    void attach(packet_sink* sink) { sink_ = sink; }
    void flush();

    /// True when the transport is to leave its checksum partial: a device completes it.
    bool partial_checksum(send_fields const& f, std::size_t transport_size, std::uint32_t mtu) const {
        return config_.offload.checksum && !routes_.loops(f.destination) && !f.destination.is_multicast() &&
               header_size(f.destination) + transport_size <= mtu;
    }

    /// Sends one datagram, in fragments when it exceeds `mtu` and is no GSO packet. EMSGSIZE when it may not be
    /// fragmented, EAGAIN when the queue is full, ENOBUFS when there is no memory: part of it may be gone then.
    error send(send_fields const& f, bytes_view transport_header, payload_view const& payload, packet_meta meta,
               std::uint32_t mtu);

    bool pending() const { return !queue_.empty() || !loopback_.empty(); }
    bool full() const { return queue_.full() || loopback_.full(); }
    packet_queue& loopback() { return loopback_; }

  private:
    static constexpr std::size_t max_transport_header = 64;

    error send_whole(send_fields const& f, bytes_view transport_header, payload_view const& payload, packet_meta meta,
                     std::uint32_t mtu);
    error send_fragments(send_fields const& f, bytes_view transport_header, payload_view const& payload,
                         std::uint32_t mtu);
    error transmit(send_fields const& f, bytes_view headers, payload_view const& payload, packet_meta const& meta);
    std::uint32_t next_identification(send_fields const& f);

    host_config const& config_;
    routes const& routes_;
    packet_sink* sink_ = nullptr;
    packet_queue queue_;
    packet_queue loopback_;
    /// Where a pair of addresses begins to count, and which counter it has (RFC 7739 section 5.3).
    tcp::secret_key offset_key_{}, counter_key_{};
    std::array<std::uint32_t, 256> identification_{};
    std::vector<std::byte> scratch_;
};

}  // namespace cardea::stack::ip
