// The seam: the textbook's "standard set of functions" as one small abstract class, with the clock, the randomness and
// the names that a program may depend on. Everything above it is the same code on every network.
#pragma once

#include <cardea/buffer.hpp>
#include <cardea/endpoint.hpp>
#include <cardea/error.hpp>
#include <cardea/lease.hpp>
#include <cardea/network_interface.hpp>
#include <cardea/option.hpp>
#include <cardea/tcp_info.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace cardea {

/// Kinds of service (socket(2)).
enum class type : std::uint8_t { stream, datagram, seqpacket, raw };

/// Which direction shutdown() ends (shutdown(2)).
enum class direction : std::uint8_t { receive, send, both };

/// Bytes moved, and the error that stopped it, if any. Both can be set: bytes moved before the error.
struct io_result {
    std::size_t bytes = 0;  ///< moved
    std::error_code error;  ///< none: no failure
};

/// A descriptor on its way from one kernel network to another, with what was received but not yet read.
struct native_socket {
    int descriptor = -1;                          ///< owned by whoever has this
    cardea::family family = family::unspecified;  ///< as opened
    cardea::type type = type::stream;             ///< as opened
    std::vector<std::byte> unread;                ///< received, and asked for by nobody yet
    bool end_of_stream = false;                   ///< received as well, behind the bytes
    std::vector<int> accepted = {};       ///< a listener's connections that nobody has asked for yet, oldest first
    std::error_code error = {};           ///< received as well, behind the bytes: what the next recv reports
    std::shared_ptr<void> messages = {};  ///< what kernel networks keep of a socket that uses the calls of message.hpp
    /// SO_LINGER may have been set on it once, and connections in a listener's queue have it from then; true: not
    /// known.
    bool lingered = true;
    /// Others may have the same open file, and with it its O_NONBLOCK: it was made elsewhere, or has been handed on.
    bool shared = true;
};

class network;
struct service_record;
struct outgoing_message;
struct incoming_message;
struct outgoing_datagram;
struct batch_result;
class datagram_batch;
struct datagram_error;
struct group_membership;
struct credentials;

/// An open socket on one network. Calls block whoever runs them (thread or fiber) until they are done, its deadline
/// passes (errc::timed_out) or it is cancelled (errc::cancelled); then nothing of the call is left behind, in the
/// kernel neither. They report errors as values and never throw. Any number of fibers of the owning loop, or of plain
/// threads on the thread network, may call at once; calls in the same direction are served in order.
class network_socket {
  public:
    /// Closes, if close() has not been called.
    virtual ~network_socket() = default;
    network_socket(const network_socket&) = delete;
    network_socket& operator=(const network_socket&) = delete;
    /// bind(2), listen(2), accept(2), connect(2).
    virtual std::error_code bind(const endpoint& where) noexcept = 0;
    virtual std::error_code listen(int backlog) noexcept = 0;
    virtual std::error_code accept(std::unique_ptr<network_socket>& connection, endpoint& client) noexcept = 0;
    virtual std::error_code connect(const endpoint& server) noexcept = 0;
    /// Begins what connect() does, and waits for nothing: no error: connected; std::errc::operation_in_progress: see
    /// network::await_connect(). Only the network of plain threads has it: a thread waits in one call at a time.
    virtual std::error_code begin_connect(const endpoint& /*server*/) noexcept { return errc::not_supported; }
    /// A stream sends all of it, or reports how much went before the error.
    virtual io_result send(const_buffer data) noexcept = 0;
    /// A stream gives what is there, at least one byte; 0 and no error: the peer has closed.
    virtual io_result recv(mutable_buffer room) noexcept = 0;
    virtual io_result send_to(const_buffer datagram, const endpoint& to) noexcept = 0;
    virtual io_result recv_from(mutable_buffer room, endpoint& from, bool& truncated) noexcept = 0;

    // What a network may do better than by the calls above. Each has an answer that is right everywhere.

    /// As send(), of all the pieces in order, and nothing of other callers in between; of a datagram's they make one.
    virtual io_result send_vectored(const_buffers pieces) noexcept;
    /// As recv(), into the rooms in order.
    virtual io_result recv_vectored(mutable_buffers rooms) noexcept;
    /// As recv(), and the bytes stay. Of a datagram, what fits.
    virtual io_result peek(mutable_buffer room) noexcept;
    /// As recv() of a stream, lending the bytes where they lie. While it waits it holds no memory.
    virtual io_result recv_lease(lease& out) noexcept;
    /// Puts bytes in front of those that the next receive of a stream gives.
    virtual std::error_code put_back(const_buffer bytes) noexcept;
    /// Sends up to `size` bytes of a file from `offset` on, fewer where it ends before. `reading_failed`: the error is
    /// the file's.
    virtual io_result send_file(int file, std::uint64_t offset, std::size_t size, bool& reading_failed) noexcept;
    /// Moves what is there, at least one byte and at most `size`, to another stream of this network; 0 and no error:
    /// the peer has closed. `sending_failed`: the error is that of `to`, and bytes that it did not take have been put
    /// back.
    virtual io_result splice(network_socket& to, std::size_t size, bool& sending_failed) noexcept;

    // Messages with what goes along with them (message.hpp). A network answers errc::not_supported to what it has not.

    virtual io_result send_message(const outgoing_message& message) noexcept;  ///< sendmsg(2).
    /// Fills message.info and what else was asked for. 0 bytes of a stream and no error: the peer has closed.
    virtual io_result recv_message(incoming_message& message) noexcept;
    /// All of them, in order, until one fails.
    virtual batch_result send_batch(std::span<const outgoing_datagram> datagrams) noexcept;
    /// Waits for one, and takes what else is there.
    virtual std::error_code recv_batch(datagram_batch& into) noexcept;
    /// Waits for an error that came back for a datagram sent earlier. Only with option_id::receive_errors set.
    virtual std::error_code recv_error(datagram_error& out) noexcept;
    virtual std::error_code set_membership(const group_membership& of, bool member) noexcept;
    /// Who has connected this Unix socket, or made the pair (SO_PEERCRED).
    virtual std::error_code peer_credentials(credentials& out) const noexcept;

    virtual std::error_code shutdown(direction how) noexcept = 0;  ///< shutdown(2).
    /// Wakes every waiter with errc::closed and gives the descriptor back. Twice is harmless.
    virtual std::error_code close() noexcept = 0;
    [[nodiscard]] virtual bool is_open() const noexcept = 0;

    virtual std::error_code local(endpoint& out) const noexcept = 0;                               ///< getsockname(2).
    virtual std::error_code peer(endpoint& out) const noexcept = 0;                                ///< getpeername(2).
    virtual std::error_code set_option(option_id option, option_value value) noexcept = 0;         ///< setsockopt(2).
    virtual std::error_code get_option(option_id option, option_value& value) const noexcept = 0;  ///< getsockopt(2).
    /// The same for the options that are text.
    virtual std::error_code set_text_option(option_id option, const std::string& value) noexcept;
    virtual std::error_code get_text_option(option_id option, std::string& value) const noexcept;
    virtual std::error_code info(tcp_info& out) const noexcept;

    /// The network it lives on; nullptr when that has ended and the socket waits to be taken over.
    [[nodiscard]] virtual network* home() const noexcept = 0;
    /// Lets go of the descriptor so that another kernel network can adopt it. Only when no call is under way.
    virtual std::error_code release(native_socket& out) noexcept = 0;
    /// The descriptor, for calls of one's own; -1 where there is none.
    [[nodiscard]] virtual int descriptor() const noexcept { return -1; }

  protected:
    network_socket() = default;
};

/// One answer to a look-up of a name's addresses.
struct found_addresses {
    family of = family::unspecified;  ///< of this family alone; unspecified: all that there are, best first
    std::error_code error;            ///< none: there are some
    std::vector<endpoint> addresses;  ///< best first
};

/// A look-up of a name's addresses that is under way (network::begin_resolve): the answers of the families come one by
/// one (RFC 8305 section 3). Its end abandons what has not come. Of whoever began it, and not longer there than that.
class address_look_up {
  public:
    virtual ~address_look_up() = default;
    address_look_up(const address_look_up&) = delete;
    address_look_up& operator=(const address_look_up&) = delete;

    /// An answer that has come and was not taken yet; false: none. Never blocks. One for both families is the last, and
    /// stands for all of them.
    virtual bool next(found_addresses& out) noexcept = 0;
    /// No more answers come.
    [[nodiscard]] virtual bool is_over() const noexcept = 0;
    /// When to ask for the next one; the greatest number: whoever began the look-up is unparked then.
    [[nodiscard]] virtual std::int64_t next_ns() const noexcept = 0;
    /// Whose addresses this host prefers, as far as it can be told before there are any (RFC 6724).
    [[nodiscard]] virtual family preferred() const noexcept = 0;

  protected:
    address_look_up() = default;
};

/// One host's network, as a program sees it. Which one serves a call is decided by where the call is made: the loop of
/// the running fiber, or the thread network outside of loops.
class network {
  public:
    virtual ~network() = default;
    network(const network&) = delete;
    network& operator=(const network&) = delete;

    /// "thread", "uring", "epoll", ...
    [[nodiscard]] virtual const char* name() const noexcept = 0;
    virtual std::error_code open(family f, type t, int protocol, std::unique_ptr<network_socket>& out) noexcept = 0;
    /// Two sockets connected to each other (socketpair(2)).
    virtual std::error_code open_pair(family f, type t, int protocol, std::unique_ptr<network_socket>& one,
                                      std::unique_ptr<network_socket>& other) noexcept;
    /// Takes over what release() let go of; or, where the family is unspecified, a descriptor from elsewhere, and fills
    /// in what it is. On failure the descriptor stays the caller's.
    virtual std::error_code adopt(native_socket&& from, std::unique_ptr<network_socket>& out) noexcept = 0;

    /// Monotonic nanoseconds: deadlines and sleeps. No step of the wall clock moves it.
    [[nodiscard]] virtual std::int64_t now_ns() const noexcept = 0;
    /// Nanoseconds since 1970 (UTC).
    [[nodiscard]] virtual std::int64_t wall_clock_ns() const noexcept = 0;
    [[nodiscard]] virtual std::uint64_t random() noexcept = 0;
    /// The addresses of a name, in the order to try them. Blocks; abandoned at the caller's deadline or cancellation.
    virtual std::error_code resolve(const std::string& host, const std::string& service,
                                    std::vector<endpoint>& out) noexcept = 0;
    /// Begins what resolve() does, for an asker who takes the answers as they come; of one family alone, unless that is
    /// unspecified. errc::not_supported: here they come all at once, by resolve().
    virtual std::error_code begin_resolve(const std::string& /*host*/, const std::string& /*service*/, family /*only*/,
                                          std::unique_ptr<address_look_up>& /*out*/) noexcept {
        return errc::not_supported;
    }
    /// Waits until one of the connects that were begun has ended: `which`, and how it did (`outcome`). Else, at
    /// `until_ns` or the caller's deadline, or when the thread is woken, errc::timed_out; cancelled, errc::cancelled:
    /// then all of them go on.
    virtual std::error_code await_connect(const std::vector<network_socket*>& /*begun*/, std::int64_t /*until_ns*/,
                                          std::size_t& /*which*/, std::error_code& /*outcome*/) noexcept {
        return errc::not_supported;
    }
    /// The records of a service (RFC 2782), "_http._tcp.example.org", in the resolver's order. Blocks as resolve().
    virtual std::error_code resolve_srv(const std::string& /*name*/, std::vector<service_record>& /*out*/) noexcept {
        return errc::not_supported;
    }
    /// The name of a host by its address. Blocks as resolve(). errc::name_not_found: it has none.
    virtual std::error_code reverse(const endpoint& /*of*/, std::string& /*name*/) noexcept {
        return errc::not_supported;
    }
    /// if_nametoindex(3); 0: no such interface.
    [[nodiscard]] virtual std::uint32_t interface_index(const std::string& name) const noexcept = 0;
    /// The interfaces of a host that is no kernel's, in the order of their numbers; errc::not_supported: the kernel is
    /// to be asked (interfaces.hpp).
    virtual std::error_code list_interfaces(std::vector<network_interface>& /*out*/) noexcept {
        return errc::not_supported;
    }
    /// Waits until that list has changed once more than `seen` times, and counts it there. Blocks as a call of a
    /// socket.
    virtual std::error_code await_interfaces(std::uint64_t& /*seen*/) noexcept { return errc::not_supported; }

  protected:
    network() = default;
};

/// The network that serves calls made here and now.
network& this_network() noexcept;

/// The network of plain threads: blocking system calls. Lives as long as the program.
network& thread_network() noexcept;

/// What is known of the kernel networks on this machine, and why the default one won: for people (`cardea info`).
struct network_report {
    std::string name;     ///< as run_options has it
    bool usable = false;  ///< a loop can run on it here
    std::string why;      ///< "io_uring_setup: Operation not permitted", or what was chosen and with which features
};
std::vector<network_report> probe_networks();  ///< Tries each, and closes it again. Blocks no longer than that.

}  // namespace cardea
