// What connect and listen share: standard input to a socket and the socket to standard output, both at once.
// On a loop, what blocks on the standard streams is a thread beside it.
#pragma once

#include <cardea/stream.hpp>
#include <cardea/udp.hpp>
#include <chrono>
#include <optional>

#include "standard_streams.hpp"

namespace cardea_tool {

struct copy_options {
    /// Standard input is left alone and nothing is sent.
    bool receive_only = false;
    /// The longest silence of the peer; none: for ever.
    std::optional<std::chrono::nanoseconds> idle = {};
};

/// Copies both ways until the peer has closed. The end of the input half-closes. A peer that has closed is still sent
/// what lies ready in the input. Throws cardea::error, and std::system_error for standard input and output.
void copy_stream(cardea::stream& peer, input& in, const copy_options& options);

/// Whose datagrams are copied.
enum class correspondents {
    the_one_connected,  ///< the socket is connected
    the_first,          ///< whoever sends first
    everybody,          ///< the input goes to whoever sent last
};

/// Copies both ways, each read of the input a datagram. Datagrams have no end: it is over when the input has ended and
/// nothing has come for a second, or when nothing has come for `options.idle`.
void copy_datagrams(cardea::udp_socket& door, input& in, correspondents who, const copy_options& options);

}  // namespace cardea_tool
