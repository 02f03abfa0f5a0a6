// The call trace: an observer that sees each socket call as it begins and ends. Free when nobody observes.
#pragma once

#include <cardea/endpoint.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace cardea {

/// The calls a trace knows, by their textbook names.
enum class call_kind : std::uint8_t {
    socket,
    bind,
    listen,
    accept,
    connect,
    send,
    recv,
    send_to,
    recv_from,
    shutdown,
    close,
    peek,      ///< as recv, and the bytes stay
    put_back,  ///< bytes that will be received once more
};
/// How many kinds there are.
inline constexpr std::size_t call_kinds = static_cast<std::size_t>(call_kind::put_back) + 1;
std::string_view to_string(call_kind kind) noexcept;

/// One call of one socket. Pointers and views are valid during the callback only.
struct call_event {
    call_kind kind = call_kind::socket;  ///< which call
    std::uint64_t socket = 0;            ///< socket::id()
    std::uint64_t made = 0;              ///< accept, when it ended well: the new socket's id
    std::string_view who;                ///< the fiber's or thread's name
    endpoint local;                      ///< as far as known
    endpoint peer;              ///< connect's, send_to's and recv_from's argument or result; else the connection's
    std::size_t asked = 0;      ///< bytes offered or room given; listen: the backlog; shutdown: the direction
    std::size_t bytes = 0;      ///< ended: bytes moved
    std::int64_t begin_ns = 0;  ///< on the network's monotonic clock
    std::int64_t end_ns = 0;    ///< ended: likewise
    std::error_code result;     ///< ended
};

/// Sees calls. Called on the thread, and in the fiber, that makes the call: be quick, do not block, do not throw.
class call_observer {
  public:
    virtual ~call_observer() = default;
    virtual void call_begins(const call_event& call) noexcept = 0;  ///< Before the call does anything.
    virtual void call_ended(const call_event& call) noexcept = 0;  ///< When it returns, with the same `call` filled up.
};

/// Makes `observer` see every call of the process from now on (nullptr: nobody). Returns the one before. It must live
/// until another has taken its place and every call begun under it has ended.
call_observer* observe_calls(call_observer* observer) noexcept;

}  // namespace cardea
