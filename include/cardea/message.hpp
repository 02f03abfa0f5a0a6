// What crosses the seam with a message: where it came from and by which way, what is passed along, whole batches, and
// what ICMP says of those that did not arrive. Programs meet these types through datagram.hpp, batch.hpp,
// error_queue.hpp, multicast.hpp and passing.hpp.
#pragma once

#include <cardea/buffer.hpp>
#include <cardea/descriptor.hpp>
#include <cardea/endpoint.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

namespace cardea {

/// Explicit congestion notification (RFC 3168 section 5): the lower two bits of the traffic class.
enum class ecn : std::uint8_t { not_capable = 0, capable_1 = 1, capable_0 = 2, congestion = 3 };

/// Which facts a socket is to report of the datagrams it receives, to be combined with |. Those not asked for stay
/// empty.
enum class metadata : std::uint8_t {
    none = 0,
    destination = 1,    ///< datagram_info::to and interface (IP_PKTINFO, IPV6_RECVPKTINFO)
    hop_limit = 2,      ///< datagram_info::hop_limit (IP_RECVTTL, IPV6_RECVHOPLIMIT)
    traffic_class = 4,  ///< datagram_info::traffic_class and its ECN bits (IP_RECVTOS, IPV6_RECVTCLASS)
    arrival = 8,        ///< datagram_info::arrived (SO_TIMESTAMPNS)
    all = 15,
};
constexpr metadata operator|(metadata a, metadata b) noexcept {  ///< Both.
    return static_cast<metadata>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool has(metadata set, metadata one) noexcept {  ///< Whether `one`, or a part of it, is in `set`.
    return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

/// A received datagram but for its bytes. Size and sender are always told, the rest if it was asked for.
struct datagram_info {
    std::size_t size = 0;         ///< bytes in the caller's room
    std::size_t full_size = 0;    ///< bytes of the datagram; those beyond `size` are lost
    endpoint from;                ///< the sender
    endpoint to;                  ///< the address it was sent to, and this socket's port; a group's if it was multicast
    std::uint32_t interface = 0;  ///< where it came in; 0: not told
    std::optional<std::uint8_t> hop_limit;      ///< as it arrived: the sender's less one for each router
    std::optional<std::uint8_t> traffic_class;  ///< DSCP and ECN (RFC 2474, RFC 3168)
    std::chrono::nanoseconds arrived{0};        ///< when it entered this host, since 1970 (UTC); 0: not told

    [[nodiscard]] bool truncated() const noexcept { return full_size > size; }  ///< Its end is lost.
    /// ECN's bits of the traffic class; not_capable if that was not told.
    [[nodiscard]] cardea::ecn ecn() const noexcept {
        return static_cast<cardea::ecn>(traffic_class.value_or(std::uint8_t{0}) & 3U);
    }
};

/// How one datagram is to be sent. What is left empty is as the socket has it.
struct datagram_options {
    endpoint to = {};                       ///< unspecified: the connected peer
    endpoint source = {};                   ///< an address of this host (its port is not looked at); a reply: info.to
    std::uint32_t interface = 0;            ///< the interface it leaves by
    std::optional<int> hop_limit = {};      ///< 1 to 255
    std::optional<int> traffic_class = {};  ///< 0 to 255: DSCP and ECN
};

/// Who a process is, as the kernel knows it or as its owner claims with the right to (unix(7)).
struct credentials {
    std::int32_t process = 0;  ///< its number (getpid(2))
    std::uint32_t user = 0;    ///< getuid(2)
    std::uint32_t group = 0;   ///< getgid(2)

    [[nodiscard]] friend bool operator==(const credentials&, const credentials&) = default;
};

/// A message on its way out. Everything in it is borrowed for the call.
struct outgoing_message {
    const_buffer data;                      ///< the bytes
    datagram_options how = {};              ///< where to, and how
    std::span<const int> descriptors = {};  ///< Unix sockets: duplicated into the receiver (SCM_RIGHTS)
    bool with_credentials = false;          ///< Unix sockets: this process's (SCM_CREDENTIALS)
};

/// A message to be received: room for it, and what came along.
struct incoming_message {
    mutable_buffer room;                       ///< for the bytes
    std::size_t max_descriptors = 0;           ///< Unix sockets: more than these are closed at once
    datagram_info info = {};                   ///< size, sender and what else was asked for
    std::vector<descriptor> descriptors = {};  ///< Unix sockets: what came along, owned
    bool descriptors_lost = false;  ///< more came than there was room for, or than this process may open (MSG_CTRUNC)
    std::optional<cardea::credentials> sender = {};  ///< Unix sockets: the sender, if asked for
};

/// One datagram of a batch to be sent. What it points at must live until the call returns.
struct outgoing_datagram {
    const_buffer data;             ///< the bytes
    const endpoint* to = nullptr;  ///< nullptr: the connected peer
};

/// How far a batch got: what was handed to the network, and the error that stopped it, if any.
struct batch_result {
    std::size_t datagrams = 0;   ///< how many went
    std::size_t bytes = 0;       ///< in them
    std::error_code error = {};  ///< none: all of them went
};

namespace detail {
struct batch_slots;
}

/// One datagram of a batch that was received. Valid until the batch is received into again, or destroyed.
struct received_datagram {
    const_buffer data;                     ///< the bytes
    const datagram_info* about = nullptr;  ///< shared by the datagrams of a train: its size is theirs together

    [[nodiscard]] const endpoint& from() const noexcept { return about->from; }  ///< The sender.
    /// It was longer than a buffer: the rest is lost.
    [[nodiscard]] bool truncated() const noexcept { return about->truncated(); }
};

/// Room for many datagrams, made once and received into again and again: buffers of 64 KiB, each of which takes one
/// datagram, or a train of equal ones of one sender that the kernel has glued together (UDP_GRO). Memory is committed
/// as it is first used. Belongs to one fiber or thread at a time. One that was moved from can only be destroyed and
/// assigned to.
class datagram_batch {
  public:
    static constexpr std::size_t buffer_bytes = 64 * 1024;  ///< Of each buffer: a datagram has no more.
    /// 16 buffers are a megabyte: more leaves the processor's caches. At least 1, at most 64.
    explicit datagram_batch(std::size_t buffers = 16);
    ~datagram_batch();
    datagram_batch(datagram_batch&& other) noexcept;
    datagram_batch& operator=(datagram_batch&& other) noexcept;

    /// Goes through the datagrams in the order in which they came.
    class iterator {
      public:
        using value_type = received_datagram;    ///< What is iterated over.
        using difference_type = std::ptrdiff_t;  ///< As iterators have it.

        iterator() noexcept = default;
        received_datagram operator*() const noexcept { return {{data_, size_}, about_}; }  ///< The datagram.
        iterator& operator++() noexcept {                                                  ///< The next.
            data_ += size_;
            left_ -= size_;
            if (left_ == 0) {
                next_buffer();
            } else if (size_ > left_) {
                size_ = left_;
            }
            return *this;
        }
        void operator++(int) noexcept { ++*this; }  ///< The next.
        friend bool operator==(const iterator& a, const iterator& b) noexcept {
            return a.at_ == b.at_ && a.left_ == b.left_;
        }

      private:
        friend class datagram_batch;
        void next_buffer() noexcept;
        void look() noexcept;

        const detail::batch_slots* of_ = nullptr;
        std::size_t at_ = 0;
        const std::byte* data_ = nullptr;
        std::size_t size_ = 0;
        std::size_t left_ = 0;
        const datagram_info* about_ = nullptr;
    };
    [[nodiscard]] iterator begin() const noexcept;  ///< The first datagram.
    [[nodiscard]] iterator end() const noexcept;    ///< Behind the last.
    /// Datagrams in it.
    [[nodiscard]] std::size_t size() const noexcept;
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    /// For networks.
    [[nodiscard]] detail::batch_slots& slots() noexcept { return *slots_; }

  private:
    std::unique_ptr<detail::batch_slots> slots_;
};

/// An error that came back for a datagram sent earlier (ip(7), IP_RECVERR).
struct datagram_error {
    /// Who found that the datagram cannot be delivered.
    enum class origin : std::uint8_t {
        local,  ///< this host: the datagram was too big for the path, say
        icmp,   ///< a router, or the destination's host (RFC 792)
        icmpv6  ///< likewise (RFC 4443)
    };
    std::error_code what;             ///< as the socket would have reported it: std::errc::connection_refused, ...
    origin by = origin::local;        ///< who found it
    endpoint destination;             ///< where the datagram was sent
    endpoint reporter;                ///< who said so; unspecified: not told
    std::uint8_t icmp_type = 0;       ///< RFC 792, RFC 4443
    std::uint8_t icmp_code = 0;       ///< likewise
    std::uint32_t mtu = 0;            ///< the path's, if the datagram was too big; else 0
    std::vector<std::byte> datagram;  ///< its beginning, as far as the error quotes it: nothing at worst
};

/// Membership in a multicast group.
struct group_membership {
    endpoint group;               ///< the group's address; its port is not looked at
    endpoint source = {};         ///< only what this one sends (RFC 4607); unspecified: what anybody sends
    std::uint32_t interface = 0;  ///< 0: the one the routing table says
};

}  // namespace cardea
