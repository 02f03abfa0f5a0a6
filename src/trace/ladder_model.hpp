// What a ladder shows, apart from how it is drawn: two sides, moments in time, the calls of each side, and what crossed
// between them. Derived from call records; packets can be added as crossings with moments of their own. Plain data.
#pragma once

#include <array>
#include <cardea/ladder.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cardea::trace {

enum class side : std::uint8_t { client, server };

inline constexpr std::size_t never = static_cast<std::size_t>(-1);

/// A call as it stands in the gutter of its side. `begin` and `end` are indices of moments: equal if it returned at
/// once, `end` is `never` if it had not returned.
struct shown_call {
    side at = side::client;
    std::string text;    ///< "recv(64)"
    std::string result;  ///< "= 5"; empty: nothing to say but that it returned
    std::size_t begin = never;
    std::size_t end = never;
};

enum class crossing_kind : std::uint8_t { request, reply, data, datagram, end_of_stream, reset };

/// Something that went from one side to the other. Several crossings may share the moment they left, when one send fed
/// several receives, or the moment they arrived.
struct crossing {
    crossing_kind kind = crossing_kind::data;
    side from = side::client;
    std::string label;
    std::string brief;  ///< a shorter label, where there is little room
    std::size_t left = never;
    std::size_t arrived = never;  ///< `never`: nobody received it, as far as the records tell
    bool inferred = false;        ///< no call saw it: drawn because it must have been there
};

struct ladder_model {
    std::array<std::string, 2> names;   ///< of the client's and the server's side
    std::vector<std::int64_t> moments;  ///< nanoseconds since the first, not decreasing
    std::vector<shown_call> calls;      ///< in the order they began
    std::vector<crossing> crossings;
};

ladder_model make_ladder(const std::vector<call_record>& records);

}  // namespace cardea::trace
