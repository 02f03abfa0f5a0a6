// The host's network interfaces with their addresses, and waiting until something about them changes: a kernel's by
// rtnetlink(7). A host of Cardea's own stack has a loopback, "lo", and one link: "link" where it is simulated, else the
// TUN device, which goes down when it is deleted.
//
//   for (const network_interface& i : interfaces()) print(i.name, i.up);
//   interface_watch watch;
//   for (;;) print(watch.next().interface.name);
#pragma once

#include <cardea/descriptor.hpp>
#include <cardea/network_interface.hpp>
#include <cardea/socket.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <system_error>
#include <vector>

namespace cardea {

/// Every interface of this host, in the order of their numbers; a kernel's: those of the calling thread's network
/// namespace. Asks the kernel and never waits for anything else, so no deadline is looked at. Any thread may call it.
/// Throws cardea::error with what the kernel says.
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
    /// Watches what interfaces() would tell here. Throws as interfaces() does.
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
    void await_notice(std::error_code& ec) noexcept;

    socket notices_;
    descriptor ask_;          // none: the network tells by itself
    std::uint64_t seen_ = 0;  // changes of such a network
    std::vector<network_interface> known_;
    std::deque<interface_change> untold_;
};

}  // namespace cardea
