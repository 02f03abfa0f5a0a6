// Faults on purpose: a wrapper around the network that code runs on, which makes chosen calls fail, come short, late or
// out of order. For tests of what a program does then.
#pragma once

#include <cardea/error.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace cardea {

class network;

/// The calls of a network that a fault can befall. A call that has variants (vectored, with a message, leased, of a
/// batch) is the one that they are variants of.
enum class network_call : std::uint8_t {
    any,        ///< whichever comes
    open,       ///< opening a socket, or a pair of them
    bind,       ///< bind(2)
    listen,     ///< listen(2)
    accept,     ///< accept(2)
    connect,    ///< connect(2)
    send,       ///< to the connected peer
    recv,       ///< of a stream
    send_to,    ///< a datagram to an address
    recv_from,  ///< a datagram
    shutdown,   ///< shutdown(2)
    option,     ///< setting an option, joining and leaving a group
    resolve     ///< a look-up of a name, of a service or of an address
};
/// "accept", ...
const char* to_string(network_call call) noexcept;

/// What is to go wrong, and when: `fault::fail(network_call::accept, std::errc::connection_aborted).at(3)`.
struct fault {
    /// What happens to the call.
    enum class effect : std::uint8_t {
        fail,             ///< nothing is done, and `error` reported
        fail_after,       ///< of a stream's send: `bytes` of it are sent, then `error` is reported
        shorten,          ///< of a stream's send or recv: at most `bytes` at once
        delay,            ///< it begins `time` later
        reorder,          ///< of a datagram's send: it leaves behind the `bytes` next ones
        too_late,         ///< it is done, and `error` reported all the same
        cancel_when_done  ///< it is done, and its caller is cancelled at that moment
    };
    static constexpr std::uint64_t always = std::numeric_limits<std::uint64_t>::max();  ///< for times()

    effect what = effect::fail;           ///< what happens
    network_call on = network_call::any;  ///< to which calls
    std::error_code error = {};           ///< what is reported
    std::size_t bytes = 0;                ///< how many; how far behind
    std::chrono::nanoseconds time{0};     ///< for how long
    std::uint64_t first = 1;              ///< the first such call that it befalls, from 1
    std::uint64_t count = 1;              ///< how many calls from there on

    /// The call does nothing and reports `why`.
    static fault fail(network_call on, std::error_code why) noexcept;
    /// A stream's send sends so many bytes, then fails, and says how many went.
    static fault fail_after(std::size_t bytes, std::error_code why) noexcept;
    /// A stream receives at most `bytes` (at least 1) at once, or sends in pieces of that. Every time, unless said
    /// otherwise.
    static fault shorten(network_call on, std::size_t bytes) noexcept;
    /// The call begins so much later, on the network's clock; a deadline or cancellation ends the wait, and then
    /// nothing was done. Every time, unless said otherwise.
    static fault delay(network_call on, std::chrono::nanoseconds time) noexcept;
    /// A datagram stays behind until that many others have left its socket; at the latest it leaves when that closes.
    static fault reorder(std::size_t behind = 1) noexcept;
    /// The call is done, but too late: its caller learns of `why` only. What came of it is kept, as a network has to:
    /// bytes and datagrams received and connections accepted are what the next such call gives, an opened socket is
    /// closed; a send says how many bytes went.
    static fault too_late(network_call on, std::error_code why = errc::timed_out) noexcept;
    /// The call succeeds, and whoever made it is asked to stop at that very moment: its next blocking call throws
    /// `cancelled`. For good, as with scope::cancel(): have it made by a fiber (or thread) of a scope.
    static fault cancel_when_done(network_call on) noexcept;

    /// The same, at the nth such call, from 1.
    [[nodiscard]] fault at(std::uint64_t nth) const noexcept;
    /// The same, that many times running (fault::always: from then on).
    [[nodiscard]] fault times(std::uint64_t how_often) const noexcept;
};

namespace detail {
class wrapping_network;
}

/// A wrapper around the network of the fiber or thread that makes it (this_network()): the loop's, or that of plain
/// threads. Sockets that are opened inside run() are the wrapper's, and so are the connections they accept. They may be
/// used outside later on: they move, as sockets move between loops; those of Cardea's own stack cannot move.
/// It must outlive the fibers and threads that were started inside run(); its sockets may live on. Calls of run() may
/// be made on the loop it was made on, or by any plain thread if it was made on one; add() and the numbers on any
/// thread.
class faulty_network {
  public:
    faulty_network();  ///< Without faults: everything passes. Throws std::bad_alloc.
    ~faulty_network();
    faulty_network(const faulty_network&) = delete;
    faulty_network& operator=(const faulty_network&) = delete;

    /// Adds a fault, and returns its number. Its calls are counted from now on. Several may befall one call.
    std::size_t add(const fault& one);
    /// Forgets every fault.
    void clear() noexcept;

    /// Calls `f`, here and now, on the wrapped network, and returns what it returns. Fibers and threads that `f` starts
    /// through a scope or spawn() are on it too. A loop that `f` makes (run(), the further loops of serve()) is not:
    /// make the wrapper inside of it.
    template <class F>
    decltype(auto) run(F&& f) {
        const inside here(*this);
        return std::forward<F>(f)();
    }

    [[nodiscard]] std::uint64_t calls(network_call of = network_call::any) const noexcept;  ///< So far.
    /// Calls that a fault has befallen.
    [[nodiscard]] std::uint64_t faults() const noexcept;
    /// Calls that the fault of this number has befallen.
    [[nodiscard]] std::uint64_t faults(std::size_t number) const noexcept;
    /// The last call that a fault has befallen; any: none.
    [[nodiscard]] network_call last() const noexcept;
    /// The last one that the fault of this number has befallen.
    [[nodiscard]] network_call last(std::size_t number) const noexcept;
    /// Its sockets that are open: those of programs, and connections that nobody has accepted yet after an accept that
    /// was too late.
    [[nodiscard]] std::size_t open_sockets() const noexcept;

  private:
    /// While it lives, the running fiber or thread is on the wrapped network.
    class inside {
      public:
        explicit inside(faulty_network& on) noexcept;
        ~inside();
        inside(const inside&) = delete;
        inside& operator=(const inside&) = delete;

      private:
        network* before_;
    };
    std::shared_ptr<detail::wrapping_network> core_;
};

/// What a sweep has found.
struct sweep_report {
    std::uint64_t rounds = 0;                    ///< how often the scenario was run
    bool complete = false;                       ///< the last round did not reach the fault any more, and went well
    std::uint64_t failed_at = 0;                 ///< the call at which the scenario broke, from 1; 0: at none
    network_call failed_in = network_call::any;  ///< which call that was; any: it broke without a fault
    std::string why;                             ///< what broke: "call 7 (send): 1 socket was left open"

    /// Every call had its fault, and nothing broke.
    explicit operator bool() const noexcept { return complete && failed_at == 0; }
};

/// Runs the scenario again and again, each time with a new faulty_network, and the fault at the first call it applies
/// to, at the second, and so on until it is not reached any more; at most `most` times. A round runs inside that
/// network's run(), on a fiber (or thread) of its own. It may return, or throw what was injected (the fault's error;
/// `cancelled` after a cancellation); anything else that it throws says that an invariant failed, and so does a socket
/// that it left open. The first failure ends the sweep. A deadline around it (cardea::error) or a cancellation ends the
/// round and is thrown.
sweep_report sweep(std::uint64_t most, const fault& what, const std::function<void(faulty_network&)>& scenario);

}  // namespace cardea
