// From stream to stream: one way, or both ways at once, which is a proxy.
#pragma once

#include <cardea/stream_ref.hpp>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace cardea {

/// Sends everything that `from` receives to `to` until the end of `from`, then half-closes `to`. Returns the bytes that
/// `to` has taken. Blocks; fails as recv and send_all do, naming the stream that failed; bytes received that `to` did
/// not take can still be received from `from`. Holds memory only while there is something to pass on. Streams of one's
/// own must not throw: see stream_ref.
std::uint64_t copy(stream_ref from, stream_ref to);
std::uint64_t copy(stream_ref from, stream_ref to, std::error_code& ec) noexcept;
/// The same: an exact match, where std::copy() would be one (found through std::error_code, it copies its arguments).
template <class S>
requires(detail::stream_like<S>) std::uint64_t copy(S& from, S& to, std::error_code& ec)
noexcept { return copy(stream_ref(from), stream_ref(to), ec); }

/// How one way of copy_both() went.
struct copied_way {
    std::uint64_t bytes = 0;  ///< taken by the receiving side's stream
    std::error_code ended;    ///< none: the sending side's end, passed on by a half-close; else what ended it
    bool sending = false;     ///< the failure is that of sending on, not of receiving
};
/// How both ways of copy_both() went.
struct copied_both_ways {
    copied_way forth;  ///< from the first stream to the second
    copied_way back;   ///< from the second to the first
};

/// copy() both ways at once, until both have ended: `copy_both(client, server)` is a proxy. An end of stream is passed
/// on as a half-close while the other way goes on. A stream that breaks while receiving ends both ways; one that no
/// longer takes what is sent ends that way alone, so that what it had to say still arrives (a server that answers early
/// and closes). A deadline or a cancellation around the call ends both; of a call_limit it is one call, which gets on
/// whenever bytes go either way: a proxy's time for silence. The other way runs on a fiber of its own (on
/// plain threads, a thread). Afterwards both streams are still open. Throws the failure that ended it, naming the
/// stream; the second overload also tells how each way went.
copied_both_ways copy_both(stream_ref a, stream_ref b);
copied_both_ways copy_both(stream_ref a, stream_ref b, std::error_code& ec) noexcept;

/// Moves what `from` has received, at least one byte and at most `at_most`, to `to`; returns how much, 0: the end. One
/// step of copy(), for who must count or stop in between (splice(2)). Blocks; fails as copy() does. Both streams must
/// be on one network.
std::size_t splice(stream& from, stream& to, std::size_t at_most);
std::size_t splice(stream& from, stream& to, std::size_t at_most, std::error_code& ec) noexcept;

}  // namespace cardea
