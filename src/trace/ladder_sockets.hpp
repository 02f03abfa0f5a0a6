// Who is who in a record of calls: what each socket is, which side it is on, which two are the ends of one connection.
#pragma once

#include <cardea/ladder.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "trace/ladder_model.hpp"

namespace cardea::trace {

/// What the calls of one socket tell about it.
struct known_socket {
    side at = side::client;
    endpoint local;
    endpoint peer;              ///< of a connected socket
    std::uint64_t partner = 0;  ///< the other end of its connection, if that was recorded
    std::size_t number = 0;     ///< of its connection, from 1; 0: none
    bool listens = false;
    bool bound = false;
    bool accepted = false;
    bool asked = false;  ///< called connect, whatever came of it
    bool connected = false;
    bool datagram = false;
};

/// By socket number; an ordered map, so that everything derived from it is the same each time.
using known_sockets = std::map<std::uint64_t, known_socket>;

/// `records` in the order they began.
known_sockets identify(const std::vector<call_record>& records);

/// Both may be the same place: an unknown one may be anywhere, a wildcard is every address of its port.
bool may_be(const endpoint& a, const endpoint& b) noexcept;

}  // namespace cardea::trace
