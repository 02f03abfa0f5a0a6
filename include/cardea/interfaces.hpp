// The host's network interfaces with their addresses, and waiting until something about them changes (rtnetlink(7)).
//
//   for (const network_interface& i : interfaces()) print(i.name, i.up);
//   interface_watch watch;
//   for (;;) print(watch.next().interface.name);
#pragma once

#include <cardea/descriptor.hpp>
#include <cardea/endpoint.hpp>
#include <cardea/socket.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <system_error>
#include <vector>

namespace cardea {

/// An address of an interface.
struct interface_address {
    endpoint address;         ///< IPv4 or IPv6, with port 0; a link-local one has its scope
    std::uint8_t prefix = 0;  ///< how many leading bits are the network's
    endpoint peer = {};       ///< the other end's, of a point-to-point link; else unspecified
    [[nodiscard]] friend bool operator==(const interface_address&, const interface_address&) = default;
};

/// An interface as it was when it was asked for.
struct network_interface {
    std::uint32_t index = 0;                          ///< its number, as scopes and options have it
    std::string name;                                 ///< "eth0"
    bool up = false;                                  ///< switched on (IFF_UP)
    bool running = false;                             ///< the link works: there is a carrier (IFF_RUNNING)
    bool loopback = false;                            ///< reaches this host only (IFF_LOOPBACK)
    bool broadcast = false;                           ///< has broadcasts (IFF_BROADCAST)
    bool multicast = false;                           ///< has multicasts (IFF_MULTICAST)
    bool point_to_point = false;                      ///< has one other end (IFF_POINTOPOINT)
    std::uint32_t mtu = 0;                            ///< the largest packet, in bytes
    std::vector<std::uint8_t> hardware_address = {};  ///< a MAC address has six bytes; empty: it has none
    /// IPv6's once they are usable: duplicate address detection (RFC 4862 section 5.4) has ended well.
    std::vector<interface_address> addresses = {};

    [[nodiscard]] bool usable() const noexcept { return up && running; }  ///< Packets can pass.
    [[nodiscard]] friend bool operator==(const network_interface&, const network_interface&) = default;
};

/// Every interface of this host, in the order of their numbers: those of the calling thread's network namespace. Asks
/// the kernel and never waits for anything else, so no deadline is looked at. Any thread may call it. Throws
/// cardea::error: errc::not_supported on networks that are not the kernel's, else what the kernel says.
std::vector<network_interface> interfaces();
std::vector<network_interface> interfaces(std::error_code& ec) noexcept;

/// What has changed.
struct interface_change {
    /// Kinds of change.
    enum class kind : std::uint8_t {
        appeared,         ///< there is a new interface; its addresses are told next
        disappeared,      ///< it is gone, and its addresses with it; `interface` is as it last was
        went_up,          ///< it has become usable()
        went_down,        ///< it is usable() no more
        altered,          ///< another flag, the name, the MTU or the hardware address
        address_added,    ///< `address`
        address_removed,  ///< `address`
    };
    kind what = kind::altered;       ///< which of them
    network_interface interface;     ///< as it is now, without its addresses: known() has them
    interface_address address = {};  ///< the one that came or went
};

/// Waits for changes of the interfaces, from when it was made. The calls belong to one fiber or thread at a time; like
/// a socket it can be used elsewhere when no call is under way.
class interface_watch {
  public:
    /// Watches those of the calling thread's network namespace. Throws as interfaces() does.
    interface_watch();
    explicit interface_watch(std::error_code& ec) noexcept;
    interface_watch(interface_watch&&) noexcept = default;
    interface_watch& operator=(interface_watch&&) noexcept = default;

    /// The next change: at once if there is one already, else blocks (a fiber parks) until there is. What comes and
    /// goes before anybody looks may never be told; nothing that lasts is missed, also when the kernel has had to drop
    /// notices because nobody looked for long (ENOBUFS, netlink(7)). A deadline (errc::timed_out) or a cancellation
    /// leaves everything as it was: the next call goes on. Throws cardea::error.
    interface_change next();
    interface_change next(std::error_code& ec) noexcept;
    /// The interfaces as they are after every change that next() has found, those included that it has not yet told.
    [[nodiscard]] const std::vector<network_interface>& known() const noexcept { return known_; }

  private:
    void look(std::error_code& ec);

    socket notices_;
    descriptor ask_;
    std::vector<network_interface> known_;
    std::deque<interface_change> untold_;
};

}  // namespace cardea
