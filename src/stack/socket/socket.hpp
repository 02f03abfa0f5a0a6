// A socket of the stack: Berkeley's calls without blocking, on one host. What would block says EAGAIN (or EINPROGRESS),
// and an observer hears when it is worth trying again. Time is passed in. Not thread-safe: one thread per host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "stack/address.hpp"
#include "stack/error.hpp"
#include "stack/packet.hpp"
#include "stack/time.hpp"

namespace cardea::stack {

class host_core;
class socket;

namespace tcp {
class connection;
class listener;
}  // namespace tcp

/// What a socket is ready for, as bits.
namespace ready {
inline constexpr unsigned readable = 1;  ///< recv or accept would not say EAGAIN (end of stream and errors included)
inline constexpr unsigned writable = 2;  ///< send would take a worthwhile amount, or fail
inline constexpr unsigned error = 4;     ///< an error waits to be taken (SO_ERROR)
inline constexpr unsigned hangup = 8;    ///< both directions are closed
inline constexpr unsigned drained = 16;  ///< TCP: everything sent, the FIN included, has been acknowledged
inline constexpr unsigned urgent = 32;   ///< TCP: urgent data is ahead (RFC 9293 MUST-32), as poll(2)'s POLLPRI
}  // namespace ready

class socket_observer {
  public:
    virtual ~socket_observer() = default;
    /// `newly`: the bits that have just been set. Must not call into the stack; wake somebody who will.
    virtual void on_ready(socket& s, unsigned newly) = 0;
};

enum class shutdown_mode : std::uint8_t { read = 1, write = 2, both = 3 };

enum class socket_option : std::uint8_t {
    reuse_address,
    reuse_port,
    v6_only,
    broadcast,
    multicast_loop,       ///< UDP: what is sent to a group reaches members on this host
    multicast_hops,       ///< UDP: the hop limit of what is sent to a group; 1 unless set
    multicast_interface,  ///< UDP: by which that leaves (ip::interface_number); 0: the link, if there is one
    send_buffer,
    receive_buffer,
    hop_limit,       ///< IP_TTL, IPV6_UNICAST_HOPS
    traffic_class,   ///< IP_TOS, IPV6_TCLASS; the ECN bits are TCP's own on a TCP socket
    path_mtu,        ///< read only: what is known of the path to the peer
    mtu_discover,    ///< UDP: see mtu_discovery
    receive_errors,  ///< UDP: IP_RECVERR: every ICMP error is reported, and queued with its cause
    checksum_off,    ///< UDP over IPv4: send zero for the checksum (RFC 768)
    segment_size,    ///< UDP_SEGMENT: split every send into datagrams of this size; 0: off
    no_delay,
    cork,
    quick_ack,
    keepalive,
    keepalive_idle_ms,
    keepalive_interval_ms,
    keepalive_count,
    user_timeout_ms,
    linger_ms,      ///< -1: off; 0: close resets; more: for the caller to wait for ready::drained
    max_segment,    ///< read only: TCP_MAXSEG
    pending_error,  ///< read only, SO_ERROR: an `error`, cleared by reading
};

/// Values of socket_option::mtu_discover, as ip(7) has them.
enum class mtu_discovery : std::uint8_t {
    dont,  ///< never DF; fragment
    want,  ///< DF while it fits, fragment what does not
    must   ///< DF always; EMSGSIZE for what does not fit
};

struct io_result {
    error problem = error::ok;
    std::size_t size = 0;
};

/// Facts about a received datagram.
struct receive_info {
    endpoint from;
    endpoint to;  ///< the address it was sent to (IP_PKTINFO)
    std::uint8_t traffic_class = 0;
    std::uint8_t hop_limit = 0;
    std::uint32_t interface = 0;  ///< by which it came (ip::interface_number)
    bool truncated = false;       ///< the buffer was smaller than the datagram: the rest is lost (MSG_TRUNC)
    std::size_t full_size = 0;    ///< of the datagram
    time_ns arrived = 0;          ///< when it entered the host
};

/// What one datagram has of its own, whatever the socket has.
struct send_choice {
    ip_address source;  ///< of this host; `none`: the socket's, or the route's
    std::optional<std::uint8_t> hop_limit;
    std::optional<std::uint8_t> traffic_class;
    std::uint32_t interface = 0;  ///< by which it leaves; 0: the one that leads there
};

/// Membership of a socket in a multicast group.
struct group_choice {
    ip_address group;
    ip_address source;            ///< only what this one sends (RFC 4607); `none`: what anybody sends
    std::uint32_t interface = 0;  ///< 0: the link, if there is one
};

/// An ICMP error kept for a socket with receive_errors.
struct queued_error {
    error problem = error::ok;
    endpoint destination;  ///< where the datagram went that caused it
    ip_address offender;   ///< who sent the ICMP message
    std::uint8_t icmp_type = 0;
    std::uint8_t icmp_code = 0;
    std::uint32_t mtu = 0;
    std::vector<std::byte> datagram;  ///< its beginning, as the message quotes it
};

namespace message {
inline constexpr unsigned peek = 1;
inline constexpr unsigned out_of_band = 2;  ///< TCP urgent data, send only
}  // namespace message

struct accept_result;

class socket {
  public:
    socket(socket const&) = delete;
    socket& operator=(socket const&) = delete;
    virtual ~socket();

    ip_version family() const { return family_; }
    virtual bool is_stream() const = 0;

    virtual error bind(endpoint const& local) = 0;
    /// TCP: EINPROGRESS, then ready::writable. UDP: fixes the peer; an endpoint without an address unfixes it.
    virtual error connect(endpoint const& peer, time_ns now) = 0;
    virtual error listen(std::uint32_t backlog, time_ns now);
    virtual accept_result accept(time_ns now);

    virtual io_result send(payload_view const& data, unsigned flags, time_ns now) = 0;
    /// UDP: as send_to(), or to the peer where `to` is null, with what is chosen for this datagram alone.
    virtual io_result send_chosen(payload_view const&, endpoint const* /*to*/, send_choice const&, time_ns) {
        return {error::eopnotsupp, 0};
    }
    virtual io_result recv(std::span<std::byte> into, unsigned flags, time_ns now) = 0;
    virtual io_result send_to(payload_view const& data, endpoint const& peer, time_ns now) = 0;
    virtual io_result recv_from(std::span<std::byte> into, receive_info& info, unsigned flags, time_ns now) = 0;

    /// TCP: the received bytes where they lie, until the next call on the host; and letting go of n of them.
    virtual payload_view readable_bytes() const { return {}; }
    virtual void consume(std::size_t, time_ns) {}
    /// UDP: IP_ADD_MEMBERSHIP, IP_ADD_SOURCE_MEMBERSHIP, IPV6_ADD_MEMBERSHIP and so on, and their opposites.
    virtual error join_group(group_choice const&, time_ns) { return error::eopnotsupp; }
    virtual error leave_group(group_choice const&, time_ns) { return error::eopnotsupp; }
    /// UDP with receive_errors: the oldest ICMP error kept (MSG_ERRQUEUE).
    virtual std::optional<queued_error> take_error() { return std::nullopt; }
    /// For what only TCP tells (tcp_info); null when there is none.
    virtual tcp::connection const* connection() const { return nullptr; }
    virtual tcp::listener const* listener() const { return nullptr; }

    virtual error shutdown(shutdown_mode how, time_ns now) = 0;
    /// Lets go: TCP finishes by itself (or resets: unread data, linger 0). Everything else then says EBADF. Idempotent.
    virtual void close(time_ns now) = 0;
    /// TCP: a reset now. UDP: as close.
    virtual void abort(time_ns now) = 0;

    virtual error set_option(socket_option o, std::int64_t value, time_ns now);
    virtual error get_option(socket_option o, std::int64_t& value, time_ns now);

    /// As getsockname: an unbound socket has a wildcard address and port 0.
    virtual endpoint local() const = 0;
    /// As getpeername; nothing when there is no peer.
    virtual std::optional<endpoint> remote() const = 0;

    virtual unsigned readiness() const = 0;
    /// At most one; null for none. Hears only of bits set after this call: look at readiness() first.
    void observe(socket_observer* o) { observer_ = o; }

    bool is_closed() const { return core_ == nullptr; }

  protected:
    socket(host_core& core, ip_version family);

    /// Compares readiness with what the observer last heard, and tells it of what is new.
    void announce();

    /// An address as the user of this socket sees it (v4-mapped on an IPv6 socket), and back.
    endpoint outward(endpoint const& e) const;
    /// The other way, checked against the family: EAFNOSUPPORT, ENETUNREACH for IPv4 on a v6-only socket.
    error inward(endpoint const& given, endpoint& e) const;

    host_core* core_;  ///< null once closed, or once the host is gone

    std::uint8_t hop_limit_ = 64;
    std::uint8_t traffic_class_ = 0;
    bool reuse_address_ = false;
    bool reuse_port_ = false;
    bool v6_only_ = false;
    bool broadcast_ = false;

  private:
    friend class host_core;
    void detach();  ///< the host is gone

    ip_version family_;
    socket_observer* observer_ = nullptr;
    unsigned announced_ = 0;
    socket* next_ = nullptr;  ///< the host's list of open sockets
    socket* previous_ = nullptr;
};

struct accept_result {
    error problem = error::ok;
    std::unique_ptr<socket> connection;
    endpoint peer;
};

}  // namespace cardea::stack
