// What the kernel's networks (thread, uring, epoll) share: the descriptor, and the calls that never block.
// POSIX and Linux system calls; nothing of fibers.
#pragma once

#include <atomic>
#include <cardea/message.hpp>
#include <cardea/network.hpp>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "network/unread_bytes.hpp"

struct msghdr;

namespace cardea::detail {

struct batch_slots;
class splice_pipe;
struct message_state;

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
    ~accepted_ahead() { reset_all(); }
    accepted_ahead(const accepted_ahead&) = delete;
    accepted_ahead& operator=(const accepted_ahead&) = delete;

    [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }
    /// Takes the descriptor over; false: no memory for it.
    bool add(int fd) noexcept;
    /// The oldest one's descriptor, from now on the caller's. Not empty.
    int take() noexcept;
    /// Takes over what another network's had. Empty before.
    void take_from(native_socket& from) noexcept { waiting_ = std::move(from.accepted); }
    /// Behind those that are there already. Where there is no memory for that they are reset.
    void give_to(native_socket& out) noexcept;

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
    // kernel_messages.cpp, kernel_batch.cpp, kernel_errors.cpp
    io_result send_message(const outgoing_message& message) noexcept override;
    io_result recv_message(incoming_message& message) noexcept override;
    batch_result send_batch(std::span<const outgoing_datagram> datagrams) noexcept override;
    std::error_code recv_batch(datagram_batch& into) noexcept override;
    std::error_code recv_error(datagram_error& out) noexcept override;
    std::error_code set_membership(const group_membership& of, bool member) noexcept override;
    std::error_code peer_credentials(credentials& out) const noexcept override;
    io_result splice(network_socket& to, std::size_t size, bool& sending_failed) noexcept override;
    [[nodiscard]] int descriptor() const noexcept override { return fd_; }

  protected:
    kernel_socket(int fd, family f, type t) noexcept : fd_(fd), family_(f), type_(t) {}

    /// SO_ERROR: how a connect that was waited for has ended.
    [[nodiscard]] std::error_code pending_error() const noexcept;
    /// Ends a connect that is under way (connect(2) with AF_UNSPEC).
    void abandon_connect() noexcept;
    /// With SO_LINGER of more than 0 s close(2) blocks, on a non-blocking descriptor too: not on a loop's thread.
    [[nodiscard]] bool lingers() const noexcept { return lingers_; }
    /// A connection accepted here may: it has SO_LINGER as the listener had it when the handshake was done.
    [[nodiscard]] bool hands_on_linger() const noexcept { return lingered_; }
    /// native_socket::shared.
    [[nodiscard]] bool is_shared() const noexcept { return shared_; }
    [[nodiscard]] bool is_nonblocking() const noexcept;
    /// SO_LINGER comes with a descriptor, from a listener (accept(2)) or from another network.
    void learn_linger() noexcept;
    std::error_code set_nonblocking(bool on) noexcept;
    [[nodiscard]] bool is_listening() const noexcept;

    /// Takes over a listener's connections from its last network; accept() gives them before it asks the kernel.
    void inherit(native_socket& from) noexcept;
    [[nodiscard]] bool has_inherited() const noexcept { return !ahead_.empty(); }
    std::error_code accept_inherited(network& home, std::unique_ptr<network_socket>& connection,
                                     endpoint& client) noexcept;
    void give_inherited_to(native_socket& out) noexcept;

    /// What a call that found nothing to do waits for.
    enum class readiness : std::uint8_t {
        to_read,
        to_write,
        room_at_receiver,  ///< of an unconnected Unix datagram: only trying again tells
        error,             ///< something in the error queue
    };
    /// A piece of a call that does not block if told so by its flags: 0, an errno, or EAGAIN for "not yet".
    class trial {
      public:
        template <class F>
        explicit trial(F& f) noexcept
            : object_(&f), call_([](void* o, int flags) noexcept { return (*static_cast<F*>(o))(flags); }) {}
        int operator()(int flags) const noexcept { return call_(object_, flags); }

      private:
        void* object_;
        int (*call_)(void*, int);
    };
    /// Attempts until it is not EAGAIN, and waits in between as this network does.
    virtual std::error_code until_done(readiness what, trial one) noexcept = 0;
    /// Bytes of a stream that were received before anybody asked come before the kernel's. False: there are none.
    virtual bool take_ahead(mutable_buffer room, io_result& out) noexcept = 0;
    /// There are none, and none will be before somebody asks.
    [[nodiscard]] virtual bool nothing_ahead() const noexcept = 0;
    /// O_NONBLOCK does no harm to this network's own calls.
    [[nodiscard]] virtual bool may_stay_nonblocking() const noexcept { return true; }
    /// It has asked for errors or received a batch: the plain calls must go the way of messages.
    [[nodiscard]] bool uses_messages() const noexcept { return uses_messages_.load(std::memory_order_acquire); }
    io_result send_plainly(const_buffer data, const endpoint* to) noexcept;
    io_result recv_plainly(mutable_buffer room, endpoint& from, bool& truncated) noexcept;
    /// Datagrams come glued together, since a batch was received: the kernel's own peek would show a whole train.
    [[nodiscard]] bool comes_in_trains() const noexcept;
    io_result peek_plainly(mutable_buffer room) noexcept;
    /// A cut one is std::errc::message_size.
    io_result recv_record(mutable_buffer room) noexcept;

    int fd_;
    const family family_;
    const type type_;

  private:
    class unblocked;
    bool splice_by_pipe(kernel_socket& to, std::size_t size, io_result& done, bool& sending_failed) noexcept;
    std::error_code fill(splice_pipe& pipe, std::size_t size) noexcept;
    std::error_code drain(splice_pipe& pipe) noexcept;
    void take_back(splice_pipe& pipe) noexcept;
    message_state* begin_messages() noexcept;
    int send_once(const outgoing_message& m, const endpoint* to, int flags, io_result& done) noexcept;
    int send_datagram(msghdr& h, int flags, std::size_t& sent) noexcept;
    int receive(incoming_message& m, int flags) noexcept;
    int receive_once(incoming_message& m, int flags) noexcept;
    int receive_from_train(message_state& s, incoming_message& m, bool leave) noexcept;
    int send_some(std::span<const outgoing_datagram> all, int flags, batch_result& done) noexcept;
    int send_train(std::span<const outgoing_datagram> train, int flags, batch_result& done) noexcept;
    int send_singles(std::span<const outgoing_datagram> all, int flags, batch_result& done) noexcept;
    int receive_batch(batch_slots& slots, message_state& s, int flags) noexcept;
    void begin_gluing(message_state& s) noexcept;
    void take_train(batch_slots& slots, message_state& s) noexcept;
    bool collect_error(message_state& s) noexcept;
    bool collect_errors(message_state& s) noexcept;
    bool pass_over(int failure) noexcept;
    [[nodiscard]] bool is_connected() const noexcept;
    std::error_code set_metadata(metadata wanted) noexcept;
    std::error_code set_receive_errors(bool on) noexcept;
    std::error_code set_multicast_interface(std::uint32_t index) noexcept;

    bool lingers_ = false;
    bool lingered_ = false;
    bool shared_ = false;
    accepted_ahead ahead_;
    std::shared_ptr<message_state> messages_;
    std::atomic<bool> uses_messages_{false};
    std::atomic<unsigned> shut_down_{0};  // 1: receiving, 2: sending
    std::atomic<bool> splices_{false};    // the next step of a splice() from here goes through a pipe
};

/// What a descriptor from elsewhere is (SO_DOMAIN, SO_TYPE): fills in family and type where they are not known, and
/// sets FD_CLOEXEC.
std::error_code identify(native_socket& from) noexcept;

/// close(2) at the end of a socket of a loop: one that lingers is a helper thread's, and a fiber waits for that as far
/// as its deadlines go.
void close_beside_loop(int fd, bool lingers) noexcept;

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
    std::error_code begin_resolve(const std::string& host, const std::string& service, family only,
                                  std::unique_ptr<address_look_up>& out) noexcept override;
    std::error_code resolve_srv(const std::string& name, std::vector<service_record>& out) noexcept override {
        return kernel_resolve_srv(name, out);
    }
    std::error_code reverse(const endpoint& of, std::string& name) noexcept override {
        return kernel_reverse(of, name);
    }
    [[nodiscard]] std::uint32_t interface_index(const std::string& name) const noexcept override;
    std::error_code open_pair(family f, type t, int protocol, std::unique_ptr<network_socket>& one,
                              std::unique_ptr<network_socket>& other) noexcept override;
};

}  // namespace cardea::detail
