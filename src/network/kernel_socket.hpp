// What the kernel's networks (thread, uring, epoll) share: the descriptor, and the calls that never block.
// POSIX and Linux system calls; nothing of fibers.
#pragma once

#include <cardea/network.hpp>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "network/unread_bytes.hpp"

namespace cardea::detail {

inline std::error_code last_error() noexcept { return {errno, std::system_category()}; }
inline std::error_code system_error_code(int number) noexcept { return {number, std::system_category()}; }
inline bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }
/// The connection died in the listen queue, or a signal came: accept is simply tried again. The list is accept(2)'s
/// "Error handling" for Linux: network errors pending on the new connection.
bool accept_again(int error) noexcept;

/// A listener's connections that were accepted before anybody asked: they come before those in the kernel's queue.
class accepted_ahead {
  public:
    accepted_ahead() noexcept = default;
    explicit accepted_ahead(std::vector<int>&& from) noexcept : waiting_(std::move(from)) {}
    ~accepted_ahead() { reset_all(); }
    accepted_ahead(const accepted_ahead&) = delete;
    accepted_ahead& operator=(const accepted_ahead&) = delete;

    [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }
    /// Takes the descriptor over; false: no memory for it.
    bool add(int fd) noexcept;
    /// The oldest one's descriptor, from now on the caller's. Not empty.
    int take() noexcept;
    void give_to(native_socket& out);

  private:
    /// Nobody asked in time: they are reset, as the kernel does with those in a closed listener's queue.
    void reset_all() noexcept;

    std::vector<int> waiting_;
};

class kernel_socket : public network_socket {
  public:
    std::error_code bind(const endpoint& where) noexcept override;
    std::error_code listen(int backlog) noexcept override;
    std::error_code shutdown(direction how) noexcept override;
    std::error_code local(endpoint& out) const noexcept override;
    std::error_code peer(endpoint& out) const noexcept override;
    std::error_code set_option(option_id option, option_value value) noexcept override;
    std::error_code get_option(option_id option, option_value& value) const noexcept override;
    std::error_code set_text_option(option_id option, const std::string& value) noexcept override;
    std::error_code get_text_option(option_id option, std::string& value) const noexcept override;
    std::error_code info(cardea::tcp_info& out) const noexcept override;
    [[nodiscard]] int descriptor() const noexcept override { return fd_; }

  protected:
    kernel_socket(int fd, family f, type t) noexcept : fd_(fd), family_(f), type_(t) {}

    /// SO_ERROR: how a connect that was waited for has ended.
    [[nodiscard]] std::error_code pending_error() const noexcept;
    /// Ends a connect that is under way (connect(2) with AF_UNSPEC).
    void abandon_connect() noexcept;
    /// With SO_LINGER of more than 0 s close(2) blocks, on a non-blocking descriptor too: not on a loop's thread.
    [[nodiscard]] bool lingers() const noexcept { return lingers_; }
    std::error_code set_nonblocking(bool on) noexcept;
    [[nodiscard]] bool is_listening() const noexcept;

    /// Takes over a listener's connections from its last network; accept() gives them before it asks the kernel.
    void inherit(native_socket& from);
    [[nodiscard]] bool has_inherited() const noexcept { return ahead_ != nullptr && !ahead_->empty(); }
    std::error_code accept_inherited(network& home, std::unique_ptr<network_socket>& connection,
                                     endpoint& client) noexcept;
    void give_inherited_to(native_socket& out);

    int fd_;
    const family family_;
    const type type_;

  private:
    bool lingers_ = false;
    std::unique_ptr<accepted_ahead> ahead_;  // few sockets ever have one
};

/// socket(2): close-on-exec; IPv6 sockets dual-stack.
std::error_code open_descriptor(family f, type t, int protocol, int extra_flags, int& fd) noexcept;

std::int64_t monotonic_ns() noexcept;
std::int64_t realtime_ns() noexcept;
std::uint64_t kernel_random() noexcept;

/// getpeername(2); none: it has reset meanwhile (ENOTCONN).
endpoint peer_of(int fd) noexcept;

/// getaddrinfo(3), res_nsearch(3) and getnameinfo(3) on a helper thread, bounded by the caller's deadline. See network.
std::error_code kernel_resolve(const std::string& host, const std::string& service,
                               std::vector<endpoint>& out) noexcept;
std::error_code kernel_resolve_srv(const std::string& name, std::vector<service_record>& out) noexcept;
std::error_code kernel_reverse(const endpoint& of, std::string& name) noexcept;

/// The parts of `network` that every kernel network answers alike.
class kernel_network : public network {
  public:
    [[nodiscard]] std::int64_t now_ns() const noexcept override { return monotonic_ns(); }
    [[nodiscard]] std::int64_t wall_clock_ns() const noexcept override { return realtime_ns(); }
    [[nodiscard]] std::uint64_t random() noexcept override { return kernel_random(); }
    std::error_code resolve(const std::string& host, const std::string& service,
                            std::vector<endpoint>& out) noexcept override {
        return kernel_resolve(host, service, out);
    }
    std::error_code resolve_srv(const std::string& name, std::vector<service_record>& out) noexcept override {
        return kernel_resolve_srv(name, out);
    }
    std::error_code reverse(const endpoint& of, std::string& name) noexcept override {
        return kernel_reverse(of, name);
    }
    [[nodiscard]] std::uint32_t interface_index(const std::string& name) const noexcept override;
};

}  // namespace cardea::detail
