// One host of the TCP/IP stack as a network of the seam. It has no I/O and no clock: whoever derives from it passes
// packets and time to host(), and tells the time. One thread, its loop's; what others may call says so.
#pragma once

#include <atomic>
#include <cardea/network.hpp>
#include <cardea/sync.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "network/stack/capture.hpp"
#include "stack/host.hpp"
#include "stack/random.hpp"

namespace cardea::detail {

// In this namespace `stack` is what a fiber runs on.
namespace tcpip = ::cardea::stack;

class stack_socket;

class stack_network : public network, private tcpip::host_observer {
  public:
    ~stack_network() override;

    std::error_code open(family f, type t, int protocol, std::unique_ptr<network_socket>& out) noexcept override;
    /// Nothing comes from elsewhere: descriptors are the kernel's.
    std::error_code adopt(native_socket&& from, std::unique_ptr<network_socket>& out) noexcept override;
    /// "localhost" only.
    std::error_code resolve(const std::string& host, const std::string& service,
                            std::vector<endpoint>& out) noexcept override;
    [[nodiscard]] std::uint64_t random() noexcept override { return random_.next(); }
    [[nodiscard]] std::uint32_t interface_index(const std::string& name) const noexcept override;
    std::error_code list_interfaces(std::vector<network_interface>& out) noexcept override;
    std::error_code await_interfaces(std::uint64_t& seen) noexcept override;

    [[nodiscard]] tcpip::host& host() noexcept { return host_; }
    /// Sockets that programs hold.
    [[nodiscard]] std::size_t sockets() const noexcept { return sockets_.load(std::memory_order_relaxed); }

    // --- For who drives it

    /// From now on every packet goes to the file as well, under the host's name.
    void capture(std::shared_ptr<capture_file> to, std::string_view host_name);
    /// A packet arrives now.
    void take_in(tcpip::bytes_view packet, const tcpip::packet_meta& meta);
    /// For the capture: a packet leaves now; the comment says what becomes of it.
    void note_sent(const tcpip::packet_view& packet, std::string_view comment = {}) noexcept;

    // --- For its sockets

    /// A socket of this network around one of the stack's; nullptr: no memory, and `inner` is gone.
    stack_socket* make(std::unique_ptr<tcpip::socket> inner, family f, type t) noexcept;
    /// What every call that leads away from this host ends with, once its link is gone; no error while it is there.
    [[nodiscard]] std::error_code down() const noexcept { return down_; }
    /// True on the thread that this network belongs to.
    [[nodiscard]] bool is_here() const noexcept { return std::this_thread::get_id() == owner_; }
    /// A call may have left packets behind. A host that nobody but itself can hear answers them at once, as a kernel's
    /// loopback does within the call.
    virtual void call_done() noexcept {}
    /// Only while holding `ends`, as the next.
    void forget(stack_socket& s) noexcept;
    /// The same from another thread, with what is to be closed.
    void abandon(stack_socket& s, std::unique_ptr<tcpip::socket> inner) noexcept;

    /// Guards every network's list of its sockets: a socket may end on another thread, and a network before its
    /// sockets. Taken when a socket is made and when it ends.
    static std::mutex ends;

  protected:
    /// `link_name`: what programs know its link by.
    stack_network(const tcpip::host_config& config, std::string link_name);
    /// This thread runs it from now on.
    void settle_here() noexcept { owner_ = std::this_thread::get_id(); }
    /// The link is gone for good: calls that wait for it, and those to come, end with that.
    void go_down(std::error_code why) noexcept;
    /// Closes what other threads have left behind. To be called at each turn.
    void collect_abandoned() noexcept;
    /// Makes the driver look again, for abandon(). Any thread.
    virtual void poke() noexcept = 0;

    /// Some of its packets have been for itself.
    [[nodiscard]] bool talks_to_itself() const noexcept { return talks_to_itself_; }
    [[nodiscard]] bool has_link() const noexcept;
    /// The capture of it, if there is one.
    [[nodiscard]] capture_file* captured() const noexcept { return capture_.get(); }

  private:
    void dropped(const tcpip::packet_view& packet, tcpip::drop_reason why) override;
    void looped(const tcpip::packet_view& packet) override;

    std::shared_ptr<capture_file> capture_;
    std::uint32_t captured_as_ = 0;
    bool talks_to_itself_ = false;
    std::error_code down_;
    event link_gone_;
    const std::string link_name_;
    tcpip::drop_reason refused_ = tcpip::drop_reason::none;  // of the packet that is being taken in
    tcpip::host host_;
    tcpip::random_source random_;
    std::thread::id owner_ = std::this_thread::get_id();
    std::atomic<std::size_t> sockets_{0};
    stack_socket* first_ = nullptr;                          // guarded by `ends`
    std::vector<std::unique_ptr<tcpip::socket>> abandoned_;  // guarded by `ends`
    std::atomic<bool> any_abandoned_{false};
};

/// "localhost" and names below it (RFC 6761 section 6.3).
bool is_localhost(std::string_view host) noexcept;
/// Their addresses, with the port; false: that is another name.
bool resolve_localhost(const std::string& host, std::uint16_t port, std::vector<endpoint>& out);
/// A number or a well-known name; 0: neither.
std::uint16_t port_of(const std::string& service) noexcept;

}  // namespace cardea::detail
